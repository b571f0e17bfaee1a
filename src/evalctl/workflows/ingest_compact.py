"""After a run: dates that have come to many small files are compacted, if nobody else maintains the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.schema import SPANS
from evalctl.lake.optimize import rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from evalctl.lake.lake import Lake

CROWDED = 20
SMALL = 4 << 20
"""Only files smaller than this on average are worth the rewriting."""


def compact_crowded(lake: Lake, dates: Iterable[date]) -> int:
    """Compact those of ``dates`` that have more than 20 files, small ones; return how many were.

    A lock that is held, or a disk that is full, is no error here: the next run tries again.
    """
    files = lake.files(SPANS).filter(pl.col("date").is_in(sorted(dates)))
    crowded = files.group_by("date").agg(count=pl.len(), size=pl.col("size").mean())
    chosen = crowded.filter((pl.col("count") > CROWDED) & (pl.col("size") < SMALL))["date"]
    done = 0
    for day in chosen.sort():
        try:
            rewrite(lake, day, lambda rows: rows, wait_s=0)
        except UserError:
            break
        done += 1
    return done
