"""One worker: units of input in, staged files of spans and reports out; in this process or its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, cast

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import coordinate
from evalctl.core.schema import SPANS
from evalctl.formats.decode import decode, split
from evalctl.formats.lines import breaks
from evalctl.lake.staging import stage
from evalctl.workflows.ingest_buffer import Buffer
from evalctl.workflows.ingest_events import (
    Advanced,
    ChunkRead,
    Dropped,
    Event,
    Job,
    Staged,
    Tally,
    UnitRead,
    Unrecognised,
)
from evalctl.workflows.ingest_keys import KEY, KEYS_SCHEMA, best, key, repeats, weight
from evalctl.workflows.ingest_streams import open_unit

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from evalctl.formats.batch import Batch, Chunk, Reject
    from evalctl.workflows.ingest_inputs import Unit
    from evalctl.workflows.ingest_streams import Opened

REJECTS = 10_000
"""Rejects of one chunk that are kept as rows; beyond it a file is broken as a whole."""

_TALLIED = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "kind",
    "source_format",
    "content_captured",
    "start_time",
)


def _go_on() -> None:
    """Do nothing between batches."""


class Worker:
    """Reads units one after another; rows of different units share a buffer until ``flush``.

    ``pause`` is called after every batch and every staged date: some 30 times a second.
    """

    def __init__(
        self, job: Job, emit: Callable[[Event], None], pause: Callable[[], None] = _go_on
    ) -> None:
        self._job = job
        self._emit = emit
        self._pause = pause
        self._buffer = Buffer(job.budget)
        self._names: dict[int, str] = {}
        self._prefix = f"{job.source}\0{job.project or ''}\0".encode("utf-8", "surrogatepass")

    def read(self, unit: Unit) -> None:
        """Read one unit chunk by chunk and report each.

        Raises:
            UserError: the input cannot be read, or staged files cannot be written.
        """
        self._names[unit.input.index] = unit.input.name
        with closing(open_unit(unit)) as opened:
            container = unit.input.container or opened.container()
            if container == "unknown":
                self._emit(Unrecognised(file=unit.input.index, reason="not a trace export"))
                return
            done = lines = 0
            for chunk in split(opened.stream, container):
                self._emit(self._read_chunk(unit, chunk))
                done += self._advance(opened, done)
                lines = chunk.line - 1 + _lines_of_last(chunk, unit)
            self._emit(Advanced(size=max(unit.size - done, 0)))
            self._emit(
                UnitRead(
                    file=unit.input.index,
                    start=unit.start,
                    lines=lines,
                    cut_off=opened.cut_off,
                )
            )

    def flush(self) -> None:
        """Stage all rows that are left."""
        for frame in self._buffer.rest():
            self._stage(frame)

    def close(self) -> None:
        """Drop rows that are not staged."""
        self._buffer.close()

    def _advance(self, opened: Opened, done: int) -> int:
        step = max(opened.position - done, 0)
        self._emit(Advanced(size=step))
        return step

    def _read_chunk(self, unit: Unit, chunk: Chunk) -> ChunkRead:
        state = sha256(self._prefix)
        state.update(chunk.data)
        read = ChunkRead(
            file=unit.input.index,
            container=chunk.container,
            hash=state.hexdigest(),
            start=unit.start,
            offset=unit.start + chunk.offset,
            size=len(chunk.data),
            known=state.hexdigest() in self._job.known,
        )
        if read.known:
            return read
        return self._decode(unit, chunk, read)

    def _decode(self, unit: Unit, chunk: Chunk, read: ChunkRead) -> ChunkRead:
        placed = replace(chunk, offset=read.offset, is_last=chunk.is_last and unit.is_tail)
        seen: list[pl.DataFrame] = []
        feedback: list[pl.DataFrame] = []
        rejects: list[Reject] = []
        truncated = False
        for batch in decode(placed, placed.container):
            self._keep(batch, unit.input.index, seen, feedback)
            rejects += batch.rejects[: REJECTS - len(rejects)]
            truncated = truncated or batch.truncated
            self._pause()
        return replace(
            read,
            truncated=truncated,
            tally=_tally(seen),
            feedback=pl.concat(feedback) if feedback else None,
            rejects=tuple(rejects),
        )

    def _keep(
        self, batch: Batch, file: int, seen: list[pl.DataFrame], feedback: list[pl.DataFrame]
    ) -> None:
        spans, said = batch.spans, batch.feedback
        if self._job.redact is not None:
            from evalctl.workflows.ingest_redact import redact_feedback, redact_spans

            spans = redact_spans(spans, self._job.redact, self._job.salt)
            said = redact_feedback(said, self._job.redact, self._job.salt)
        if said.height:
            feedback.append(said)
        if not spans.height:
            return
        seen.append(spans.select(_TALLIED))
        day = pl.col("start_time").dt.date().fill_null(UNTIMED)
        self._buffer.add(spans.with_columns(day.alias("date"), file=pl.lit(file, pl.UInt32)))
        for frame in self._buffer.due():
            self._stage(frame)

    def _stage(self, frame: pl.DataFrame) -> None:
        placed = _coordinates(frame["trace_id"], self._job.salt)
        ranked = frame.with_columns(*key(), weight(), *placed)
        once = best(ranked) if repeats(ranked) else ranked
        keys = once.select(list(KEYS_SCHEMA))
        files = stage(self._job.lake, SPANS, self._rows(once)) if self._job.writes else [None]
        for file in files:
            self._emit(Staged(file=file, keys=keys))
        if once.height < ranked.height:
            _report_dropped(self._emit, ranked, once)
        self._pause()

    def _rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        job = self._job
        names = self._names
        filled = frame.with_columns(
            pl.lit(job.source).alias("source"),
            pl.col("file")
            .replace_strict(list(names), list(names.values()), return_dtype=pl.String)
            .alias("source_file"),
            pl.lit(job.batch).alias("ingest_batch"),
            pl.lit(job.at, SPANS.schema["ingested_at"]).alias("ingested_at"),
            pl.lit(0, pl.Int16).alias("revision"),
            pl.lit(None, SPANS.schema["evaluations"]).alias("evaluations"),
            pl.col("project") if job.project is None else pl.lit(job.project).alias("project"),
        )
        return filled.select(list(SPANS.schema))


def _lines_of_last(chunk: Chunk, unit: Unit) -> int:
    """Count the lines of the last chunk of a range that others follow; nobody asks for other counts."""
    return 0 if unit.is_tail or not chunk.is_last else breaks(chunk.data)


def _report_dropped(
    emit: Callable[[Event], None], before: pl.DataFrame, after: pl.DataFrame
) -> None:
    left = dict(after.group_by("file").len().iter_rows())
    for file, count in before.group_by("file").len().iter_rows():
        if count > left.get(file, 0):
            emit(Dropped(file=file, count=count - left.get(file, 0)))


def _coordinates(traces: pl.Series, salt: bytes) -> list[pl.Series]:
    """Return u and bucket of each row; each trace is hashed once."""
    once = traces.unique()
    placed = [coordinate(trace, salt) for trace in once.to_list()]
    u = traces.replace_strict(once, pl.Series([p[0] for p in placed], dtype=pl.Float64))
    bucket = traces.replace_strict(once, pl.Series([p[1] for p in placed], dtype=pl.Int16))
    return [u.alias("u"), bucket.alias("bucket")]


def _tally(seen: list[pl.DataFrame]) -> Tally:
    if not seen:
        return Tally()
    rows = pl.concat(seen).with_columns(key())
    return Tally(
        spans=rows.height,
        content=int(rows["content_captured"].sum() or 0),
        kinds=_counts(rows, "kind"),
        conventions=_counts(rows, "source_format"),
        first=cast("datetime | None", rows["start_time"].min()),
        last=cast("datetime | None", rows["start_time"].max()),
        traces=rows["t"].unique(),
        parents=_unseen_parents(rows),
    )


def _unseen_parents(rows: pl.DataFrame) -> pl.DataFrame:
    parents = rows.filter(pl.col("parent_span_id").is_not_null()).select(key("parent_span_id"))
    return parents.join(rows, on=KEY, how="anti")


def _counts(rows: pl.DataFrame, column: str) -> dict[str, int]:
    return {str(word): count for word, count in rows.group_by(column).len().iter_rows()}
