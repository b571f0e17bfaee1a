"""OTLP JSON lines for the tests of ingest, and what a lake holds of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from evalctl.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import polars as pl

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
OF_THE_RUN = ("source_file", "ingest_batch", "ingested_at", "u", "bucket")


def trace_id(number: int) -> str:
    return f"{number + 1:032x}"


def span_id(number: int) -> str:
    return f"{number + 1:016x}"


def span(
    trace: int,
    number: int,
    *,
    start: datetime | None = START,
    seconds: float | None = 1.0,
    parent: int | None = None,
    attributes: dict[str, str] | None = None,
    events: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return one span as the collector writes it; without ``seconds`` it has not ended."""
    made: dict[str, Any] = {
        "traceId": trace_id(trace),
        "spanId": span_id(number),
        "parentSpanId": "" if parent is None else span_id(parent),
        "name": f"call {number}",
        "attributes": [
            {"key": key, "value": {"stringValue": value}}
            for key, value in (attributes or {"openinference.span.kind": "TOOL"}).items()
        ],
        "events": events or [],
        "status": {},
    }
    if start is not None:
        made["startTimeUnixNano"] = _nanoseconds(start)
        if seconds is not None:
            made["endTimeUnixNano"] = _nanoseconds(start + timedelta(seconds=seconds))
    return made


def line(*spans: dict[str, Any], service: str = "shop") -> bytes:
    """Return one export request as a line."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    scope = {"name": "openinference.instrumentation.test", "version": "1"}
    request = {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": scope, "spans": list(spans)}]}
        ]
    }
    return json.dumps(request).encode() + b"\n"


def traces(numbers: Iterable[int], *, spans: int = 4, days: int = 1, text: str = "") -> bytes:
    """Return a line per trace: a root with children, spread over ``days`` days."""
    lines: list[bytes] = []
    for number in numbers:
        start = START + timedelta(days=number % days, seconds=number % 3600)
        said = {"openinference.span.kind": "TOOL", "input.value": f"{number} {text}"}
        root = span(number, number * 100, start=start, attributes=said)
        children = [
            span(number, number * 100 + n, start=start, parent=number * 100, attributes=said)
            for n in range(1, spans)
        ]
        lines.append(line(root, *children))
    return b"".join(lines)


def rows(lake: Path | str) -> pl.DataFrame:
    """Return the spans of a lake in order of key, without what differs from run to run."""
    found = Lake.open(str(lake)).spans().drop(OF_THE_RUN)
    return found.sort("source", "trace_id", "span_id").collect()


def keys(lake: Path | str) -> list[tuple[str, str]]:
    """Return the key of every stored row, superseded ones too, in order."""
    from evalctl.core.schema import SPANS

    stored = Lake.open(str(lake)).scan(SPANS).select("trace_id", "span_id").collect()
    return sorted(stored.iter_rows())


def _nanoseconds(time: datetime) -> str:
    return str(round(time.timestamp() * 1_000_000) * 1000)
