"""What a rubric asks of a frame: one shape for conditions and checks, so that scoring knows one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from evalctl.rubrics.conditions import Condition

_SAFE_TEXT = frozenset(
    (*SPANS.pruned, "error_type", "parent_kind", "previous_tool", "next_tool", "tool_path")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to answer a rubric over rows of its target's view.

    ``where`` (Boolean or None): rows where it is not TRUE get no score. ``always`` (Boolean or None):
    rows that sampling keeps whatever their coordinate. ``fail`` (Boolean): TRUE is fail, FALSE is
    pass, null is unknown. ``explanation`` (String or None) means something on failing rows only:
    evaluate it there and nowhere else. ``evidence``: columns whose values go along with a fail, never
    text of a trace. ``columns``: every view and ``eval.*`` column that any of these reads.

    ``frame`` (python checks) replaces ``fail``: it takes a LazyFrame of ``columns`` and the ``keys`` of
    the target, and returns ``keys``, ``fail`` (Boolean), ``value`` (Float64) and ``explanation``
    (String); rows that it leaves out are unknown.
    """

    columns: frozenset[str]
    fail: pl.Expr
    where: pl.Expr | None = None
    always: pl.Expr | None = None
    explanation: pl.Expr | None = None
    evidence: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    frame: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None


def rule_plan(
    conditions: Sequence[tuple[str, Condition]], schema: Mapping[str, pl.DataType], *, passes: bool
) -> Plan:
    """Plan an OR of labelled conditions in Kleene logic.

    ``fail_when``: fails if any is TRUE, passes if all are FALSE, else unknown. ``pass_when``: passes if
    any is TRUE, fails if all are FALSE, else unknown.
    """
    any_true = _any([condition.expr for _, condition in conditions])
    columns = frozenset[str]().union(*(condition.columns for _, condition in conditions))
    labels = [label for label, _ in conditions]
    hit = pl.lit("none of: " + ", ".join(labels)) if passes else _labels_hit(conditions)
    return Plan(
        columns=columns,
        fail=~any_true if passes else any_true,
        explanation=hit,
        evidence=evidence_of(columns, schema),
    )


def evidence_of(columns: Iterable[str], schema: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """Return the columns whose values may be written beside a verdict: words and numbers, no content."""
    return tuple(
        sorted(
            name
            for name in columns
            if name in _SAFE_TEXT or schema.get(name, pl.String()) != pl.String()
        )
    )


def _any(exprs: Sequence[pl.Expr]) -> pl.Expr:
    return exprs[0] if len(exprs) == 1 else pl.any_horizontal(exprs)


def _labels_hit(conditions: Sequence[tuple[str, Condition]]) -> pl.Expr:
    if len(conditions) == 1:
        return pl.lit(conditions[0][0])
    said = [pl.when(condition.expr).then(pl.lit(label)) for label, condition in conditions]
    return pl.concat_str(said, separator=", ", ignore_nulls=True)
