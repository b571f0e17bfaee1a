"""Collects what workers tell: rows to commit on the way, the result at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.schema import REJECTS, SOURCES
from evalctl.workflows.ingest_events import (
    Advanced,
    ChunkRead,
    Dropped,
    Event,
    Job,
    Staged,
    UnitRead,
    Unrecognised,
)
from evalctl.workflows.ingest_keys import KEY
from evalctl.workflows.ingest_result import FileReport, IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date, datetime

    from evalctl.workflows.ingest_dedupe import Settled
    from evalctl.workflows.ingest_inputs import Input

_REMEMBERED = 8_000_000
"""Keys kept to tell orphans: 128 MB. In a longer run a parent that came earlier counts as missing."""


@dataclass(slots=True)
class _File:
    source: Input
    containers: dict[str, None] = field(default_factory=dict[str, None])
    conventions: Counter[str] = field(default_factory=Counter[str])
    kinds: Counter[str] = field(default_factory=Counter[str])
    rejects: Counter[str] = field(default_factory=Counter[str])
    count: Counter[str] = field(default_factory=Counter[str])
    traces: list[pl.Series] = field(default_factory=list[pl.Series])
    parents: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    lines: dict[int, int] = field(default_factory=dict[int, int])
    notes: dict[str, None] = field(default_factory=dict[str, None])
    skipped: str | None = None

    @property
    def is_recognised(self) -> bool:
        return any(self.count[word] for word in ("spans", "known", "feedback"))

    def take(self, chunk: ChunkRead, known: Callable[[str], int]) -> None:
        tally = chunk.tally
        self.containers[chunk.container] = None
        self.count["size"] += chunk.size
        if chunk.known:
            self.count["known"] += known(chunk.hash)
        self.count["spans"] += tally.spans
        self.count["content"] += tally.content
        self.conventions.update(tally.conventions)
        self.kinds.update(tally.kinds)
        self.rejects.update(reject.reason for reject in chunk.rejects)
        self.count["feedback"] += chunk.feedback.height if chunk.feedback is not None else 0
        if tally.traces is not None:
            self.traces = _merged([*self.traces, tally.traces])
        if tally.parents is not None and tally.parents.height:
            self.parents.append(tally.parents)
        if chunk.truncated:
            self.notes["the last record is cut off: ingest again when the file is complete"] = None


class Report:
    """Collects what workers tell; ``take`` it all, then ask for the rows to commit and the result."""

    def __init__(
        self,
        inputs: Sequence[Input],
        known: dict[str, int],
        advanced: Callable[[int, int], None],
    ) -> None:
        self._files = {source.index: _File(source, skipped=source.skipped) for source in inputs}
        self._known = known
        self._advanced = advanced
        self._total = sum(source.size for source in inputs if source.skipped is None)
        self._done = 0
        self._keys: list[pl.DataFrame] = []
        self._range: list[datetime] = []
        self._dates: set[date] = set()
        self.staged: list[Staged] = []
        self.chunks: list[ChunkRead] = []

    def take(self, event: Event) -> None:
        """Note one report of a worker."""
        match event:
            case ChunkRead():
                self._take_chunk(event)
            case Staged():
                self._take_staged(event)
            case Dropped(file=file, count=count):
                self._files[file].count["dropped"] += count
            case Advanced(size=size):
                self._done += size
                self._advanced(self._done, self._total)
            case UnitRead():
                self._take_unit(event)
            case Unrecognised(file=file, reason=reason):
                self._files[file].skipped = reason

    def settled(self, settled: Settled) -> None:
        """Note what the commit dropped and replaced, and forget what is committed."""
        for file, count in settled.dropped.items():
            self._files[file].count["dropped"] += count
        for file, count in settled.replaced.items():
            self._files[file].count["replaced"] += count
        self.staged.clear()
        self.chunks.clear()

    def feedback(self) -> list[pl.DataFrame]:
        """Return the feedback of the chunks that are not committed yet."""
        return [chunk.feedback for chunk in self.chunks if chunk.feedback is not None]

    def source_rows(self, job: Job) -> pl.DataFrame:
        """Return a row of ``sources`` per chunk that held something; others may be read again."""
        rows = [
            (
                chunk.hash,
                self._files[chunk.file].source.name,
                chunk.offset,
                chunk.size,
                chunk.container,
                chunk.tally.spans,
                len(chunk.rejects),
                job.batch,
                job.at,
            )
            for chunk in self.chunks
            if not chunk.known and (chunk.tally.spans or chunk.feedback is not None)
        ]
        return pl.DataFrame(rows, schema=SOURCES.schema, orient="row")

    def reject_rows(self, job: Job) -> pl.DataFrame:
        """Return a row of ``rejects`` per record that was not read, with its line in the whole input."""
        rows = [
            (
                self._files[chunk.file].source.name,
                reject.offset,
                self._line(chunk, reject.line),
                reject.reason,
                reject.head,
                job.batch,
                job.at,
            )
            for chunk in self.chunks
            for reject in chunk.rejects
        ]
        return pl.DataFrame(rows, schema=REJECTS.schema, orient="row")

    @property
    def dates(self) -> set[date]:
        """The dates that this run staged spans of."""
        return self._dates

    def require_something(self, *, last: bool) -> None:
        """Stop a run that found nothing to ingest, now or before, in any input.

        Raises:
            UserError: names the first input and why.
        """
        read = [file for file in self._files.values() if file.skipped is None]
        if last and not any(file.is_recognised for file in read):
            first = next(iter(read or self._files.values()))
            reason = next(iter(first.rejects), first.skipped or "it holds no span")
            raise UserError(f"{first.source.path}: no trace in it ({reason}); nothing was ingested")

    def result(self, job: Job, *, seconds: float, compacted: int) -> IngestResult:
        """Return what the run did, after the last commit."""
        keys = pl.concat(self._keys) if self._keys else None
        files = tuple(_file_report(file, keys) for file in self._files.values())
        traces = [part for file in self._files.values() for part in file.traces]
        spans, lost = sum(f.spans for f in files), sum(f.duplicates for f in files)
        return IngestResult(
            lake=job.lake,
            batch=job.batch,
            dry_run=not job.writes,
            files=files,
            spans=spans,
            added=spans - lost,
            replaced=sum(f.replaced for f in files),
            duplicates=lost,
            known=sum(f.known for f in files),
            traces=pl.concat(traces).n_unique() if traces else 0,
            feedback=sum(f.feedback for f in files),
            rejects=sum(sum(f.rejects.values()) for f in files),
            size=sum(f.size for f in files),
            first=self._range[0] if self._range else None,
            last=self._range[-1] if self._range else None,
            seconds=seconds,
            compacted=compacted,
        )

    def _take_chunk(self, chunk: ChunkRead) -> None:
        self._files[chunk.file].take(chunk, lambda name: self._known.get(name, 0))
        times = [time for time in (chunk.tally.first, chunk.tally.last) if time]
        if times:
            self._range = [min(self._range + times), max(self._range + times)]
        self.chunks.append(chunk)

    def _take_unit(self, unit: UnitRead) -> None:
        file = self._files[unit.file]
        file.lines[unit.start] = unit.lines
        if unit.cut_off:
            file.notes["the compressed data breaks off: what came before it was read"] = None

    def _take_staged(self, staged: Staged) -> None:
        self.staged.append(staged)
        if staged.file and staged.file.date:
            self._dates.add(staged.file.date)
        self._keys.append(staged.keys.select(KEY))
        while len(self._keys) > 1 and sum(keys.height for keys in self._keys) > _REMEMBERED:
            del self._keys[0]

    def _line(self, chunk: ChunkRead, line: int | None) -> int | None:
        if line is None:
            return None
        lines = self._files[chunk.file].lines
        return line + sum(count for start, count in lines.items() if start < chunk.start)


def _merged(parts: list[pl.Series]) -> list[pl.Series]:
    return [pl.concat(parts).unique()] if len(parts) > 64 else parts


def _file_report(file: _File, keys: pl.DataFrame | None) -> FileReport:
    count = file.count
    hollow = None if file.is_recognised or file.rejects else "no span and no feedback in it"
    return FileReport(
        path=file.source.path,
        containers=tuple(file.containers),
        conventions=dict(file.conventions.most_common()),
        kinds=dict(file.kinds.most_common()),
        size=count["size"],
        spans=count["spans"],
        known=count["known"],
        traces=pl.concat(file.traces).n_unique() if file.traces else 0,
        with_content=count["content"],
        orphans=_orphans(file.parents, keys),
        duplicates=count["dropped"],
        replaced=count["replaced"],
        feedback=count["feedback"],
        rejects=dict(file.rejects.most_common()),
        notes=tuple(file.notes),
        skipped=file.skipped or hollow,
    )


def _orphans(parents: Iterable[pl.DataFrame], keys: pl.DataFrame | None) -> int:
    children = list(parents)
    if not children:
        return 0
    missing = pl.concat(children)
    return missing.height if keys is None else missing.join(keys, on=KEY, how="anti").height
