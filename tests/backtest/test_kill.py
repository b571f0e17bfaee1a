"""A backtest that is killed anywhere is finished by the same command, and no score is doubled."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
from tests.backtest.helpers import LOOP, SLOW, TALK, rubrics, run
from tests.backtest.test_once import history
from tests.scoring.rows import lake_of, scores_of

from evalctl.core.schema import RUNS

ROOT = Path(__file__).parents[2]
KILLS = 12
FAIL = "description: d\nfail_when: kind = 'tool'\n"


def killed_after(lines: int, *arguments: str) -> bool:
    """Run a backtest and kill it once it has said so many lines; whether it was still running."""
    command = [sys.executable, "-m", "tests.backtest.processes", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
    return process.returncode == -signal.SIGKILL


def key_rows(scores: pl.DataFrame) -> list[tuple[Any, ...]]:
    keys = ["target", "source", "trace_id", "span_id", "session_id", "rubric", "version", "digest"]
    return sorted(scores.select(*keys, "verdict").rows(), key=str)


def test_a_backtest_killed_twelve_times_scores_everything_once(tmp_path: Path) -> None:
    rows = history(120)
    lake = lake_of(tmp_path, rows)
    asked = rubrics(tmp_path / "r", slow=SLOW, loop=LOOP, talk=TALK, tool=FAIL)
    # 1: before the first group; 2, 3: after one or two more groups of this attempt were committed.
    killed = [killed_after(1 + n % 3, lake.uri, str(tmp_path / "r")) for n in range(KILLS)]
    finished = run(lake, asked)
    alone = lake_of(tmp_path / "alone", rows)
    run(alone, asked)
    assert sum(killed) >= 10
    assert finished.state in ("done", "nothing to do")
    assert key_rows(scores_of(lake)) == key_rows(scores_of(alone))
    assert lake.scan(RUNS).collect()["run"].n_unique() > 1
    assert run(lake, asked).state == "nothing to do"
