"""The trace view: one declaration a column, computed from the production work of each trace.

A trace that is nothing but evaluator spans has counts of 0 and nothing recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.views import view_schema
from evalctl.scoring.views.calls import NAMELESS
from evalctl.scoring.views.context import ORDER, stored_for, with_steps
from evalctl.scoring.views.feedback import FEEDBACK, feedback_of
from evalctl.scoring.views.spans import trace_first

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMA = {**view_schema("trace"), "digest": pl.Int64()}

TOOL_ERROR_TEXT = (
    r"(?i)^[ \t\r\n\[('\x22]*(?:error|exception|traceback|fail(?:ed|ure)|fatal|invalid|unauthori[sz]ed"
    r"|forbidden|not found|no such|timed? ?out|permission denied|access denied|rate limit)"
    r"|^[ \t\r\n]*\{[^{}]{0,200}\x22(?:error|errors|exception|error_message)\x22[ \t\r\n]*:[ \t\r\n]*(?:\x22[^\x22]|[\[{][ \t\r\n]*[^\]} \t\r\n]|true|[1-9])"
    r"|^[ \t\r\n]*\{[^{}]{0,200}\x22(?:is_?error\x22[ \t\r\n]*:[ \t\r\n]*true|(?:ok|success)\x22[ \t\r\n]*:[ \t\r\n]*false|status\x22[ \t\r\n]*:[ \t\r\n]*\x22(?:error|failed|failure)\x22)"
)
"""What a tool result that reports an error looks like: its first word, or a field of a JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """How a column comes from the spans of a trace: stored columns, steps of context, aggregate."""

    reads: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    expr: pl.Expr


def _first(name: str) -> _Column:
    return _Column(reads=(name,), expr=pl.col(name).first(ignore_nulls=True))


def _of_root(name: str) -> _Column:
    return _Column(reads=(name, "is_root"), expr=trace_first(name))


def _count(condition: pl.Expr, *reads: str, steps: tuple[str, ...] = ()) -> _Column:
    return _Column(reads=reads, steps=steps, expr=condition.sum())


def _total(value: pl.Expr) -> pl.Expr:
    """Sum what was recorded; null where nothing was."""
    return pl.when(value.is_not_null().any()).then(value.sum())


def _usage(name: str) -> pl.Expr:
    return _total(pl.col(name).filter(pl.col("_counted")))


def _most(count: pl.Expr) -> pl.Expr:
    """The largest count of tool spans, 0 without any; null where the count of one is open."""
    return pl.when(~(_is_tool & count.is_null()).any()).then(count.max().fill_null(0))


_is_tool = pl.col("kind") == "tool"
_is_llm = pl.col("kind") == "llm"
_is_error = pl.col("status") == "error"
_elapsed = (pl.col("end_time").max() - pl.col("start_time").min()).dt.total_microseconds() / 1000
_has_content = pl.col("input_messages").is_not_null() | pl.col("input").is_not_null()
_user_messages = pl.col("input_messages").str.count_matches(r'"role"[ \t\r\n]*:[ \t\r\n]*"user"')
_tool_name = pl.col("tool").fill_null(NAMELESS)
_answering = pl.col("model").filter(pl.col("kind").is_in(["llm", "embedding", "reranker"]))
_models = (
    # An agent span names the model that it asks for, which is not what the one that answers is called.
    pl.when(_answering.is_not_null().any())
    .then(_answering.drop_nulls().unique().sort().implode())
    .otherwise(pl.col("model").drop_nulls().unique().sort().implode())
)
_inner = pl.col("documents").str.strip_chars().str.strip_prefix("[").str.strip_suffix("]")
_retrieved = _inner.filter(pl.col("kind") == "retriever").drop_nulls()

_COLUMNS: dict[str, _Column] = {
    "session_id": _of_root("session_id"),
    "user_id": _of_root("user_id"),
    "project": _first("project"),
    "service": _first("service"),
    "service_version": _first("service_version"),
    "environment": _first("environment"),
    "agent": _first("agent"),
    "agents": _Column(
        reads=("agent",), expr=pl.col("agent").drop_nulls().unique(maintain_order=True)
    ),
    "models": _Column(reads=("model", "kind"), expr=_models),
    "name": _Column(
        reads=("name", "is_root"),
        expr=pl.coalesce(pl.col("name").filter(pl.col("is_root")).first(), pl.col("name").first()),
    ),
    "end_time": _Column(reads=("end_time",), expr=pl.col("end_time").max()),
    "duration_ms": _Column(reads=("end_time",), expr=_elapsed),
    "spans": _Column(expr=pl.len()),
    "llm_calls": _count(pl.col("_call"), steps=("leaves",)),
    "tool_calls": _count(_is_tool, "kind"),
    "retrievals": _count(pl.col("kind") == "retriever", "kind"),
    "tools": _Column(
        reads=("tool", "kind"),
        expr=pl.col("tool").filter(_is_tool).drop_nulls().unique().sort(),
    ),
    "tool_path": _Column(reads=("tool", "kind"), expr=_tool_name.filter(_is_tool).str.join(" > ")),
    "span_path": _Column(reads=("name",), expr=pl.col("name").fill_null("?").str.join(" > ")),
    "errors": _count(_is_error, "status"),
    "tool_errors": _count(_is_tool & _is_error, "kind", "status"),
    "tool_error_texts": _count(pl.col("_reads_like_error"), "kind", "status", "tool_result"),
    "unrecovered_errors": _count(pl.col("_lost"), steps=("lost",)),
    "root_error": _Column(
        reads=("is_root", "status"),
        expr=pl.when(pl.col("is_root").any()).then(_is_error.filter(pl.col("is_root")).any()),
    ),
    "longest_repeat": _Column(reads=("kind",), steps=("repeats",), expr=_most(pl.col("repeat"))),
    "max_repeats": _Column(reads=("kind",), steps=("same",), expr=_most(pl.col("_same"))),
    "depth": _Column(steps=("tree",), expr=pl.col("depth").max()),
    "turns": _Column(
        reads=("kind", "input", "input_messages"),
        expr=pl.when(_has_content.any()).then(
            pl.max_horizontal(_user_messages.filter(_is_llm).max(), pl.lit(1))
        ),
    ),
    "prompt_tokens": _Column(steps=("counted",), expr=_usage("prompt_tokens")),
    "completion_tokens": _Column(steps=("counted",), expr=_usage("completion_tokens")),
    "total_tokens": _Column(
        steps=("counted",), expr=_usage("prompt_tokens") + _usage("completion_tokens")
    ),
    "cost_usd": _Column(steps=("counted",), expr=_usage("cost_usd")),
    "max_prompt_tokens": _Column(
        reads=("kind", "prompt_tokens"), expr=pl.col("prompt_tokens").filter(_is_llm).max()
    ),
    "finish_reason": _Column(
        reads=("kind", "finish_reason"), expr=pl.col("finish_reason").filter(_is_llm).last()
    ),
    "input": _of_root("input"),
    "output": _Column(
        reads=("output", "is_root", "kind"),
        expr=pl.coalesce(
            pl.col("output").filter(pl.col("is_root")).first(ignore_nulls=True),
            pl.col("output").filter(_is_llm).last(ignore_nulls=True),
        ),
    ),
    "documents": _Column(
        reads=("documents", "kind"),
        expr=pl.when(_retrieved.len() > 0).then(
            pl.concat_str(
                pl.lit("["), _retrieved.filter(_retrieved != "").str.join(","), pl.lit("]")
            )
        ),
    ),
    "complete": _Column(
        reads=("is_root", "end_time"),
        steps=("tree",),
        expr=(pl.col("is_root") & pl.col("end_time").is_not_null()).any()
        & ~pl.col("is_orphan").any(),
    ),
    "content_captured": _Column(
        reads=("content_captured",), expr=pl.col("content_captured").any(ignore_nulls=False)
    ),
}
_OF_ALL: dict[str, _Column] = {
    "source": _Column(expr=pl.col("source").first()),
    "trace_id": _Column(expr=pl.col("trace_id").first()),
    "start_time": _Column(expr=pl.col("start_time").min()),
    "date": _Column(expr=pl.col("start_time").min().dt.date().fill_null(UNTIMED)),
    "bucket": _Column(reads=("bucket",), expr=pl.col("bucket").first()),
    "u": _Column(reads=("u",), expr=pl.col("u").first()),
    "digest": _Column(reads=("digest",), expr=pl.col("digest").sum()),
}
"""What names a trace, from all of its spans, evaluator spans included."""
_COUNTS = (
    *("spans", "llm_calls", "tool_calls", "retrievals", "errors", "tool_errors"),
    *("tool_error_texts", "unrecovered_errors", "longest_repeat", "max_repeats"),
)
"""What is 0 in a trace without production work."""


def trace_columns(columns: Iterable[str]) -> set[str]:
    """Return the stored columns from which view columns are computed."""
    wanted = [_OF_ALL.get(name) or _COLUMNS.get(name) for name in columns]
    reads = {read for column in wanted if column for read in column.reads}
    steps = {step for column in wanted if column for step in column.steps}
    return reads | stored_for({*steps, "work"}) | set(ORDER)


def trace_frame(spans: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Compute view columns of complete traces but those of feedback; one row a trace, by its id.

    ``columns`` are names of the trace view, and perhaps ``digest``. Lists are empty, not null, where
    a trace has none; see ``core.views`` for null.
    """
    names = [name for name in dict.fromkeys(columns) if name not in FEEDBACK]
    steps = {step for name in names if name in _COLUMNS for step in _COLUMNS[name].steps}
    frame = with_steps(spans, {*steps, "work"})
    if "tool_error_texts" in names:
        frame = _with_error_texts(frame)
    of_all = frame.group_by("_trace", maintain_order=True).agg(
        _OF_ALL[name].expr.alias(name) for name in names if name in _OF_ALL
    )
    of_work = _of_work(frame, [name for name in names if name in _COLUMNS])
    joined = of_all.join(of_work, on="_trace", how="left", maintain_order="left")
    return joined.select(_finished(name) for name in names)


def trace_view(
    spans: pl.LazyFrame, columns: Iterable[str], scores: pl.LazyFrame | None = None
) -> pl.LazyFrame:
    """Present complete traces with the columns of the trace view, by source and trace id.

    ``spans`` holds all spans of its traces at their newest revision; ``scores`` the ledger's rows
    about them, from which feedback is counted: without it these columns are null.
    """
    names = list(dict.fromkeys(columns))
    schema = {name: _SCHEMA[name] for name in names}
    given = [name for name in names if name in FEEDBACK]
    keys = [key for key in ("source", "trace_id") if given and key not in names]
    own = [*(name for name in names if name not in FEEDBACK), *keys]
    traces = spans.select(sorted(trace_columns(own))).map_batches(
        lambda frame: trace_frame(frame, own), schema={name: _SCHEMA[name] for name in own}
    )
    if not given:
        return traces
    return with_feedback(traces, given, scores).select(
        pl.col(name).cast(dtype) for name, dtype in schema.items()
    )


def with_feedback(
    traces: pl.LazyFrame, columns: Iterable[str], scores: pl.LazyFrame | None
) -> pl.LazyFrame:
    """Add columns of feedback to traces that have ``source`` and ``trace_id``; order is kept."""
    names = list(columns)
    if scores is None:
        return traces.with_columns(pl.lit(None, _SCHEMA[name]).alias(name) for name in names)
    found = feedback_of(scores)
    joined = traces.join(
        found, on=["source", "trace_id"], how="left", maintain_order="left", nulls_equal=True
    )
    counts = [pl.col(name).fill_null(0) for name in names if name != "feedback"]
    return joined.with_columns(counts).drop(set(FEEDBACK) - set(names))


def _of_work(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    work = frame if frame["_work"].all() else frame.filter(pl.col("_work"))
    return work.group_by("_trace", maintain_order=True).agg(
        pl.lit(value=True).alias("_has_work"), *(_COLUMNS[name].expr.alias(name) for name in names)
    )


def _with_error_texts(frame: pl.DataFrame) -> pl.DataFrame:
    looks = pl.col("tool_result").str.contains(TOOL_ERROR_TEXT)
    return frame.with_columns(
        _reads_like_error=_is_tool & ~_is_error & looks.fill_null(value=False)
    )


def _finished(name: str) -> pl.Expr:
    dtype = _SCHEMA[name]
    if isinstance(dtype, pl.List):
        return pl.col(name).fill_null([]).cast(dtype)
    if name in ("tool_path", "span_path"):
        return pl.col(name).fill_null("")
    if name in _COUNTS:
        return pl.when(pl.col("_has_work")).then(pl.col(name)).otherwise(0).cast(dtype).alias(name)
    return pl.col(name).cast(dtype)
