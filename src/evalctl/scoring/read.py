"""What show, query, export and triage read: views narrowed by a selection, with scores as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.core.schema import SCORES
from evalctl.core.selection import Selection
from evalctl.core.views import view_schema
from evalctl.core.words import TARGETS
from evalctl.rubrics.conditions import compile_condition
from evalctl.scoring.read_scores import (
    SCORE_VIEW,
    SESSIONS,
    evaluation_columns,
    known_rubrics,
    rubrics_in,
    score_rows,
    scores_about,
    with_evaluations,
)
from evalctl.scoring.read_source import FEW, Source
from evalctl.scoring.views.feedback import FEEDBACK
from evalctl.scoring.views.traces import with_feedback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake

KEYS: dict[Target, tuple[str, ...]] = {
    "span": ("source", "trace_id", "span_id"),
    "trace": ("source", "trace_id"),
    "session": ("source", "session_id"),
}
"""What names a row of a view."""


def read_view(
    lake: Lake,
    target: Target,
    selection: Selection | None = None,
    columns: Sequence[str] | None = None,
    *,
    with_scores: bool = True,
) -> pl.LazyFrame:
    """Return the view of a target, narrowed by a selection, lazily: a query reads what it touches.

    ``columns`` are names of the view and of ``eval.<rubric>.<field>``; None means all of the view,
    and with ``with_scores`` all that the ledger knows about the target. Rows come in no order.

    Raises:
        UserError: a column that does not exist, or a ``where`` that is wrong.
    """
    chosen = selection or Selection()
    rubrics = known_in(lake, target) if columns is None and with_scores else ()
    whole = [*view_schema(target), *evaluation_columns(rubrics)]
    names = whole if columns is None else list(columns)
    _check(names, target)
    where = chosen.where
    asked = compile_condition(where, view_schema(target), "--where") if where else None
    reads = {*names, *(asked.columns if asked else ())}
    view = _joined(lake, target, chosen, reads)
    if asked:
        view = view.filter(asked.expr)
    if chosen.limit is not None:
        view = _first(view, target, chosen.limit)
    return view.select(names)


def levels_of(target: Target) -> tuple[Target, ...]:
    """Return whose scores stand in a view: on spans, those of their trace and session too."""
    return TARGETS if target == "span" else (target,)


def known_in(lake: Lake, target: Target) -> tuple[str, ...]:
    """Return the rubrics and feedback whose scores stand in the view of ``target``."""
    known = known_rubrics(lake)
    return tuple(dict.fromkeys(name for level in levels_of(target) for name in known[level]))


def _check(names: Sequence[str], target: Target) -> None:
    known = view_schema(target)
    for name in names:
        if name not in known and not rubrics_in([name]):
            raise UserError(f"no column '{name}' on {target}s{nearest(name, known)}")


def _joined(lake: Lake, target: Target, selection: Selection, reads: set[str]) -> pl.LazyFrame:
    view = Source(lake=lake, target=target, selection=selection).scan()
    feedback = [name for name in FEEDBACK if name in reads] if target == "trace" else []
    if feedback:
        view = with_feedback(view, feedback, lake.scan(SCORES))
    return with_evaluations(view, lake, target, rubrics_in(sorted(reads)))


def _first(view: pl.LazyFrame, target: Target, limit: int) -> pl.LazyFrame:
    """Keep the first targets in sampling order; their keys are found first, then their rows read."""
    keys = list(KEYS[target])
    first = view.select("u", *keys).sort("u", *keys, nulls_last=True).head(limit).select(keys)
    chosen = first.collect()
    narrowed = view
    if target != "session" and chosen.height <= FEW:
        narrowed = view.filter(pl.col("trace_id").is_in(chosen["trace_id"].unique().to_list()))
    return narrowed.join(chosen.lazy(), on=keys, how="semi", nulls_equal=True)


__all__ = [
    "FEEDBACK",
    "KEYS",
    "SCORE_VIEW",
    "SESSIONS",
    "evaluation_columns",
    "known_in",
    "known_rubrics",
    "levels_of",
    "read_view",
    "rubrics_in",
    "score_rows",
    "scores_about",
    "with_evaluations",
]
