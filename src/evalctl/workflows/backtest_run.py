"""The loop of a run: one group after the other, answers staged beside the next, parts committed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from evalctl.engines import local
from evalctl.scoring.answers import FAIL
from evalctl.scoring.evaluate import evaluate_group
from evalctl.scoring.examples import EXAMPLE, all_of, examples_of, worst
from evalctl.scoring.sessions_stage import evaluate_sessions
from evalctl.scoring.tally import add_answers, hit_sessions
from evalctl.workflows.backtest_history import SESSIONS_GROUP
from evalctl.workflows.backtest_ledger import Part, append_part
from evalctl.workflows.backtest_summary import count_rows, counted, weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.answers import Answers
    from evalctl.scoring.evaluate import Asked, Evaluated
    from evalctl.scoring.questions import Question
    from evalctl.scoring.select import Left
    from evalctl.scoring.tally import Tally
    from evalctl.workflows.backtest_ledger import Ledger, Manifest
    from evalctl.workflows.backtest_plan import Task, Work

EXAMPLES = 10


@dataclass(slots=True, kw_only=True)
class Found:
    """What the tasks of a run gave so far."""

    tally: Tally = field(default_factory=dict)
    left: dict[Target, Left] = field(default_factory=dict)
    examples: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={**EXAMPLE, "_hit": pl.UInt64()})
    )

    def add(self, evaluated: Evaluated) -> None:
        """Count the answers of a task and keep its newest failures."""
        failures = [self.examples]
        for answers in evaluated.answers:
            failed = np.flatnonzero((answers.codes == FAIL).any(axis=1))
            marks = hit_sessions(answers.keys, evaluated.sessions, failed)
            add_answers(self.tally, answers, marks)
            failures.append(examples_of(answers, marks))
        self.examples = all_of(failures)

    def add_left(self, left: dict[Target, Left], seen: set[Target]) -> None:
        """Add what each step left, once for each target of a task."""
        for target in set(left) - seen:
            total = self.left.setdefault(target, {})
            for step, count in left[target].items():
                total[step] = total.get(step, 0) + count
            seen.add(target)

    def worst(self, rubrics: Sequence[Rubric]) -> list[dict[str, Any]]:
        """Return the failures to look at first."""
        return worst(self.examples, {rubric.name: rubric.severity for rubric in rubrics}, EXAMPLES)


@dataclass(slots=True, kw_only=True)
class Run:
    """A run that writes: its ledger, and the manifest rows of what is finished."""

    lake: Lake
    manifest: Manifest
    ledger: Ledger
    work: Work
    _part: int = 0
    _groups: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def take(self, task: Task, fresh: Sequence[Answers]) -> None:
        """Stage the fresh answers of a task, which is finished with them."""
        for answers in fresh:
            self.ledger.add(answers)
        self._groups += _groups_of(task, self.work.state)

    def checkpoint(self, found: Found) -> None:
        """Commit what is pending, if it is time."""
        if self.ledger.is_due:
            self._commit(found, "running", self._groups)

    def finish(self, found: Found) -> None:
        """Commit the rest; the last part lists all groups of the selection.

        Where history is not trusted and nothing was new, there is nothing to tell.
        """
        if not self.work.trusts_history and not self.ledger.files and not self.ledger.written:
            return
        groups = [entry for task in self.work.tasks for entry in _groups_of(task, self.work.state)]
        self._commit(found, "done", groups)

    def _commit(self, found: Found, state: str, groups: list[dict[str, Any]]) -> None:
        self.ledger.commit()
        append_part(
            self.lake,
            self.manifest,
            Part(
                number=self._part,
                state=state,
                counts=count_rows(counted(self.work.rubrics, found.tally)),
                groups=groups,
                told={
                    "left": found.left,
                    "weights": weights(found.tally),
                    "worst": found.worst(self.work.rubrics),
                },
            ),
        )
        self._part += 1
        self._groups = []


def evaluate_tasks(work: Work, run: Run | None, progress: Callable[[int, int], None]) -> Found:
    """Evaluate all tasks in order; without a ``run`` they are only read from the ledger.

    While the answers of a group are written, the next group is evaluated.
    """
    found = Found(left=dict(work.left))
    total = sum(task.group.rows for task in work.tasks if task.group is not None)
    done = 0
    evaluated = local.run(partial(_evaluated, work.asked), work.tasks, ahead=1)
    for task, parts in zip(work.tasks, evaluated, strict=True):
        seen = set(work.left)
        for part in parts:
            found.add(part)
            found.add_left(part.left, seen)
        if run is not None:
            run.take(task, parts[0].answers if task.fresh else [])
            run.checkpoint(found)
        done += task.group.rows if task.group is not None else 0
        progress(done, total)
    return found


def _evaluated(asked: Asked, task: Task) -> list[Evaluated]:
    """Ask what is fresh, then read what is known; nothing stands for what there is none of."""
    waiting = [(task.fresh, False), (task.known, True)]
    return [_part(asked, task, questions, is_known) for questions, is_known in waiting if questions]


def _part(asked: Asked, task: Task, questions: list[Question], is_known: bool) -> Evaluated:  # noqa: FBT001
    if task.group is None:
        return evaluate_sessions(asked, questions, is_known=is_known)
    return evaluate_group(asked, task.group, questions, is_known=is_known)


def _groups_of(task: Task, state: str) -> Iterator[dict[str, Any]]:
    if task.group is None:
        day, low, high = SESSIONS_GROUP
        yield {"date": day, "bucket_from": low, "bucket_to": high, "state": state}
        return
    for day, day_state in zip(task.group.dates, task.group.states, strict=True):
        yield {
            "date": day,
            "bucket_from": task.group.bucket_from,
            "bucket_to": task.group.bucket_to,
            "state": day_state,
        }
