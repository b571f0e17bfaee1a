"""The span view: stored columns, and what only the rest of the trace can say about a span."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS
from evalctl.core.views import view_schema
from evalctl.scoring.views.context import KEYS, arranged, steps_of, stored_for, with_steps

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMA = {**view_schema("span"), "digest": pl.Int64(), "revision": pl.Int16()}
_OF_TRACE = ("session_id", "user_id")
_STEPS: dict[str, tuple[str, ...]] = {
    "is_orphan": ("tree",),
    "depth": ("tree",),
    "parent_kind": ("tree",),
    "parent_name": ("tree",),
    "previous_tool": ("neighbours",),
    "next_tool": ("neighbours",),
    "repeat": ("repeats",),
    "is_leaf_llm": ("leaves",),
}
_READS: dict[str, tuple[str, ...]] = {
    "parent_kind": ("kind",),
    "parent_name": ("name",),
    "session_id": ("session_id", "is_root"),
    "user_id": ("user_id", "is_root"),
}


def span_columns(columns: Iterable[str]) -> set[str]:
    """Return the stored columns from which view columns are computed; empty context costs nothing."""
    wanted = set(columns)
    stored = {name for name in wanted if name in SPANS.schema}
    read = {name for column in wanted for name in _READS.get(column, ())}
    return stored | read | stored_for(steps_of(wanted, _STEPS))


def needs_whole_traces(columns: Iterable[str]) -> bool:
    """Whether any of the columns depends on other spans of the trace."""
    return any(name in _STEPS or name in _OF_TRACE for name in columns)


def span_frame(spans: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Compute view columns for all spans of complete traces, in order of trace and span.

    ``columns`` are names of the span view, and perhaps ``digest``. Columns of the result stand in
    the order asked for, after none else.
    """
    names = list(dict.fromkeys(columns))
    frame = with_steps(spans, steps_of(names, _STEPS))
    return frame.select(_expression(name).cast(_SCHEMA[name]).alias(name) for name in names)


def span_view(spans: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Present spans of complete traces with the columns of the span view.

    ``spans`` holds all spans of its traces at their newest revision. Rows come by source, trace and
    order inside the trace; columns in the order asked for.
    """
    names = list(dict.fromkeys(columns))
    stored = sorted(span_columns(names) | set(KEYS) | {"start_time"})
    return spans.select(stored).map_batches(
        lambda frame: span_frame(frame, names), schema={name: _SCHEMA[name] for name in names}
    )


def trace_first(column: str) -> pl.Expr:
    """The root's value, else the first that a span has; one per group of an arranged frame."""
    of_root = pl.col(column).filter(pl.col("is_root")).first(ignore_nulls=True)
    return pl.coalesce(of_root, pl.col(column).first(ignore_nulls=True))


def _expression(name: str) -> pl.Expr:
    if name in ("parent_kind", "parent_name"):
        return pl.col(name.removeprefix("parent_")).gather(pl.col("_parent"))
    if name in _OF_TRACE:
        return pl.coalesce(pl.col(name), trace_first(name).over("_trace"))
    return pl.col(name)


__all__ = [
    "arranged",
    "needs_whole_traces",
    "span_columns",
    "span_frame",
    "span_view",
    "trace_first",
]
