"""What tests of formats share: reading bytes through the public door, and building OTLP."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from evalctl.formats.compression import opened
from evalctl.formats.decode import (
    FEEDBACK_SCHEMA,
    HEAD,
    SPAN_SCHEMA,
    Batch,
    Chunk,
    Reject,
    decode,
    sniff,
    split,
)

CAPTURED = Path(__file__).parents[1] / "data" / "captured"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "real"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7"
START = 1_795_163_308_659_665_407
Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Read:
    """Everything that some bytes gave."""

    container: str
    spans: pl.DataFrame
    feedback: pl.DataFrame
    rejects: list[Reject]
    truncated: bool

    @property
    def ids(self) -> set[tuple[str, str]]:
        return set(self.spans.select("trace_id", "span_id").iter_rows())

    @property
    def row(self) -> Object:
        """The only span."""
        assert self.spans.height == 1, self.rejects
        return self.spans.row(0, named=True)


def collect(container: str, batches: list[Batch]) -> Read:
    return Read(
        container=container,
        spans=pl.concat([pl.DataFrame(schema=dict(SPAN_SCHEMA)), *(b.spans for b in batches)]),
        feedback=pl.concat(
            [pl.DataFrame(schema=dict(FEEDBACK_SCHEMA)), *(b.feedback for b in batches)]
        ),
        rejects=[reject for batch in batches for reject in batch.rejects],
        truncated=any(batch.truncated for batch in batches),
    )


def read(data: bytes) -> Read:
    """Peel, recognise, cut and decode, as ingest does."""
    stream = opened(io.BytesIO(data))
    container = sniff(stream.peek(HEAD)[:HEAD])
    chunks = list(split(stream, container))
    return collect(container, [batch for chunk in chunks for batch in decode(chunk, container)])


def read_as(data: bytes, container: str) -> Read:
    """Decode ``data`` as that container, whatever it is."""
    chunk = Chunk(data=data, offset=0, line=1, container=container, is_last=True)
    return collect(container, list(decode(chunk, container)))


def captured(name: str) -> Read:
    return read((CAPTURED / name).read_bytes())


def value(plain: Any) -> Object:
    """Wrap a plain value as OTLP/JSON does."""
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int):
        return {"intValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(item) for item in plain]}}
    if isinstance(plain, dict):
        return {"kvlistValue": {"values": attributes(plain)}}
    return {} if plain is None else {"stringValue": plain}


def attributes(plain: Object) -> list[Object]:
    return [{"key": key, "value": value(item)} for key, item in plain.items()]


def span(said: Object | None = None, **fields: Any) -> Object:
    """One span with attributes ``said``; ``fields`` are as in OTLP/JSON."""
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "work",
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 1_500_000_000),
        "attributes": attributes(said or {}),
        **fields,
    }


def event(name: str, said: Object) -> Object:
    return {"name": name, "timeUnixNano": str(START), "attributes": attributes(said)}


def request(*spans: Object, resource: Object | None = None, scope: str = "app") -> bytes:
    """One export request with these spans."""
    found = {
        "resource": {"attributes": attributes(resource or {})},
        "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}],
    }
    return json.dumps({"resourceSpans": [found]}).encode()


def row(said: Object | None = None, *, scope: str = "app", **fields: Any) -> Object:
    """Read a single span with these attributes, and return its row."""
    return read(request(span(said, **fields), scope=scope)).row
