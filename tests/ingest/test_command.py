"""What the command prints: a table on stdout, words on stderr, and one JSON envelope."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.ingest.otlp import START, line, span, traces

from evalctl.cli.progress import amount, duration
from evalctl.cli.progress import line as bar_line

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_summary_tells_what_each_file_holds(evalctl: Run, tmp_path: Path) -> None:
    orphan = span(9, 1, parent=77, attributes={"openinference.span.kind": "CHAIN"})
    (tmp_path / "a.jsonl").write_bytes(
        traces(range(2), spans=3)
        + line(orphan)
        + b"{broken\n\n"
        + line(span(9, 2, start=START + timedelta(days=1)))
    )
    (tmp_path / "b.jsonl").write_bytes(traces(range(1), spans=3))

    done = evalctl("ingest", "a.jsonl", "b.jsonl")

    assert done.stdout.splitlines() == [
        "file     spans  traces  content  orphans  again  rejects  read as",
        "a.jsonl      8       3  75%            1      0        1  openinference",
        "b.jsonl      3       1  100%           0      3        0  openinference",
    ]
    assert "added 8 spans of 3 traces; 3 were there already" in done.stderr
    assert "kinds: tool 10, chain 1" in done.stderr
    assert "starts: 2026-03-01 12:00:00 to 2026-03-02 12:00:00 UTC" in done.stderr
    assert "rejected 1: " in done.stderr
    assert done.stderr.endswith("next: evalctl backtest --since 2026-03-01\n")


def test_a_second_run_says_that_nothing_is_new(evalctl: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(2)))
    evalctl("ingest", "a.jsonl")

    done = evalctl("ingest", "a.jsonl")

    assert done.returncode == 0
    assert "nothing new: all 8 spans are in the lake already" in done.stderr


def test_json_is_one_envelope_with_every_file(evalctl: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(2)))
    (tmp_path / "b.txt").write_bytes(b"hello\n")

    done = evalctl("ingest", ".", "--format", "json")

    said = json.loads(done.stdout)
    assert (said["evalctl"], said["command"]) == (1, "ingest")
    assert (said["data"]["added"], said["data"]["traces"]) == (8, 2)
    skipped = {file["path"]: file["skipped"] for file in said["data"]["files"]}
    assert skipped == {"a.jsonl": None, "b.txt": "not a trace export"}
    assert done.stderr == ""


def test_a_dry_run_says_what_it_would_add_and_makes_no_lake(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(2)))

    done = evalctl("ingest", "a.jsonl", "--dry-run")

    assert "would add 8 spans of 2 traces" in done.stderr
    assert done.stderr.endswith("next: evalctl ingest a.jsonl\n")
    assert not lake.exists()


def test_the_project_of_the_flag_wins_over_the_clients(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    from tests.ingest.otlp import rows

    (tmp_path / "a.jsonl").write_bytes(traces(range(1)))

    evalctl("ingest", "a.jsonl", "--project", "mine")

    assert rows(lake)["project"].unique().to_list() == ["mine"]


def test_the_screen_fits_80_columns(evalctl: Run, tmp_path: Path) -> None:
    deep = tmp_path / ("long-folder-name-" * 3) / "another"
    deep.mkdir(parents=True)
    for name in ("a", "b"):
        (deep / f"{name * 60}.jsonl").write_bytes(traces(range(2)))
    (tmp_path / ("n" * 100)).write_bytes(b"hello")

    done = evalctl("ingest", ".")

    assert max(len(text) for text in (done.stdout + done.stderr).splitlines()) <= 80


def test_help_ends_with_a_command_that_runs(evalctl: Run, tmp_path: Path) -> None:
    done = evalctl("ingest", "--help")

    assert done.stdout.rstrip().splitlines()[-1].split() == [
        "Example:",
        "evalctl",
        "ingest",
        "exports/",
        "--dry-run",
    ]


def test_the_progress_line_has_rate_and_time_left() -> None:
    assert bar_line("reading", "B", 500_000_000, 2_000_000_000, 5.0) == (
        "reading [######------------------]  25%  100 MB/s  15 s left"
    )
    assert bar_line("reading", "B", 500_000_000, 0, 5.0) == "reading  500 MB  100 MB/s"


def test_amounts_and_durations_are_short() -> None:
    assert [amount(n, "B") for n in (0, 999, 1500, 2_340_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.34 MB",
    ]
    assert [amount(n, "spans") for n in (12, 255_000)] == ["12 spans", "255k spans"]
    assert [duration(s) for s in (3, 120, 7260)] == ["3 s", "2 min", "2 h 1 min"]
