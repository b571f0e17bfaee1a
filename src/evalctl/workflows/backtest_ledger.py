"""Writing a run: scores in commits of their own, each followed by a manifest row; never a score twice."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl import __version__
from evalctl.core.clock import now
from evalctl.core.identity import text_hash
from evalctl.core.schema import RUBRICS, RUNS, SCORES
from evalctl.lake.snapshot import Moved
from evalctl.lake.staging import discard, stage
from evalctl.scoring.groups import MAX_ROWS
from evalctl.scoring.ledger import already_scored, score_rows
from evalctl.workflows.backtest_history import meaning, selection_fields, selection_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from evalctl.core.selection import Selection
    from evalctl.lake.lake import Lake
    from evalctl.lake.snapshot import Snapshot
    from evalctl.lake.staging import StagedFile
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.answers import Answers

EVERY_ANSWERS = 10_000_000
"""Answers held for a second look until they are committed: one byte each, and some 120 bytes of keys a target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How large a group is and how often a run commits; a killed run repeats at most ``seconds``."""

    rows: int = MAX_ROWS
    seconds: float = 20.0


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The scores of one run on their way into the lake.

    Answers are checked against what the ledger held when they are staged; if somebody else commits
    scores in between, they are checked and staged again.
    """

    lake: Lake
    run: str
    checks: bool
    seconds: float
    snapshot: Snapshot
    dates: frozenset[date]
    pending: list[Answers] = field(default_factory=list["Answers"])
    files: list[StagedFile] = field(default_factory=list["StagedFile"])
    written: int = 0
    touched: set[date] = field(default_factory=set["date"])
    _since: float = field(default_factory=time.monotonic)
    _answers: int = 0

    @property
    def is_due(self) -> bool:
        """Whether what is pending should be committed now."""
        return time.monotonic() - self._since > self.seconds or self._answers > EVERY_ANSWERS

    def add(self, answers: Answers) -> None:
        """Stage the answers that the ledger does not hold."""
        self.pending.append(answers)
        self._answers += answers.codes.size
        self._stage(answers)

    def commit(self) -> None:
        """Make what was staged visible, in one commit."""
        while True:
            try:
                self.snapshot.commit(self.files, {"run": self.run})
            except Moved:
                self._again()
                continue
            break
        self.written += sum(file.rows for file in self.files)
        self.touched |= {file.date for file in self.files if file.date}
        self._look()
        self.pending.clear()
        self.files.clear()
        self._answers, self._since = 0, time.monotonic()

    def abandon(self) -> None:
        """Delete what was staged and not committed."""
        discard(self.lake.uri, self.files)
        self.files.clear()

    def _stage(self, answers: Answers) -> None:
        if self.checks and self.dates & set(answers.keys["date"].unique()):
            answers = answers.without(already_scored(self.snapshot.scan(), answers))
        rows = answers.arranged()
        if rows.keys.height:
            self.files += stage(self.lake.uri, SCORES, score_rows(rows, run=self.run, at=now()))

    def _look(self) -> None:
        self.snapshot = self.lake.snapshot(SCORES)
        self.dates = frozenset(self.snapshot.files()["date"])

    def _again(self) -> None:
        self.abandon()
        self._look()
        for answers in self.pending:
            self._stage(answers)


def open_ledger(lake: Lake, run: str, *, checks: bool, seconds: float) -> Ledger:
    """Begin to write scores; ``checks`` leaves out what the ledger holds already.

    What was added is due to be committed after ``seconds``.
    """
    snapshot = lake.snapshot(SCORES)
    dates = frozenset(snapshot.files()["date"])
    return Ledger(
        lake=lake, run=run, checks=checks, seconds=seconds, snapshot=snapshot, dates=dates
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is the same in all parts of a run."""

    run: str
    selection: Selection
    rubrics: Sequence[Rubric]
    started_at: datetime
    lake_version: int
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part of a run adds: counts so far, groups finished with it, what the summary told."""

    number: int
    state: str
    counts: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    told: Mapping[str, Any]


def append_part(lake: Lake, manifest: Manifest, part: Part) -> None:
    """Write one row of ``runs``."""
    selection = {
        **selection_fields(manifest.selection),
        "asked": {rubric.name: meaning(rubric) for rubric in manifest.rubrics},
        **part.told,
    }
    row = {
        "run": manifest.run,
        "part": part.number,
        "state": part.state,
        "selection": json.dumps(selection, default=str),
        "selection_key": selection_key(manifest.selection),
        "since": manifest.selection.since,
        "until": manifest.selection.until,
        "started_at": manifest.started_at,
        "finished_at": now(),
        "lake_version": manifest.lake_version,
        "salt": text_hash(lake.salt.hex()),
        "counts": list(part.counts),
        "groups": list(part.groups),
        "cost_usd": None,
        "tool_version": __version__,
        "engine": manifest.engine,
    }
    lake.append(RUNS, pl.DataFrame([row], schema=RUNS.schema))


def remember_rubrics(lake: Lake, rubrics: Sequence[Rubric], at: datetime) -> None:
    """Keep the full text of rubric versions that the lake has not seen."""
    known = set(lake.scan(RUBRICS).select("rubric", "version").collect().iter_rows())
    new = [rubric for rubric in rubrics if (rubric.name, rubric.version) not in known]
    if new:
        rows = [
            {"rubric": r.name, "version": r.version, "text": r.text, "first_used": at} for r in new
        ]
        lake.append(RUBRICS, pl.DataFrame(rows, schema=RUBRICS.schema))
