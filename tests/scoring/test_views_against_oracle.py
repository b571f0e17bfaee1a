"""Views of random traces equal what plain loops compute: any tree, orphan, circle, tie or null."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scoring import oracle
from tests.scoring.rows import at, frame, span

from evalctl.core.views import view_schema
from evalctl.scoring.views import session_view, span_view, trace_view

SPAN_COLUMNS = list(
    oracle.span_rows([span("t", "a", session_id=None, tool=None, tool_args=None)])[0]
)
KINDS = ["llm", "tool", "agent", "evaluator", "embedding", "retriever"]


@st.composite
def traces(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw spans of a few traces whose parents are any span, none, or one that is not there."""
    rows: list[dict[str, Any]] = []
    for trace in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1, 7))
        for i in range(count):
            parent = draw(st.sampled_from([None, *range(count), "gone"]))
            rows.append(_drawn(draw, f"t{trace}", i, parent))
    return draw(st.permutations(rows))


def _drawn(draw: st.DrawFn, trace: str, i: int, parent: Any) -> dict[str, Any]:
    seconds = draw(st.sampled_from([0.0, 1.0, 2.0, 90_000.0, None]))
    tokens = st.none() | st.integers(0, 9)
    return span(
        trace,
        f"s{i}",
        None if parent is None else f"s{parent}",
        kind=draw(st.sampled_from(KINDS)),
        start_time=None if seconds is None else at(seconds),
        end_time=draw(st.sampled_from([None, at(100_000)])),
        status=draw(st.sampled_from(["ok", "error", "unset"])),
        session_id=draw(st.sampled_from([None, "x", "y"])),
        tool=draw(st.sampled_from([None, "search", "refund"])),
        tool_args=draw(
            st.sampled_from([None, '{"a":1,"b":2}', '{"b": 2.0, "a": 1}', "{}", "no json"])
        ),
        prompt_tokens=draw(tokens),
        completion_tokens=draw(tokens),
        cost_usd=draw(st.sampled_from([None, 0.5])),
        finish_reason=draw(st.sampled_from([None, "stop"])),
        output=draw(st.sampled_from([None, "", "text"])),
    )


@settings(max_examples=150, deadline=None)
@given(traces())
def test_spans_know_their_place_in_the_trace(rows: list[dict[str, Any]]) -> None:
    seen = span_view(frame(rows).lazy(), SPAN_COLUMNS).collect()
    assert seen.to_dicts() == oracle.span_rows(rows)


@settings(max_examples=150, deadline=None)
@given(traces())
def test_traces_sum_up_their_spans(rows: list[dict[str, Any]]) -> None:
    expected = oracle.trace_rows(rows)
    seen = trace_view(frame(rows).lazy(), list(expected[0])).collect()
    assert seen.to_dicts() == expected


@settings(max_examples=40, deadline=None)
@given(traces(), st.integers(1, 63))
def test_views_of_bucket_ranges_make_up_the_view_of_all(
    rows: list[dict[str, Any]], edge: int
) -> None:
    whole = frame(rows)
    low, high = whole.filter(pl.col("bucket") < edge), whole.filter(pl.col("bucket") >= edge)
    parts = [part for part in (low, high) if part.height]

    def same(view: Any, columns: list[str], *keys: str) -> bool:
        pieces = pl.concat([view(part.lazy(), columns).collect() for part in parts])
        return pieces.sort(keys).equals(view(whole.lazy(), columns).collect().sort(keys))

    assert same(span_view, list(view_schema("span")), "trace_id", "span_id")
    assert same(trace_view, list(view_schema("trace")), "trace_id")


@settings(max_examples=40, deadline=None)
@given(traces())
def test_sessions_sum_up_their_traces(rows: list[dict[str, Any]]) -> None:
    columns = ["session_id", "traces", "errors", "prompt_tokens", "start_time", "digest"]
    seen = trace_view(frame(rows).lazy(), [*view_schema("trace"), "digest"])
    expected: dict[str, dict[str, Any]] = {}
    for row in oracle.trace_rows(rows):
        if row["session_id"] is None:
            continue
        said = expected.setdefault(
            row["session_id"],
            {
                "session_id": row["session_id"],
                "traces": 0,
                "errors": 0,
                "prompt_tokens": None,
                "start_time": None,
                "digest": 0,
            },
        )
        said["traces"] += 1
        said["errors"] += row["errors"]
        said["digest"] += row["digest"]
        said["prompt_tokens"] = oracle.total([said["prompt_tokens"], row["prompt_tokens"]])
        starts = [start for start in (said["start_time"], row["start_time"]) if start]
        said["start_time"] = min(starts, default=None)
    found = session_view(seen, columns).collect()
    assert found.to_dicts() == [expected[name] for name in sorted(expected)]
