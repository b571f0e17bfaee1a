"""What an ingest run did, per input and in all: the value that ``ingest`` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """One input. ``skipped`` says why it was not read; ``notes`` what is odd about it.

    ``spans`` were read, of which ``duplicates`` were there already or came in a better delivery and
    ``replaced`` replace an earlier row. ``known`` spans stand in chunks that were ingested before.
    """

    path: str
    containers: tuple[str, ...] = ()
    conventions: dict[str, int] = field(default_factory=dict[str, int])
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    size: int = 0
    spans: int = 0
    known: int = 0
    traces: int = 0
    with_content: int = 0
    orphans: int = 0
    duplicates: int = 0
    replaced: int = 0
    feedback: int = 0
    rejects: dict[str, int] = field(default_factory=dict[str, int])
    notes: tuple[str, ...] = ()
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """A finished run. Counts are of the whole run; ``first`` and ``last`` are starts of spans."""

    lake: str
    batch: str
    dry_run: bool
    files: tuple[FileReport, ...]
    spans: int
    added: int
    replaced: int
    duplicates: int
    known: int
    traces: int
    feedback: int
    rejects: int
    size: int
    first: datetime | None
    last: datetime | None
    seconds: float
    compacted: int = 0
