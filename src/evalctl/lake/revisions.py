"""Which row of a span counts where it was delivered more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

KEY = ("source", "trace_id", "span_id")


def newest(rows: pl.LazyFrame, files: pl.DataFrame, dates: Sequence[date] | None) -> pl.LazyFrame:
    """Keep the highest revision of each span within its date.

    Only dates with a later revision in the statistics of their ``files`` pay for it; the others are
    a plain scan, through which predicates reach the files.
    """
    wanted = set(files["date"]) if dates is None else set(dates)
    revised = set(files.filter(pl.col("revision_max") > 0)["date"]) & wanted
    if not revised:
        return rows if dates is None else _on(rows, wanted)
    settled = wanted - revised
    parts = [_on(rows, settled)] if settled else []
    return pl.concat([*parts, superseding(_on(rows, revised))])


def superseding(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the highest revision of each (source, trace_id, span_id, date)."""
    last = (
        rows.filter(pl.col("revision") > 0)
        .group_by(*KEY, "date")
        .agg(pl.col("revision").max().alias("_last"))
    )
    joined = rows.join(last, on=[*KEY, "date"], how="left", nulls_equal=True)
    return joined.filter(pl.col("revision") >= pl.col("_last").fill_null(0)).drop("_last")


def _on(rows: pl.LazyFrame, dates: set[date]) -> pl.LazyFrame:
    return rows.filter(pl.col("date").is_in(sorted(dates)))
