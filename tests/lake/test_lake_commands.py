from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.lake.frames import span, spans

from evalctl.core.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

    from evalctl.lake.lake import Lake

    Add = Callable[[pl.DataFrame], None]


def evalctl(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evalctl", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_info_optimize_and_vacuum_on_a_lake_with_small_files(lake: Lake, add: Add) -> None:
    for number in range(6):
        add(spans(span(str(number))))

    info = evalctl("lake", "info", "--lake", lake.uri, "--format", "json")
    optimize = evalctl("lake", "optimize", "--lake", lake.uri, "--format", "jsonl")
    again = evalctl("lake", "optimize", "--lake", lake.uri)
    vacuum = evalctl("lake", "vacuum", "--lake", lake.uri, "--older-than", "0")

    tables = {row["table"]: row for row in json.loads(info.stdout)["data"]}
    assert list(tables) == [table.name for table in TABLES]
    assert {k: tables["spans"][k] for k in ("rows", "files", "version", "since", "until")} == {
        "rows": 6,
        "files": 6,
        "version": 6,
        "since": "2026-03-01",
        "until": "2026-03-01",
    }
    assert (tables["runs"]["rows"], tables["runs"]["version"]) == (0, None)
    done = json.loads(optimize.stdout)
    assert (done["table"], done["files_before"], done["files_after"], done["folded"]) == (
        "spans",
        6,
        1,
        0,
    )
    assert again.stderr.startswith("nothing to do")
    assert "deleted 6 files older than 0 h" in vacuum.stderr
    assert [run.returncode for run in (info, optimize, again, vacuum)] == [0, 0, 0, 0]


@pytest.mark.parametrize("command", ["info", "optimize", "vacuum"])
def test_a_lake_command_without_a_lake_says_what_to_do(tmp_path: Path, command: str) -> None:
    run = evalctl("lake", command, "--lake", str(tmp_path / "none"))

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(
        f"evalctl: no lake at {tmp_path}/none: make one with evalctl ingest"
    )


@pytest.mark.parametrize("words", [(), ("info",), ("optimize",), ("vacuum",)])
def test_every_help_ends_with_a_runnable_example(words: tuple[str, ...]) -> None:
    run = evalctl("lake", *words, "--help")

    assert run.returncode == 0
    assert run.stdout.rstrip().splitlines()[-1].startswith("  Example:  evalctl lake ")
    assert max(map(len, run.stdout.splitlines())) <= 80
