"""What workers are told, and what they report: plain values that cross a process boundary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from evalctl.formats.batch import Reject
    from evalctl.lake.staging import StagedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is the same for all units of one ingest run."""

    lake: str
    salt: bytes
    source: str
    project: str | None
    batch: str
    at: datetime
    redact: tuple[str, ...] | None
    known: frozenset[str]
    writes: bool
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the spans of a chunk are.

    ``traces`` are hashes of trace ids, ``parents`` the keys of parents that the chunk does not hold,
    one per child.
    """

    spans: int = 0
    content: int = 0
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    conventions: dict[str, int] = field(default_factory=dict[str, int])
    first: datetime | None = None
    last: datetime | None = None
    traces: pl.Series | None = None
    parents: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRead:
    """One chunk of input, read. ``hash`` names its bytes; of a ``known`` one nothing else is told.

    ``offset`` counts from the start of the input, as do those of ``rejects``; the lines of
    ``rejects`` count from ``start``, where the unit begins.
    """

    file: int
    container: str
    hash: str
    start: int
    offset: int
    size: int
    known: bool
    truncated: bool = False
    tally: Tally = field(default_factory=Tally)
    feedback: pl.DataFrame | None = None
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One staged file of spans, null in a dry run, and ``keys`` with a row per span in it, in no order."""

    file: StagedFile | None
    keys: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Spans of one input that lost against another delivery before they were staged."""

    file: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advanced:
    """More bytes of input are done, as they stand on disk."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRead:
    """A unit is read to its end: how many lines it has, and whether its compressed data broke off."""

    file: int
    start: int
    lines: int
    cut_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised:
    """A stream that is no trace export."""

    file: int
    reason: str


Event = ChunkRead | Staged | Dropped | Advanced | UnitRead | Unrecognised
