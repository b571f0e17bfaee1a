"""Columns of the views that rubrics, --where and query speak of: names, dtypes and meaning.

A view column is either stored (its name stands in schema.SPANS) or computed from the spans of the
same trace or session. How it is computed stands in scoring/views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS
from evalctl.core.table import UTC_TIME

if TYPE_CHECKING:
    from evalctl.core.words import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewColumn:
    """One column of a view. ``doc`` says what null means where that is not "not recorded"."""

    name: str
    dtype: pl.DataType
    doc: str


def _column(name: str, dtype: pl.DataType, doc: str) -> ViewColumn:
    return ViewColumn(name=name, dtype=dtype, doc=doc)


_TEXT, _COUNT, _NUMBER, _FLAG = pl.String(), pl.Int64(), pl.Float64(), pl.Boolean()
_NOT_SHOWN = ("digest", "revision", "evaluations")

SPAN_CONTEXT: tuple[ViewColumn, ...] = (
    _column("is_orphan", _FLAG, "Whether the parent is named but not in the lake."),
    _column("depth", _COUNT, "0 on a root; null where the way up to a root is broken."),
    _column("parent_kind", _TEXT, "Kind of the parent span."),
    _column("parent_name", _TEXT, "Name of the parent span."),
    _column(
        "previous_tool",
        _TEXT,
        "Tool of the tool span before this one in the trace; only on tool spans.",
    ),
    _column(
        "next_tool", _TEXT, "Tool of the tool span after this one in the trace; only on tool spans."
    ),
    _column(
        "repeat",
        _COUNT,
        "1 for the first of a row of identical tool calls, 2 for the next ...; only on tool spans.",
    ),
    _column(
        "is_leaf_llm",
        _FLAG,
        "Whether the span is an llm span with no llm span below it that has usage.",
    ),
)
SPAN_VIEW: tuple[ViewColumn, ...] = (
    *(
        _column(column.name, column.dtype, column.doc)
        for column in SPANS.columns
        if column.name not in _NOT_SHOWN
    ),
    *SPAN_CONTEXT,
)

TRACE_VIEW: tuple[ViewColumn, ...] = (
    _column("source", _TEXT, "As on spans."),
    _column("trace_id", _TEXT, "Trace id."),
    _column("session_id", _TEXT, "The root's session, else the first one that a span names."),
    _column("user_id", _TEXT, "The root's user, else the first one that a span names."),
    _column("project", _TEXT, "Of the first span that names one."),
    _column("service", _TEXT, "Of the first span that names one."),
    _column("service_version", _TEXT, "Of the first span that names one."),
    _column("environment", _TEXT, "Of the first span that names one."),
    _column("agent", _TEXT, "The first agent named in the trace."),
    _column("agents", pl.List(pl.String()), "All agents named, in order of first appearance."),
    _column("models", pl.List(pl.String()), "All models that answered, sorted."),
    _column("name", _TEXT, "Name of the root span, else of the first span."),
    _column("start_time", UTC_TIME, "Earliest start."),
    _column("end_time", UTC_TIME, "Latest end; null while no span has ended."),
    _column("date", pl.Date(), "UTC date of the earliest start."),
    _column("bucket", pl.Int16(), "As on spans."),
    _column("u", _NUMBER, "Sampling coordinate."),
    _column("duration_ms", _NUMBER, "Latest end - earliest start in milliseconds."),
    _column("spans", _COUNT, "Spans, evaluator spans left out."),
    _column("llm_calls", _COUNT, "Leaf llm spans: nested wrappers of one call count once."),
    _column("tool_calls", _COUNT, "Tool spans."),
    _column("retrievals", _COUNT, "Retriever spans."),
    _column("tools", pl.List(pl.String()), "Distinct tools, sorted."),
    _column(
        "tool_path",
        _TEXT,
        "Tools in order of their start, as 'search > get > refund'; empty string without tool calls.",
    ),
    _column("span_path", _TEXT, "Span names in order of their start, as 'agent > plan > search'."),
    _column("errors", _COUNT, "Spans with status error."),
    _column("tool_errors", _COUNT, "Tool spans with status error."),
    _column(
        "tool_error_texts",
        _COUNT,
        "Tool spans whose result reads like an error while their status is not error.",
    ),
    _column(
        "unrecovered_errors",
        _COUNT,
        "Tool spans with status error after which the same tool never succeeded.",
    ),
    _column("root_error", _FLAG, "Whether a root span has status error."),
    _column(
        "longest_repeat",
        _COUNT,
        "Longest row of identical consecutive tool calls (same tool, same arguments); 0 without tool calls.",
    ),
    _column(
        "max_repeats",
        _COUNT,
        "Most calls of one tool with the same arguments, consecutive or not; 0 without tool calls.",
    ),
    _column("depth", _COUNT, "Depth of the deepest span; a root is 0."),
    _column(
        "turns",
        _COUNT,
        "User messages that the longest llm input holds; at least 1 where any input was recorded.",
    ),
    _column(
        "prompt_tokens",
        _COUNT,
        "Sum over leaf llm, embedding and reranker spans; else of the topmost span with usage.",
    ),
    _column("completion_tokens", _COUNT, "As prompt_tokens."),
    _column("total_tokens", _COUNT, "prompt_tokens + completion_tokens."),
    _column("cost_usd", _NUMBER, "Sum over the same spans as prompt_tokens."),
    _column("max_prompt_tokens", _COUNT, "Largest prompt of one llm span."),
    _column("finish_reason", _TEXT, "Finish reason of the last llm span."),
    _column("input", _TEXT, "Input of the root, else of the first span that has one."),
    _column("output", _TEXT, "Output of the root, else of the last llm span that has one."),
    _column("documents", _TEXT, "JSON list: the documents of all retriever spans, in order."),
    _column("thumbs_up", _COUNT, "User scores with a pass verdict about the trace or its spans."),
    _column("thumbs_down", _COUNT, "User scores with a fail verdict about the trace or its spans."),
    _column("feedback", _NUMBER, "Mean value of the imported scores about the trace."),
    _column("complete", _FLAG, "Whether there is a root, it has ended, and no parent is missing."),
    _column("content_captured", _FLAG, "Whether any span has content."),
)

SESSION_VIEW: tuple[ViewColumn, ...] = (
    _column("session_id", _TEXT, "Session id."),
    _column("source", _TEXT, "As on spans."),
    _column("user_id", _TEXT, "First user named."),
    _column("traces", _COUNT, "Traces."),
    _column("turns", _COUNT, "Traces that have an input."),
    _column("start_time", UTC_TIME, "Earliest start."),
    _column("end_time", UTC_TIME, "Latest end."),
    _column("date", pl.Date(), "UTC date of the earliest start."),
    _column("bucket", pl.Int16(), "0: sessions are not bucketed."),
    _column("u", _NUMBER, "Smallest sampling coordinate of its traces."),
    _column("duration_ms", _NUMBER, "Latest end - earliest start in milliseconds."),
    _column("first_input", _TEXT, "Input of the first trace that has one."),
    _column("last_output", _TEXT, "Output of the last trace that has one."),
    _column(
        "repeated_prompts",
        _COUNT,
        "Inputs that equal an earlier input of the session, case and white space folded.",
    ),
    _column(
        "abandoned",
        _FLAG,
        "Whether the last trace has an input and no output; null without content.",
    ),
    _column("escalated", _FLAG, "Whether an input asks for a person; null without content."),
    _column("thumbs_down", _COUNT, "Sum over traces."),
    _column("thumbs_up", _COUNT, "Sum over traces."),
    _column("prompt_tokens", _COUNT, "Sum over traces."),
    _column("completion_tokens", _COUNT, "Sum over traces."),
    _column("cost_usd", _NUMBER, "Sum over traces."),
    _column("errors", _COUNT, "Sum over traces."),
)

VIEWS: dict[Target, tuple[ViewColumn, ...]] = {
    "span": SPAN_VIEW,
    "trace": TRACE_VIEW,
    "session": SESSION_VIEW,
}


def view_schema(target: Target) -> dict[str, pl.DataType]:
    """Return column name to dtype for the view of ``target``, in order."""
    return {column.name: column.dtype for column in VIEWS[target]}
