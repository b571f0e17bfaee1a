"""The session view: traces of one session in order of their start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.views import view_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMA = {**view_schema("session"), "digest": pl.Int64()}
_KEYS = ("source", "session_id", "trace_id", "start_time")

ASKS_FOR_A_PERSON = (
    r"(?i)(?:speak|talk|chat|connect|transfer|escalate|put)[a-z' ]{0,24} (?:human|person|agent|representative|operator|manager|supervisor)"
    r"|(?:human|real|live|actual) (?:agent|person|representative|being|operator|support)"
)
"""How an input that asks for a person reads."""

_folded = pl.col("input").str.to_lowercase().str.replace_all(r"[ \t\r\n]+", " ").str.strip_chars()
_PARTS: dict[str, tuple[str, pl.Expr]] = {
    "_fold": ("input", pl.when(pl.col("input").is_not_null()).then(_folded.hash())),
    "_asks": ("input", pl.col("input").str.contains(ASKS_FOR_A_PERSON)),
    "_asked": ("input", pl.col("input").is_not_null()),
    "_answered": ("output", pl.col("output").is_not_null()),
}
"""What is kept of texts that are not asked for themselves: a hash and three flags a trace."""


def _sum(name: str) -> tuple[tuple[str, ...], pl.Expr]:
    column = pl.col(name)
    return (name,), pl.when(column.is_not_null().any()).then(column.sum())


_last_asked, _last_answered = pl.col("_asked").last(), pl.col("_answered").last()
_elapsed = (pl.col("end_time").max() - pl.col("start_time").min()).dt.total_microseconds() / 1000
_COLUMNS: dict[str, tuple[tuple[str, ...], pl.Expr]] = {
    "user_id": (("user_id",), pl.col("user_id").first(ignore_nulls=True)),
    "traces": ((), pl.len()),
    "turns": (("_asked",), pl.col("_asked").sum()),
    "start_time": ((), pl.col("start_time").min()),
    "end_time": (("end_time",), pl.col("end_time").max()),
    "date": ((), pl.col("start_time").min().dt.date().fill_null(UNTIMED)),
    "bucket": ((), pl.lit(0, pl.Int16)),
    "u": (("u",), pl.col("u").min()),
    "duration_ms": (("end_time",), _elapsed),
    "first_input": (("input",), pl.col("input").first(ignore_nulls=True)),
    "last_output": (("output",), pl.col("output").last(ignore_nulls=True)),
    "repeated_prompts": (
        ("_fold",),
        pl.when(pl.col("_fold").is_not_null().any()).then(
            pl.col("_fold").count() - pl.col("_fold").drop_nulls().n_unique()
        ),
    ),
    "abandoned": (
        ("_asked", "_answered"),
        pl.when(_last_asked | _last_answered).then(_last_asked & ~_last_answered),
    ),
    "escalated": (
        ("_asks",),
        pl.when(pl.col("_asks").is_not_null().any()).then(pl.col("_asks").any()),
    ),
    "thumbs_down": _sum("thumbs_down"),
    "thumbs_up": _sum("thumbs_up"),
    "prompt_tokens": _sum("prompt_tokens"),
    "completion_tokens": _sum("completion_tokens"),
    "cost_usd": _sum("cost_usd"),
    "errors": _sum("errors"),
    "digest": (("digest",), pl.col("digest").sum()),
}


def session_parts(columns: Iterable[str]) -> tuple[set[str], dict[str, pl.Expr]]:
    """Return the trace columns that session columns need, and how to narrow trace rows to what is kept.

    A trace row that is narrowed holds texts only where a text is asked for: a million traces of
    sessions fit in memory.
    """
    needs = {need for name in columns for need in _COLUMNS.get(name, ((), None))[0]} | set(_KEYS)
    reads = {_PARTS[need][0] if need in _PARTS else need for need in needs}
    keep = {need: _PARTS[need][1] if need in _PARTS else pl.col(need) for need in sorted(needs)}
    return reads, keep


def session_rows(parts: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Compute view columns from narrowed trace rows; one row a session, by its id; no session, no row.

    ``columns`` are names of the session view, and perhaps ``digest``.
    """
    names = list(dict.fromkeys(columns))
    rows = parts.filter(pl.col("session_id").is_not_null()).sort(
        "source", "session_id", "start_time", "trace_id", nulls_last=True
    )
    keys = ["source", "session_id"]
    found = rows.group_by(keys, maintain_order=True).agg(
        _COLUMNS[name][1].alias(name) for name in names if name not in keys
    )
    return found.select(pl.col(name).cast(_SCHEMA[name]) for name in names)


def session_view(traces: pl.LazyFrame, columns: Iterable[str]) -> pl.LazyFrame:
    """Present sessions with the columns of the session view, by source and session id.

    ``traces`` are rows of the trace view with all traces of their sessions; which of its columns are
    needed, ``session_parts(columns)`` says.
    """
    names = list(dict.fromkeys(columns))
    _, keep = session_parts(names)
    parts = traces.select(expr.alias(name) for name, expr in keep.items())
    return parts.map_batches(
        lambda frame: session_rows(frame, names), schema={name: _SCHEMA[name] for name in names}
    )
