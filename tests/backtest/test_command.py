"""The command itself: exit codes, what goes to stdout and stderr, and tables that fit 80 columns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.backtest.helpers import LOOP, SLOW, rubrics
from tests.backtest.test_once import history
from tests.scoring.rows import lake_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    lake_of(tmp_path, history())
    rubrics(tmp_path / "rubrics", slow=SLOW, loop=LOOP)
    (tmp_path / "evalctl.toml").write_text('[lake]\nuri = "lake"\n', encoding="utf-8")
    return tmp_path


def evalctl(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evalctl", "backtest", *words]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"}
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, check=False, env=environment
    )


def test_the_table_is_data_and_the_rest_is_words_within_80_columns(project: Path) -> None:
    done = evalctl(project)
    assert done.returncode == 0
    assert done.stdout.split("\n")[0].split() == [
        "rubric",
        "severity",
        "targets",
        "pass",
        "fail",
        "unknown",
        "pass",
        "rate,",
        "95%",
        "sessions",
    ]
    assert "window: the beginning to the end UTC" in done.stderr
    assert "next:  evalctl show" in done.stderr
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 80


def test_a_second_run_says_that_there_is_nothing_to_do(project: Path) -> None:
    first, second = evalctl(project), evalctl(project)
    assert "nothing to do" not in first.stderr
    assert "nothing to do: 1 group scored before; nothing was written" in second.stderr
    assert second.stdout == first.stdout


def test_json_is_one_envelope(project: Path) -> None:
    told = json.loads(evalctl(project, "--format", "json").stdout)
    assert (told["evalctl"], told["command"], told["data"]["state"]) == (1, "backtest", "done")
    slow = next(line for line in told["data"]["rubrics"] if line["rubric"] == "slow")
    assert (slow["targets"], slow["pass"], slow["fail"], slow["unknown"]) == (12, 3, 3, 6)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--fail-on", "high"), 1),
        (("--fail-on", "critical"), 0),
        (("--fail-on", "hihg"), 2),
        (("--tool", "nothing"), 2),
        (("--where", "no_such > 1"), 2),
        (("--engine", "mainframe"), 2),
        (("-r", "no-such"), 2),
        (("--since", "2026-05-02", "--until", "2026-05-01"), 2),
    ],
)
def test_exit_codes(project: Path, words: tuple[str, ...], code: int) -> None:
    done = evalctl(project, *words)
    assert done.returncode == code
    assert (done.stderr.count("evalctl: ") == 1) == (code == 2)


def test_a_plan_says_what_would_be_done(project: Path) -> None:
    planned = evalctl(project, "--plan")
    assert planned.stdout == ""
    assert (
        "plan: 1 of 1 group to score, about 18 spans; 0 are finished; nothing was written"
        in planned.stderr
    )
    assert not (project / "lake" / "scores").exists()
