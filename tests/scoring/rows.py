"""Spans written by hand, and lakes made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import content_digest, coordinate
from evalctl.core.schema import SCORES, SPANS
from evalctl.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

START = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a time that many seconds after START."""
    return START + timedelta(seconds=seconds)


def span(trace: str, span_id: str, parent: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return a span; what is not said is null or follows from what is."""
    start = columns.get("start_time", START)
    said: dict[str, Any] = {
        "source": "default",
        "trace_id": trace,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": span_id,
        "kind": "chain",
        "start_time": start,
        "end_time": start and start + timedelta(seconds=1),
        "is_root": parent is None,
        "status": "unset",
        "date": start.date() if start else UNTIMED,
        "revision": 0,
        "ingest_batch": "batch-1",
        "ingested_at": START,
        **columns,
    }
    content = [str(said.get(name)) for name in SPANS.schema if name not in ("digest", "revision")]
    return {"digest": content_digest(*content), **said}


def frame(rows: Iterable[dict[str, Any]], salt: bytes = b"salt") -> pl.DataFrame:
    """Return spans as a frame of the stored schema, with their place in sampling space."""
    whole: list[dict[str, Any]] = []
    for row in rows:
        u, bucket = coordinate(row["trace_id"], salt)
        whole.append({name: {"u": u, "bucket": bucket, **row}.get(name) for name in SPANS.schema})
    return pl.DataFrame(whole, schema=SPANS.schema)


def lake_of(folder: Path, rows: Iterable[dict[str, Any]]) -> Lake:
    """Make a lake that holds spans."""
    lake = Lake.create(str(folder / "lake"))
    lake.append(SPANS, frame(rows, lake.salt))
    return lake


def scores_of(lake: Lake) -> pl.DataFrame:
    """Return one row per answer in the ledger, in a fixed order."""
    keys = ["target", "source", "trace_id", "span_id", "session_id", "rubric", "version", "digest"]
    rows = lake.scan(SCORES).explode("answers", empty_as_null=False).unnest("answers")
    return rows.sort(*keys, "scored_at", nulls_last=True).collect()


def verdicts(lake: Lake, rubric: str) -> dict[str, str | None]:
    """Return the verdicts of a rubric by the id that names the target, newest last."""
    rows = scores_of(lake).filter(pl.col("rubric") == rubric).sort("scored_at")
    name = pl.coalesce("span_id", "trace_id", "session_id")
    return dict(rows.select(name, "verdict").iter_rows())
