"""evalctl runs: the list, one run, and the command that repeats it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.look.lakes import Rows, make_lake, manifest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.look.conftest import Run


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    selection = {
        "tools": ["issue refund"],
        "kinds": [],
        "where": "depth > 1",
        "sample": 0.1,
        "limit": None,
    }
    asked = [("tool-error", "span"), ("slow", "trace")]
    runs = [
        manifest("20260501T100000-aaa", [("slow", "trace")]),
        manifest("20260502T100000-bbb", [("slow", "trace")], state="running"),
        manifest(
            "20260502T100000-bbb", asked, part=1, selection=json.dumps(selection),
            since=datetime(2026, 4, 1, tzinfo=UTC), until=datetime(2026, 5, 1, 12, tzinfo=UTC),
        ),
    ]  # fmt: skip
    make_lake(tmp_path / "lake", Rows(runs=runs))
    return tmp_path / "lake"


COMMAND = (
    "evalctl backtest --since 2026-04-01 --until 2026-05-01T12:00:00+00:00 --tool 'issue refund'"
    " --where 'depth > 1' --sample 0.1 --rubric slow --rubric tool-error"
)


def test_runs_are_listed_newest_first_with_the_counts_of_their_newest_part(
    evalctl: Run, shop: Path
) -> None:
    rows = json.loads(evalctl("runs", "--format", "json", "--lake", str(shop)).out)["data"]

    assert [(r["run"], r["state"], r["rubrics"], r["targets"], r["fail"]) for r in rows] == [
        ("20260502T100000-bbb", "done", 2, 4, 2),
        ("20260501T100000-aaa", "done", 1, 2, 1),
    ]


def test_the_table_ends_with_the_next_command(evalctl: Run, shop: Path) -> None:
    done = evalctl("runs", "--limit", "1", "--lake", str(shop))

    assert len(done.out.splitlines()) == 2
    assert done.err == (
        "showing 1 of 2 runs; --limit 2 shows all\nnext:  evalctl runs 20260502T100000-bbb\n"
    )


def test_one_run_says_how_to_repeat_it(evalctl: Run, shop: Path) -> None:
    shown = evalctl("runs", "20260502", "--lake", str(shop))
    data = json.loads(evalctl("runs", "20260502", "--format", "json", "--lake", str(shop)).out)[
        "data"
    ]

    assert shown.err == f"repeat it:  {COMMAND}\n"
    assert "tool-error  span" in shown.out
    assert data["command"] == COMMAND
    assert data["selection"]["tools"] == ["issue refund"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "2026",
            "2026 begins 2 runs: 20260502T100000-bbb 20260501T100000-aaa; give more of the id",
        ),
        ("20260502T100000-bbc", "no run 20260502T100000-bbc (did you mean '20260502T100000-bbb'?)"),
    ],
)
def test_a_run_that_is_not_there_is_one_sentence(
    evalctl: Run, shop: Path, word: str, said: str
) -> None:
    done = evalctl("runs", word, "--lake", str(shop))

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_lake_without_runs_says_what_to_do(evalctl: Run, tmp_path: Path) -> None:
    make_lake(tmp_path / "lake", Rows())

    done = evalctl("runs", "--lake", str(tmp_path / "lake"))

    assert (done.code, done.out.strip()) == (0, "")
    assert done.err == "no run yet\nnext:  evalctl backtest\n"
