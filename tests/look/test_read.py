"""Views and scores as they are read: what a lazy source prunes must not change what comes out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.look.lakes import Rows, answer, at, make_lake, manifest, score, span

from evalctl.core.errors import UserError
from evalctl.core.selection import Selection
from evalctl.core.views import view_schema
from evalctl.scoring.read import KEYS, known_rubrics, read_view, score_rows, scores_about

if TYPE_CHECKING:
    from pathlib import Path

    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake

TARGETS: tuple[Target, ...] = ("span", "trace", "session")


def conversation(number: int) -> list[dict[str, Any]]:
    """Return a trace of a session: an agent with a model and a tool, some over midnight, some untimed."""
    start = at(number * 5_000)
    trace, session = f"t{number:02}", f"s{number % 4}"
    tool = "refund" if number % 3 else "search"
    return [
        span(trace, f"{trace}-a", kind="agent", session_id=session, start_time=start,
             end_time=start + timedelta(hours=1), input=f"ask {number}", output="done"),
        span(trace, f"{trace}-b", f"{trace}-a", kind="llm", model="gpt-4o", prompt_tokens=number,
             start_time=start + timedelta(seconds=1)),
        span(trace, f"{trace}-c", f"{trace}-a", kind="tool", tool=tool, tool_args="{}",
             start_time=start + timedelta(minutes=30)),
        span(trace, f"{trace}-d", f"{trace}-c", kind="chain", start_time=None),
    ]  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    spans = [row for number in range(24) for row in conversation(number)]
    scores = [
        score("span", [answer("tool-error", "fail" if n % 2 else "pass"), answer("cheap", "pass")],
              trace_id=f"t{n:02}", span_id=f"t{n:02}-c")
        for n in range(24)
    ]  # fmt: skip
    scores += [
        score("trace", [answer("slow", "fail", value=0.5)], trace_id=f"t{n:02}") for n in range(6)
    ]
    scores += [score("session", [answer("calm", "pass")], session_id="s1")]
    asked = [("tool-error", "span"), ("cheap", "span"), ("slow", "trace"), ("calm", "session")]
    return make_lake(
        tmp_path / "lake", Rows(spans=spans, scores=scores, runs=[manifest("run-1", asked)])
    )


def everything(lake: Lake, target: Target) -> pl.DataFrame:
    return read_view(lake, target).collect().sort(KEYS[target])


@pytest.mark.parametrize("target", TARGETS)
def test_a_view_without_scores_has_its_declared_columns(lake: Lake, target: Target) -> None:
    view = read_view(lake, target, with_scores=False)

    assert dict(view.collect_schema()) == view_schema(target)
    assert dict(view.collect().schema) == view_schema(target)


@pytest.mark.parametrize(
    ("target", "condition"),
    [
        ("span", pl.col("trace_id") == "t03"),
        ("span", pl.col("date") == at(23 * 5_000).date()),
        ("span", (pl.col("kind") == "tool") & (pl.col("depth") == 1)),
        ("span", pl.col("session_id") == "s2"),
        ("span", pl.col("session_id").is_null() | (pl.col("repeat") > 0)),
        ("span", pl.col("start_time").is_null()),
        ("span", pl.col("trace_id").is_in(["t01", "t02"]) & (pl.col("tool") == "refund")),
        ("trace", pl.col("trace_id") == "t03"),
        ("trace", pl.col("date") == at(23 * 5_000).date()),
        ("trace", pl.col("session_id") == "s2"),
        ("trace", (pl.col("tool_path") == "refund") & (pl.col("u") < 0.5)),
        ("session", pl.col("session_id") == "s2"),
        ("session", pl.col("traces") > 5),
    ],
    ids=str,
)
def test_a_condition_on_a_view_keeps_the_rows_of_the_whole_view(
    lake: Lake, target: Target, condition: pl.Expr
) -> None:
    found = read_view(lake, target).filter(condition).collect().sort(KEYS[target])

    assert_frame_equal(found, everything(lake, target).filter(condition))


@pytest.mark.parametrize("target", TARGETS)
def test_few_columns_of_a_view_are_those_of_the_whole_view(lake: Lake, target: Target) -> None:
    whole = everything(lake, target)

    for column in view_schema(target):
        found = read_view(lake, target).select(*dict.fromkeys([*KEYS[target], column])).collect()
        assert_frame_equal(found.sort(KEYS[target]), whole.select(found.columns))


@pytest.mark.parametrize(
    ("selection", "spans", "traces", "sessions"),
    [
        (Selection(tools=("search",)), 8, 8, 4),
        (Selection(tools=("ref*",), kinds=("tool",)), 16, 16, 4),
        (Selection(traces=("t01", "t02")), 8, 2, 2),
        (Selection(sessions=("s3",)), 24, 6, 1),
        (Selection(since=at(0), until=at(5_000)), 3, 1, 1),
        (Selection(models=("gpt-4o",), where="prompt_tokens >= 20"), 4, 4, None),
    ],
    ids=repr,
)
def test_a_selection_narrows_every_view(
    lake: Lake, selection: Selection, spans: int, traces: int, sessions: int | None
) -> None:
    counts = [
        read_view(lake, t, selection).collect().height for t in TARGETS[: 3 if sessions else 2]
    ]

    assert counts == [spans, traces, sessions][: len(counts)]


def test_a_limit_keeps_the_first_in_sampling_order(lake: Lake) -> None:
    whole = everything(lake, "trace").sort("u", "source", "trace_id")

    found = read_view(lake, "trace", Selection(limit=5)).collect().sort("u")

    assert_frame_equal(found, whole.head(5))


def test_a_sample_is_nested_in_a_larger_one(lake: Lake) -> None:
    tenth, half = (
        set(read_view(lake, "trace", Selection(sample=share)).collect()["trace_id"])
        for share in (0.1, 0.5)
    )

    assert tenth < half


def test_where_may_read_scores(lake: Lake) -> None:
    selection = Selection(where="\"eval.tool-error.verdict\" = 'fail' AND trace_id < 't04'")

    found = read_view(lake, "span", selection, ["span_id", "depth"]).collect().sort("span_id")

    assert found.rows() == [("t01-c", 1), ("t03-c", 1)]


def test_scores_stand_on_what_they_are_about(lake: Lake) -> None:
    columns = ["span_id", "eval.tool-error.verdict", "eval.slow.value", "eval.calm.verdict"]

    found = read_view(lake, "span", Selection(traces=("t01",)), columns).collect().sort("span_id")

    assert found.rows() == [
        ("t01-a", None, 0.5, "pass"),
        ("t01-b", None, None, None),
        ("t01-c", "fail", None, None),
        ("t01-d", None, None, None),
    ]


def test_a_rubric_that_was_never_asked_is_a_column_of_nulls(lake: Lake) -> None:
    found = read_view(lake, "trace", Selection(traces=("t01",)), ["eval.no-such.verdict"]).collect()

    assert found.rows() == [(None,)]


def test_an_unknown_column_names_the_nearest(lake: Lake) -> None:
    with pytest.raises(
        UserError, match=r"no column 'spanid' on spans \(did you mean 'span_id'\?\)"
    ):
        read_view(lake, "span", columns=["spanid"])


def test_the_ledger_knows_its_rubrics_by_target(lake: Lake) -> None:
    assert known_rubrics(lake) == {
        "span": ("cheap", "tool-error"), "trace": ("slow",), "session": ("calm",),
    }  # fmt: skip


def test_a_second_run_of_a_rubric_replaces_only_what_it_answered(tmp_path: Path) -> None:
    spans = [span("t1", "a"), span("t1", "b")]
    first = [score("span", [answer("r", "fail")], trace_id="t1", span_id=s) for s in "ab"]
    again = score(
        "span", [answer("r", "pass")], trace_id="t1", span_id="b", run="run-2", scored_at=at(9e4)
    )
    runs = [manifest("run-1", [("r", "span")]), manifest("run-2", [("r", "span")])]
    lake = make_lake(tmp_path / "lake", Rows(spans=spans, scores=[*first, again], runs=runs))

    rows = score_rows(lake).select("span_id", "verdict", "run").sort("span_id").collect()
    column = (
        read_view(lake, "span", columns=["span_id", "eval.r.verdict"]).collect().sort("span_id")
    )

    assert rows.rows() == [("a", "fail", "run-1"), ("b", "pass", "run-2")]
    assert column.rows() == [("a", "fail"), ("b", "pass")]


def test_an_old_version_stays_a_row_and_leaves_the_column(tmp_path: Path) -> None:
    old = score("span", [answer("r", "fail", version="old")], trace_id="t1", span_id="a")
    new = score(
        "span",
        [answer("r", "pass", version="new")],
        trace_id="t1",
        span_id="a",
        run="run-2",
        scored_at=at(9e4),
    )
    lake = make_lake(tmp_path / "lake", Rows(spans=[span("t1", "a")], scores=[new, old]))

    rows = score_rows(lake).select("version", "verdict").sort("version").collect()
    column = read_view(lake, "span", columns=["eval.r.verdict", "eval.r.version"]).collect()

    assert rows.rows() == [("new", "pass"), ("old", "fail")]
    assert column.rows() == [("pass", "new")]


def test_two_people_on_one_trace_are_two_rows_and_one_column(tmp_path: Path) -> None:
    labels = [
        score("trace", [answer("helpful", verdict, version="", annotator="human")], trace_id="t1",
              run="batch", digest=number, scored_at=at(number))
        for number, verdict in enumerate(("pass", "fail"))
    ]  # fmt: skip
    lake = make_lake(tmp_path / "lake", Rows(spans=[span("t1", "a")], scores=labels))

    rows = score_rows(lake).select("verdict").sort("verdict").collect()
    column = read_view(lake, "trace", columns=["trace_id", "eval.helpful.verdict"]).collect()

    assert rows.rows() == [("fail",), ("pass",)]
    assert column.rows() == [("t1", "fail")]


def test_scores_about_one_trace_are_those_of_the_whole_ledger(lake: Lake) -> None:
    whole = score_rows(lake).filter(pl.col("trace_id") == "t03").collect()
    bucket = int(read_view(lake, "trace", Selection(traces=("t03",)), ["bucket"]).collect().item())

    found = scores_about(lake, pl.col("trace_id") == "t03", [bucket])

    assert_frame_equal(found.drop("digest").sort("rubric"), whole.sort("rubric"))


def test_an_empty_lake_has_empty_views(tmp_path: Path) -> None:
    lake = make_lake(tmp_path / "lake", Rows())

    assert [read_view(lake, target).collect().shape for target in TARGETS] == [
        (0, len(view_schema(target))) for target in TARGETS
    ]
    assert score_rows(lake).collect().is_empty()
