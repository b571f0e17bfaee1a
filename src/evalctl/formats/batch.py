"""What decoding yields: columns of spans, rows of feedback, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS
from evalctl.core.table import UTC_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILLED_BY_INGEST = frozenset(
    {
        "source",
        "date",
        "bucket",
        "u",
        "source_file",
        "ingest_batch",
        "ingested_at",
        "revision",
        "evaluations",
    }
)
SPAN_SCHEMA: Mapping[str, pl.DataType] = {
    name: dtype for name, dtype in SPANS.schema.items() if name not in _FILLED_BY_INGEST
}
"""Columns of ``Batch.spans``: those of the table that a record itself decides."""

FEEDBACK_SCHEMA: Mapping[str, pl.DataType] = {
    "trace_id": pl.String(),
    "span_id": pl.String(),
    "session_id": pl.String(),
    "name": pl.String(),
    "value": pl.Float64(),
    "verdict": pl.String(),
    "explanation": pl.String(),
    "label": pl.String(),
    "annotator": pl.String(),
    "at": UTC_TIME,
}
"""Columns of ``Batch.feedback``: a null span_id means the trace, a null trace_id the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A record, or one span of a record, that could not be read.

    ``offset`` counts bytes of the decompressed input, ``line`` from 1 where the input has lines;
    ``head`` is the shape of its first 80 characters, letters and digits masked.
    """

    offset: int | None
    line: int | None
    reason: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some records, decoded. ``truncated``: the input broke off within its last record."""

    spans: pl.DataFrame
    feedback: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list[Reject])
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of decompressed input that holds whole records.

    ``offset`` is its first byte in the input, ``line`` that byte's 1-based line; ``is_last`` says
    that nothing follows, so that a broken last record is a file still being written.
    """

    data: bytes
    offset: int
    line: int
    container: str
    is_last: bool
