"""Compaction: many small files become few sorted ones, and superseded revisions go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS, TABLES
from evalctl.lake.locks import MAINTENANCE, exclusive
from evalctl.lake.replace import RANGE_BYTES, Replaced, replace
from evalctl.lake.revisions import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from evalctl.core.table import Table
    from evalctl.lake.lake import Lake

    Fold = Callable[[date, pl.DataFrame], pl.DataFrame]

_SPARE_FILES = 2
"""A date is left alone while it has no more than twice the files it needs, and these."""


def optimize(
    lake: Lake, *, fold: Fold | None = None, wait_s: float = 0.0
) -> Iterator[tuple[Table, Replaced]]:
    """Rewrite what has many small files or superseded revisions, one commit per date, and tell each.

    Files come out sorted by (bucket, trace_id, start_time), of one range of buckets each. ``fold``
    may change columns of spans on the way, such as ``evaluations``, but no row.

    Raises:
        UserError: another process maintains the lake, or a table cannot be read or written.
    """
    with exclusive(lake.uri, MAINTENANCE, wait_s):
        for table in TABLES:
            for day in _worth_it(table, lake.files(table)):
                yield (
                    table,
                    replace(lake, table, day, _compaction(table, day, fold), why="optimize"),
                )


def rewrite(
    lake: Lake,
    day: date,
    transform: Callable[[pl.DataFrame], pl.DataFrame],
    *,
    wait_s: float = 600.0,
) -> Replaced:
    """Rewrite the spans of one date in one commit, such as to fold scores into ``evaluations``.

    ``transform`` gets all spans of a range of buckets, newest revisions only, and returns as many
    rows with the same keys in the same order; one call gets what 8 MB of compressed files hold.

    Raises:
        ValueError: ``transform`` lost, added or reordered rows; nothing was changed.
        UserError: another process maintains the lake for longer than ``wait_s``, or it cannot be written.
    """
    with exclusive(lake.uri, MAINTENANCE, wait_s):
        return replace(
            lake, SPANS, day, lambda rows: _same_rows(newest_only(rows), transform), why="rewrite"
        )


def newest_only(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop superseded revisions of spans of one date.

    A span all of whose revisions were there starts again at revision 0, so that readers of the date
    no longer have to look; a higher one stays where an earlier row stands under another date.
    """
    if not rows.height or rows["revision"].max() == 0:
        return rows
    last, first = (pl.col("revision").max().over(KEY), pl.col("revision").min().over(KEY))
    kept = rows.with_columns(_first=first).filter(pl.col("revision") == last)
    reset = pl.when(pl.col("_first") == 0).then(0).otherwise("revision").cast(pl.Int16)
    return kept.with_columns(revision=reset).drop("_first")


def _compaction(
    table: Table, day: date | None, fold: Fold | None
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    if table is not SPANS or day is None:
        return lambda rows: rows
    if fold is None:
        return newest_only
    return lambda rows: _same_rows(newest_only(rows), lambda kept: fold(day, kept))


def _same_rows(
    rows: pl.DataFrame, transform: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    changed = transform(rows)
    if not changed.select(*KEY, "date").equals(rows.select(*KEY, "date")):
        raise ValueError("a rewrite of spans may change columns, but neither rows nor their order")
    return changed


def _worth_it(table: Table, files: pl.DataFrame) -> list[date | None]:
    many = pl.len() > 2 * (pl.col("size").sum() / RANGE_BYTES).ceil() + _SPARE_FILES
    revised = (pl.col("revision_max").max() > 0).fill_null(value=False)
    days = files.group_by("date").agg(worth=many | (revised & pl.lit(table is SPANS)))
    return days.filter("worth")["date"].sort().to_list()
