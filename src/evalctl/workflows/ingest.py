"""Trace exports into the lake, exactly once: the run as a whole."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evalctl.core.clock import now
from evalctl.core.errors import UserError
from evalctl.core.identity import timed_id
from evalctl.core.schema import REJECTS, SCORES, SOURCES, SPANS
from evalctl.lake.lake import Lake
from evalctl.workflows.ingest_commit import add_new, add_spans, foresee, forget
from evalctl.workflows.ingest_compact import compact_crowded
from evalctl.workflows.ingest_events import Job
from evalctl.workflows.ingest_feedback import SCORE_KEY, score_rows
from evalctl.workflows.ingest_inputs import find_inputs, plan_units
from evalctl.workflows.ingest_pool import Local, Pool
from evalctl.workflows.ingest_report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from datetime import datetime

    from evalctl.workflows.ingest_inputs import Input, Unit
    from evalctl.workflows.ingest_result import IngestResult

SMALL = 100 << 20
"""Below this many bytes one process is faster: others take half a second to start."""

PART = 2 << 30
"""Bytes of input between commits: what a killed run has to read again."""

BUDGET = 48 << 20
"""Bytes of decoded rows that a worker holds before it stages the largest date."""

REJECT_KEY = ("file", "offset", "line", "reason", "head")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """How to ingest. ``redact`` are the entities to mask, null for none; 0 processes: choose.

    ``part`` is the bytes of input between commits, ``budget`` those of rows that a worker holds.
    """

    source: str = "default"
    project: str | None = None
    dry_run: bool = False
    redact: tuple[str, ...] | None = None
    processes: int = 0
    part: int = PART
    budget: int = BUDGET


class _Crew(Protocol):
    def run(self, units: Sequence[Unit]) -> None: ...
    def stop(self, *, early: bool) -> None: ...


def _silent(done: int, total: int) -> None:
    """Show no progress."""


def ingest(
    lake_uri: str,
    inputs: Sequence[str],
    options: IngestOptions,
    progress: Callable[[int, int], None] = _silent,
) -> IngestResult:
    """Read files, folders, globs and ``-`` into the lake, creating it where there is none.

    The same bytes again change nothing; a span delivered again with more replaces the earlier row.
    ``progress`` is told bytes done and bytes in all, 0 where that is not known.

    Raises:
        UserError: an input cannot be read, nothing in them is a trace, or the lake cannot be written.
    """
    clock = time.monotonic()
    found = find_inputs(inputs)
    _require_input(found)
    lake = _lake(lake_uri, options)
    known = _known_chunks(lake)
    job = _job(lake, known, options)
    report = Report(found, known, progress)
    _run(lake, plan_units(found), report, job, options)
    compacted = compact_crowded(lake, report.dates) if lake and job.writes else 0
    return report.result(job, seconds=time.monotonic() - clock, compacted=compacted)


def _require_input(found: Sequence[Input]) -> None:
    if all(source.skipped is not None for source in found):
        raise UserError(_nothing([(source.path, source.skipped or "") for source in found]))


def _nothing(reasons: Sequence[tuple[str, str]]) -> str:
    path, reason = reasons[0]
    others = f", nor are {len(reasons) - 1} other files" if len(reasons) > 1 else ""
    return (
        f"{path}: {reason}{others}; nothing was ingested: evalctl reads OTLP traces (JSON or"
        " protobuf) and chat records, see docs/formats.md"
    )


def _lake(uri: str, options: IngestOptions) -> Lake | None:
    if not options.dry_run:
        return Lake.create(uri)
    if "://" not in uri and not (Path(uri) / "evalctl.json").exists():
        return None
    return Lake.open(uri)


def _known_chunks(lake: Lake | None) -> dict[str, int]:
    if lake is None:
        return {}
    rows = lake.scan(SOURCES).select("chunk", "spans").collect()
    return dict(rows.iter_rows())


def _job(lake: Lake | None, known: dict[str, int], options: IngestOptions) -> Job:
    at: datetime = now()
    return Job(
        lake=lake.uri if lake else "",
        salt=lake.salt if lake else b"",
        source=options.source,
        project=options.project,
        batch=timed_id(at),
        at=at,
        redact=options.redact,
        known=frozenset(known),
        writes=not options.dry_run,
        budget=options.budget,
    )


def _run(
    lake: Lake | None, units: Sequence[Unit], report: Report, job: Job, options: IngestOptions
) -> None:
    with _cleanup(lake, report), _crew(job, report, units, options) as crew:
        for part in _parts(units, options.part):
            crew.run(part)
            report.require_something(last=part[-1] is units[-1])
            _finish(lake, report, job)


def _finish(lake: Lake | None, report: Report, job: Job) -> None:
    """Commit what is staged, with the feedback, rejects and chunk notes that belong to it."""
    if lake is None or not job.writes:
        report.settled(foresee(lake, report.staged, job))
        return
    settled = add_spans(lake, report.staged, job)
    add_new(lake, SCORES, score_rows(lake, report.feedback(), report.staged, job), SCORE_KEY)
    add_new(lake, REJECTS, report.reject_rows(job), REJECT_KEY)
    add_new(lake, SOURCES, report.source_rows(job), ["chunk"])
    report.settled(settled)


@contextmanager
def _crew(
    job: Job, report: Report, units: Sequence[Unit], options: IngestOptions
) -> Generator[_Crew]:
    count = _processes(units, options.processes)
    crew: _Crew = Pool(job, report.take, count) if count > 1 else Local(job, report.take)
    done = False
    try:
        yield crew
        done = True
    finally:
        crew.stop(early=not done)


def _processes(units: Sequence[Unit], wanted: int) -> int:
    """Choose the number of processes; streams and small inputs are read by this one."""
    if any(unit.input.is_stream for unit in units):
        return 1
    if not wanted and sum(unit.size for unit in units) < SMALL:
        return 1
    return min(wanted or os.cpu_count() or 1, len(units))


@contextmanager
def _cleanup(lake: Lake | None, report: Report) -> Generator[None]:
    """Delete staged files that no commit names when the run ends early."""
    try:
        yield
    finally:
        left = [one.file for one in report.staged if one.file]
        if lake and left:
            forget(lake, SPANS, left)


def _parts(units: Sequence[Unit], size: int) -> Iterator[list[Unit]]:
    part: list[Unit] = []
    for unit in units:
        part.append(unit)
        if sum(one.size for one in part) >= size:
            yield part
            part = []
    if part:
        yield part
