"""Statistics of a file as they stand in the Delta log: what readers skip files by."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from evalctl.core.table import Table

_LENGTH = 64
"""Characters of text kept in a bound: all of a UUID, and of most names."""
_LAST = "\U0010ffff"


def statistics(table: Table, frame: pl.DataFrame) -> str:
    """Describe the pruned columns of a file as JSON: rows, null counts, and bounds that never lie.

    A bound may be wider than the values (text is cut after 64 characters, times are rounded outwards
    to milliseconds) and is left out where there is none: only nulls, or a NaN among the numbers.
    """
    bounds = {name: _bounds(frame[name]) for name in table.pruned if name in frame.columns}
    return json.dumps(
        {
            "numRecords": frame.height,
            "minValues": {name: low for name, (low, _) in bounds.items() if low is not None},
            "maxValues": {name: high for name, (_, high) in bounds.items() if high is not None},
            "nullCount": {name: frame[name].null_count() for name in bounds},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _bounds(column: pl.Series) -> tuple[Any, Any]:
    if column.dtype == pl.Float64 and not column.is_finite().all():
        return None, None
    low, high = column.min(), column.max()
    if isinstance(low, str) and isinstance(high, str):
        return low[:_LENGTH], _above(high)
    if isinstance(low, datetime) and isinstance(high, datetime):
        return _log_time(low), _log_time_above(high)
    return low, high


def _above(text: str) -> str | None:
    """Return a bound of at most 65 characters that is not below ``text``."""
    if len(text) <= _LENGTH:
        return text
    return None if text[_LENGTH] == _LAST else text[:_LENGTH] + _LAST


def _log_time(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _log_time_above(time: datetime) -> str | None:
    try:
        return _log_time(time + timedelta(microseconds=-time.microsecond % 1000))
    except OverflowError:
        return None
