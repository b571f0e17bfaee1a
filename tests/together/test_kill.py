"""Two ingests and a backtest at once, killed again and again: every span and every score stands once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.ingest.otlp import keys, line, rows, span, traces

from evalctl.core.schema import SCORES, SPANS
from evalctl.lake.lake import Lake
from evalctl.scoring.read import score_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KILLS = 20
STEPS = {
    "a file of spans is staged": "spans/date=*/*.parquet",
    "spans are committed": "spans/_delta_log/*.json",
    "a file of scores is staged": "scores/date=*/*.parquet",
    "scores are committed": "scores/_delta_log/*.json",
    "a part of a run is noted": "runs/_delta_log/*.json",
    "chunks are noted": "sources/_delta_log/*.json",
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a command on the lake; what still runs at the end of a test is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "evalctl", *words],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()


def test_ingests_and_a_backtest_killed_20_times_leave_everything_there_once(
    tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    lake = tmp_path / "lake"
    tasks = [("ingest", "one"), ("ingest", "two"), ("backtest",)]
    kills = 0
    for part, step in enumerate(cycle(STEPS)):
        if kills >= KILLS:
            break
        add_files(tmp_path, part)
        before = seen(lake, step)
        running = [start(*task, "--lake", "lake") for task in tasks]
        until(lambda: seen(lake, step) > before or ended(running))  # noqa: B023  (called at once)
        kills += sum(kill(process) for process in running)

    again = [start(*task, "--lake", "lake").wait(120) for task in tasks]
    calm = [start(*task, "--lake", "calm").wait(120) for task in tasks]

    assert (again, calm) == ([0, 0, 0], [0, 0, 0])
    assert rows(lake).equals(rows(tmp_path / "calm"))
    assert len(keys(lake)) == len(set(keys(lake))) > 500
    assert newest_scores(lake) == newest_scores(tmp_path / "calm")
    assert doubled(lake) == []
    assert Lake.open(str(lake)).version(SPANS) > 0


def add_files(root: Path, part: int) -> None:
    """Give each folder one more file; half of the traces stand in both, and old traces grow."""
    for number, folder in enumerate((root / "one", root / "two")):
        folder.mkdir(exist_ok=True)
        first = part * 30 + number * 10
        late = line(span(first - 30, first * 100 + 77)) if part else b""
        (folder / f"{part}.jsonl").write_bytes(traces(range(first, first + 20), days=2) + late)


def newest_scores(lake: Path) -> list[tuple[Any, ...]]:
    columns = ["target", "trace_id", "span_id", "rubric", "version", "verdict", "explanation"]
    return sorted(score_rows(Lake.open(str(lake))).select(columns).collect().rows(), key=str)


def doubled(lake: Path) -> list[tuple[Any, ...]]:
    """Return the keys that the ledger holds more than once."""
    ledger = Lake.open(str(lake)).scan(SCORES).explode("answers").unnest("answers")
    key = [
        "target",
        "source",
        "trace_id",
        "span_id",
        "session_id",
        "rubric",
        "version",
        "judge",
        "digest",
    ]
    return ledger.group_by(key).len().filter(pl.col("len") > 1).collect().rows()


def seen(lake: Path, step: str) -> int:
    return sum(1 for _ in lake.glob(STEPS[step]))


def ended(running: list[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is not None for process in running)


def kill(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def until(is_so: Callable[[], bool]) -> None:
    """Look until it is so, for a minute at most."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "did not happen within a minute"
        os.sched_yield()
