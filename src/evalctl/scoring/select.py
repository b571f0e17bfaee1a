"""Which targets a Selection keeps, step by step, with what each step left.

Flags that name a span property select targets: spans that have it, traces and sessions with a span
that has it (each flag asks for a span of its own). A window is asked of the target's own start; a
target without a start time is in no window.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evalctl.core.selection import Selection
    from evalctl.core.words import Target

    Left = dict[str, int]

PROPERTIES: dict[str, str] = {
    "kind": "kinds",
    "tool": "tools",
    "agent": "agents",
    "model": "models",
    "service": "services",
}
"""Column of a span -> field of a Selection that names its values."""
_LAST = chr(0x10FFFF)


def wanted_properties(selection: Selection) -> dict[str, tuple[str, ...]]:
    """Return the span columns that the selection narrows, with the names it gives."""
    named = {column: getattr(selection, field) for column, field in PROPERTIES.items()}
    return {column: names for column, names in named.items() if names}


def matches(column: str, names: Iterable[str]) -> pl.Expr:
    """Whether a text column equals one of the names, or fits one that is a glob (``*`` and ``?``).

    Exact names and the fixed beginnings of globs are comparisons with literals, so that files and row
    groups without them are not read.
    """
    exact = [name for name in names if not _is_glob(name)]
    tests = [pl.col(column).is_in(exact)] if exact else []
    tests += [_glob(column, name) for name in names if _is_glob(name)]
    return tests[0] if len(tests) == 1 else pl.any_horizontal(tests)


def in_window(selection: Selection) -> pl.Expr | None:
    """Whether ``start_time`` lies in the window; None where there is none."""
    start = pl.col("start_time")
    tests = [start >= selection.since] if selection.since else []
    tests += [start < selection.until] if selection.until else []
    return pl.all_horizontal(tests) if tests else None


def index_columns(selection: Selection) -> set[str]:
    """Return the stored columns that tell which targets a selection keeps, but for ``where``."""
    columns = {"source", "trace_id", "span_id", "start_time", "date", *wanted_properties(selection)}
    columns |= {"session_id", "is_root"} if selection.sessions else set()
    return columns | ({"u"} if selection.sample < 1 else set())


def span_steps(selection: Selection) -> dict[str, pl.Expr]:
    """Return step name -> condition over rows of the span view, ``where`` and limit left out."""
    properties = wanted_properties(selection)
    return _steps(selection, {name: matches(name, names) for name, names in properties.items()})


def trace_steps(selection: Selection) -> dict[str, pl.Expr]:
    """Return step name -> condition over rows of the trace view that carry ``property_flags``."""
    return _steps(selection, {name: pl.col(f"_{name}") for name in wanted_properties(selection)})


def property_flags(spans: pl.DataFrame, selection: Selection) -> pl.DataFrame | None:
    """Return for each trace whether it has a span of each named property; None where none is named.

    Columns: source, trace_id, and ``_<property>`` (Boolean) for each.
    """
    properties = wanted_properties(selection)
    if not properties:
        return None
    return spans.group_by("source", "trace_id").agg(
        matches(name, names).any().alias(f"_{name}") for name, names in properties.items()
    )


def keep(frame: pl.DataFrame, steps: Mapping[str, pl.Expr], left: Left) -> pl.DataFrame:
    """Filter by one step after the other and add to ``left`` how many rows each left.

    A condition that is not TRUE drops the row.
    """
    if not steps:
        return frame
    masks = frame.select(
        condition.fill_null(value=False).alias(name) for name, condition in steps.items()
    )
    kept = np.ones(frame.height, dtype=np.bool_)
    for name in masks.columns:
        kept &= masks[name].to_numpy()
        left[name] = left.get(name, 0) + int(kept.sum())
    return frame.filter(pl.Series(kept)) if not kept.all() else frame


def lowest(frames: Sequence[pl.DataFrame], keys: Sequence[str], limit: int) -> pl.DataFrame:
    """Return the keys of the first ``limit`` targets in sampling order: by ``u``, then by their keys."""
    rows = pl.concat([frame.select("u", *keys) for frame in frames])
    return rows.sort("u", *keys, nulls_last=True).head(limit).select(keys)


def pruning(selection: Selection, target: Target) -> pl.Expr | None:
    """Return a condition over stored span rows that all spans of interest fulfil; None for all.

    For a span it is the selection itself; for a trace or session what one span of it must show, if a
    single flag asks for it: the ids found are then read whole.
    """
    tests = [matches(name, names) for name, names in wanted_properties(selection).items()]
    if target != "span":
        tests = tests[:1]
    if selection.traces:
        tests.append(pl.col("trace_id").is_in(list(selection.traces)))
    if target == "span":
        tests += _span_only(selection)
    return pl.all_horizontal(tests) if tests else None


def _span_only(selection: Selection) -> list[pl.Expr]:
    tests = [pl.col("u") < selection.sample] if selection.sample < 1 else []
    window = in_window(selection)
    if window is not None:
        dates = [pl.col("date") >= selection.since.date()] if selection.since else []
        dates += [pl.col("date") <= selection.until.date()] if selection.until else []
        tests += [*dates, window]
    return tests


def _steps(selection: Selection, flags: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    steps: dict[str, pl.Expr] = {}
    window = in_window(selection)
    if window is not None:
        steps["window"] = window
    if selection.traces:
        steps["trace"] = pl.col("trace_id").is_in(list(selection.traces))
    if selection.sessions:
        steps["session"] = pl.col("session_id").is_in(list(selection.sessions))
    steps |= flags
    if selection.sample < 1:
        steps["sample"] = pl.col("u") < selection.sample
    return steps


def _is_glob(name: str) -> bool:
    return "*" in name or "?" in name


def _glob(column: str, pattern: str) -> pl.Expr:
    translated = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    fits = pl.col(column).str.contains(f"^(?s:{translated})$")
    prefix = re.split(r"[*?]", pattern, maxsplit=1)[0]
    if not prefix:
        return fits
    return (pl.col(column) >= prefix) & (pl.col(column) < prefix + _LAST) & fits


__all__ = [
    "PROPERTIES",
    "in_window",
    "index_columns",
    "keep",
    "lowest",
    "matches",
    "property_flags",
    "pruning",
    "span_steps",
    "trace_steps",
    "wanted_properties",
]
