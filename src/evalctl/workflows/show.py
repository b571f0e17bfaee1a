"""evalctl show: one trace, its spans as a tree, and what the rubrics say about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.schema import SPANS
from evalctl.scoring.read_scores import SESSIONS, scores_about
from evalctl.workflows.show_find import bucket_of, find_span, in_trace, read_trace
from evalctl.workflows.show_tree import Line, tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.lake.lake import Lake

_WITHOUT_CONTENT = (
    *("source", "trace_id", "span_id", "parent_span_id", "session_id", "user_id", "service"),
    *(
        "service_version",
        "name",
        "kind",
        "start_time",
        "end_time",
        "duration_ms",
        "is_root",
        "date",
    ),
    *("bucket", "u", "status", "status_message", "error_type", "finish_reason", "model"),
    *(
        "prompt_tokens",
        "completion_tokens",
        "cost_usd",
        "tool",
        "agent",
        "content_captured",
        "project",
    ),
)
_CONTENT = ("input", "output", "tool_args", "tool_result")
_HEADER = (
    *(
        "source",
        "trace_id",
        "session_id",
        "user_id",
        "service",
        "service_version",
        "agent",
        "models",
    ),
    *("start_time", "end_time", "duration_ms", "spans", "llm_calls", "tool_calls", "errors"),
    *("prompt_tokens", "completion_tokens", "cost_usd", "complete"),
)
_WORST_FIRST = {"fail": 0, "unknown": 2, "pass": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One trace as it is shown.

    ``header`` has the trace view's columns about the whole; ``lines`` are the spans in the order of
    the drawing; ``scores`` are those about the trace and its session, ``span_scores`` those about a
    span by (source, span_id); fails stand first.
    """

    header: Mapping[str, Any]
    lines: Sequence[Line]
    scores: Sequence[Mapping[str, Any]]
    span_scores: Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]


def show_trace(lake: Lake, word: str, *, with_content: bool = False) -> Shown:
    """Read the trace whose id is ``word`` or begins with it.

    Raises:
        UserError: no trace or several have such an id.
    """
    columns = (*_WITHOUT_CONTENT, *(_CONTENT if with_content else ()))
    spans = read_trace(lake, word, columns)
    header = _header(spans)
    scores = _scores(lake, header)
    about_spans: defaultdict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for score in scores:
        if score["target"] == "span":
            about_spans[score["source"], score["span_id"]].append(score)
    return Shown(
        header=header,
        lines=tree(spans.to_dicts()),
        scores=[score for score in scores if score["target"] != "span"],
        span_scores=dict(about_spans),
    )


def show_span(lake: Lake, word: str, span: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return every recorded column of one span, and its scores; ``span`` may be the beginning of its id.

    Raises:
        UserError: the trace or the span is not there, or ``span`` begins several ids.
    """
    spans = read_trace(lake, word, list(SPANS.schema))
    row = spans.filter(pl.col("span_id") == find_span(spans, span)).to_dicts()[0]
    about = in_trace(lake, row["trace_id"]) & (pl.col("span_id") == row["span_id"])
    return row, _sorted(scores_about(lake, about, [bucket_of(lake, row["trace_id"])]))


def _header(spans: pl.DataFrame) -> dict[str, Any]:
    from evalctl.scoring.views.traces import trace_view

    whole = trace_view(spans.lazy(), _HEADER).collect()
    return whole.sort("source").to_dicts()[0]


def _scores(lake: Lake, header: Mapping[str, Any]) -> list[dict[str, Any]]:
    about = in_trace(lake, header["trace_id"])
    buckets = [bucket_of(lake, header["trace_id"])]
    session = header["session_id"]
    if session is not None:
        about |= (pl.col("target") == "session") & (pl.col("session_id") == session)
        buckets.append(SESSIONS)
    return _sorted(scores_about(lake, about, buckets))


def _sorted(scores: pl.DataFrame) -> list[dict[str, Any]]:
    """Keep the newest version of each rubric, and put fails first."""
    who = ["target", "source", "trace_id", "span_id", "session_id", "rubric", "annotator"]
    newest = scores.sort("scored_at", "run").unique(who, keep="last", maintain_order=True)
    rows = newest.sort("rubric").to_dicts()
    return sorted(rows, key=lambda row: _WORST_FIRST.get(row["verdict"], 1))
