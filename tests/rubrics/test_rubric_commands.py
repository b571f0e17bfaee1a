"""evalctl rubrics, as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from evalctl.core.starter import starter_rubrics


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalctl", "rubrics", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
    )


def test_without_a_rubrics_folder_the_starters_are_listed_and_tested(tmp_path: Path) -> None:
    listed = run(tmp_path, "list", "--format", "json")
    tested = run(tmp_path, "test")

    names = [row["rubric"] for row in json.loads(listed.stdout)["data"]]
    assert names == sorted(file.stem for file in starter_rubrics().glob("*.yaml"))
    assert (tested.returncode, "came out right" in tested.stderr) == (0, True)


@pytest.mark.parametrize("target", ["span", "trace", "session"])
def test_a_new_rubric_can_be_listed_shown_and_passes_its_examples(
    tmp_path: Path, target: str
) -> None:
    made = run(tmp_path, "new", "refund-limit", "--target", target)

    assert made.returncode == 0
    assert run(tmp_path, "test", "refund-limit").returncode == 0
    shown = json.loads(run(tmp_path, "show", "refund-limit", "--format", "json").stdout)["data"]
    assert (shown["rubric"], shown["target"]) == ("refund-limit", target)


def test_an_existing_rubric_is_never_overwritten(tmp_path: Path) -> None:
    run(tmp_path, "new", "mine")
    (tmp_path / "rubrics" / "mine.yaml").write_text("description: kept\n")

    again = run(tmp_path, "new", "mine")

    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert (tmp_path / "rubrics" / "mine.yaml").read_text() == "description: kept\n"


def test_an_example_that_comes_out_differently_is_named_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "slow.yaml").write_text(
        "description: x\nfail_when: {slow: duration_ms > 10}\n"
        "examples:\n  pass: [{duration_ms: 1}, {duration_ms: 20}]\n  fail: [{duration_ms: 30}]\n"
    )

    done = run(tmp_path, "test", "--format", "json")

    assert done.returncode == 1
    assert "slow.yaml: example 2 under pass came out as fail (slow)" in done.stderr
    assert json.loads(done.stdout)["data"] == [
        {"rubric": "slow", "examples": 3, "right": 2, "wrong": 1}
    ]


def test_a_wrong_rubric_is_one_sentence_with_its_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "slow.yaml").write_text("description: x\nfail_when: duration > 10\n")

    done = run(tmp_path, "list")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert (
        "slow.yaml:2:12: fail_when: no column 'duration' (did you mean 'duration_ms'?)"
        in done.stderr
    )


def test_a_function_that_crashes_is_named_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "mine.py").write_text("def f(rows):\n    return {}['secret text']\n")
    (tmp_path / "rubrics" / "own.yaml").write_text(
        "description: x\ncheck: {python: {function: 'mine:f', columns: [output]}}\nexamples:\n  pass: [{output: x}]\n"
    )

    done = run(tmp_path, "test")

    assert done.returncode == 1
    assert "own.yaml: its function stopped with KeyError" in done.stderr
    assert "secret text" not in done.stderr


def test_the_schema_accepts_the_starters_and_refuses_two_questions(tmp_path: Path) -> None:
    validator = jsonschema_rs.validator_for(json.loads(run(tmp_path, "schema").stdout))
    starters = [
        yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in starter_rubrics().glob("*.yaml")
    ]

    assert [validator.is_valid(rubric) for rubric in starters] == [True] * len(starters)
    assert not validator.is_valid({"description": "x"})
    assert not validator.is_valid({"description": "x", "fail_when": "is_root", "check": "pii"})
    assert not validator.is_valid({"description": "x", "fail_when": "is_root", "severty": "low"})
