"""What stands in a lake, from its logs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.schema import TABLES

if TYPE_CHECKING:
    from datetime import date

    from evalctl.core.table import Table
    from evalctl.lake.lake import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """One table; ``version`` is null where nothing was written yet.

    ``since`` and ``until`` are the first and last date with a row; rows without a start time are left out.
    """

    table: str
    rows: int
    files: int
    bytes: int
    version: int | None
    since: date | None
    until: date | None


def info(lake: Lake) -> list[TableInfo]:
    """Describe every table of the lake; no data file is opened."""
    return [_describe(lake, table) for table in TABLES]


def _describe(lake: Lake, table: Table) -> TableInfo:
    snapshot = lake.snapshot(table)
    files = snapshot.files()
    dates = files.filter(pl.col("date") != UNTIMED)["date"].sort()
    return TableInfo(
        table=table.name,
        rows=int(files["rows"].sum()),
        files=files.height,
        bytes=int(files["size"].sum()),
        version=None if snapshot.version < 0 else snapshot.version,
        since=dates[0] if len(dates) else None,
        until=dates[-1] if len(dates) else None,
    )
