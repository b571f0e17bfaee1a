"""What the pii and secrets checks share: text columns scanned for kinds of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.pii import find
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence


def scan_plan(columns: Sequence[str], entities: Sequence[str]) -> Plan:
    """Fail where any of ``columns`` holds any of ``entities``; unknown where all of them are null."""
    recorded = pl.any_horizontal(pl.col(name).is_not_null() for name in columns)
    found = pl.any_horizontal(_holds(name, entities).fill_null(value=False) for name in columns)
    said = [_said(name, entities) for name in columns]
    return Plan(
        columns=frozenset(columns),
        fail=pl.when(recorded).then(found),
        explanation=pl.concat_str(said, separator="; ", ignore_nulls=True),
    )


def _holds(column: str, entities: Sequence[str]) -> pl.Expr:
    def look(texts: pl.Series) -> pl.Series:
        return (
            find(texts, entities)
            .select(pl.any_horizontal(pl.all() > 0))
            .to_series()
            .alias(texts.name)
        )

    return pl.col(column).map_batches(look, return_dtype=pl.Boolean(), is_elementwise=True)


def _said(column: str, entities: Sequence[str]) -> pl.Expr:
    """Say which entities a column holds and how often, never what they are; null where none."""

    def look(texts: pl.Series) -> pl.Series:
        counts = find(texts, entities)
        parts = [
            pl.when(pl.col(name) > 0).then(pl.format(name + " x{}", pl.col(name)))
            for name in counts.columns
        ]
        joined = pl.concat_str(parts, separator=", ", ignore_nulls=True)
        worded = counts.select(
            pl.when(joined != "").then(pl.concat_str(pl.lit(f"{column}: "), joined))
        )
        return worded.to_series().alias(texts.name)

    return pl.col(column).map_batches(look, return_dtype=pl.String(), is_elementwise=True)
