"""Rows for the tests of the lake, and for the processes that they start."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.schema import REJECTS, SPANS

if TYPE_CHECKING:
    from evalctl.core.table import Table

DAY = date(2026, 3, 1)


def frame(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame of the table's schema; what a row leaves out is null."""
    whole = [{name: row.get(name) for name in table.schema} for row in rows]
    return pl.DataFrame(whole, schema=table.schema)


def span(trace: str, span_id: str = "s1", *, day: date = DAY, **more: Any) -> dict[str, Any]:
    """Return one span as a row."""
    start = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return {
        "source": "default",
        "trace_id": trace,
        "span_id": span_id,
        "kind": "tool",
        "status": "ok",
        "start_time": start,
        "date": day,
        "bucket": sum(trace.encode()) % 64,
        "revision": 0,
        **more,
    }


def spans(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return spans as a frame."""
    return frame(SPANS, list(rows))


def reject(reason: str) -> pl.DataFrame:
    """Return one rejected record as a frame."""
    return frame(REJECTS, [{"file": "f", "reason": reason, "ingest_batch": "b"}])
