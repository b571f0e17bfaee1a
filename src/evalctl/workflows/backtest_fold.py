"""``--write-back``: the newest answers into the spans themselves, one commit a date."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SCORES, SPANS
from evalctl.lake.optimize import rewrite
from evalctl.scoring.fold import folding

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from evalctl.lake.lake import Lake


def fold_into_spans(lake: Lake, dates: Collection[date]) -> int:
    """Fill ``evaluations`` on the dates that have spans; return how many dates were rewritten.

    Raises:
        UserError: another process maintains the lake, or it cannot be written.
    """
    fold = folding(lake)
    held = sorted(set(dates) & set(lake.files(SPANS)["date"]))
    for day in held:
        rewrite(lake, day, partial(fold, day))
    return len(held)


def unfolded_dates(lake: Lake) -> set[date]:
    """Return the dates that hold scores and no span with ``evaluations``."""
    folded = lake.scan(SPANS).filter(pl.col("evaluations").is_not_null()).select("date").unique()
    return set(lake.files(SCORES)["date"]) - set(folded.collect()["date"])
