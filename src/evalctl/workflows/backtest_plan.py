"""What a backtest will do: compiled questions, groups, and which of them earlier runs finished."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.errors import UserError
from evalctl.core.schema import SCORES, SPANS
from evalctl.core.views import view_schema
from evalctl.core.words import TARGETS
from evalctl.rubrics.conditions import compile_condition
from evalctl.scoring.evaluate import Asked
from evalctl.scoring.groups import plan_groups
from evalctl.scoring.questions import eval_parts, questions_of
from evalctl.scoring.sessions_stage import lake_state
from evalctl.workflows.backtest_history import (
    History,
    Part,
    history,
    load_parts,
    same_targets,
    selection_key,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.core.selection import Selection
    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake
    from evalctl.rubrics.conditions import Condition
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.groups import Group
    from evalctl.scoring.questions import Question
    from evalctl.scoring.select import Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One group (None: the stage about sessions), what is to be asked of it and what was already."""

    group: Group | None
    fresh: list[Question]
    known: list[Question]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All tasks of a run.

    ``twin`` is a finished run that asked exactly this, if there is one; ``left`` what each step of the
    selection left, where a limit made that known beforehand. History is not trusted where all is to
    be scored again, or where verdicts select the targets: these change without a new span.
    """

    rubrics: list[Rubric]
    asked: Asked
    tasks: list[Task]
    state: str
    twin: Part | None
    notes: list[str]
    trusts_history: bool
    left: dict[Target, Left] = field(default_factory=dict)

    @property
    def todo(self) -> list[Task]:
        """The tasks that have something fresh to ask."""
        return [task for task in self.tasks if task.fresh]


def plan_work(
    lake: Lake, rubrics: Sequence[Rubric], selection: Selection, *, refresh: bool, max_rows: int
) -> Work:
    """Plan from the log and the manifests of earlier runs; nothing is read of spans but their log.

    Raises:
        UserError: no span is in the window, or ``where`` does not fit the targets of any rubric.
    """
    spans = lake.snapshot(SPANS)
    files = spans.files()
    groups = plan_groups(files, since=selection.since, until=selection.until, max_rows=max_rows)
    _refuse_empty(lake, files, groups, selection)
    where, kept, notes = _where(rubrics, selection)
    questions = questions_of(kept)
    trusts = not refresh and not any(eval_parts(c.columns) for c in where.values())
    past = history(load_parts(lake, selection) if trusts else [], kept, selection, files, groups)
    state = lake_state(files)
    tasks = [
        _task(group, [q for q in questions if q.rubric.target != "session"], past)
        for group in groups
    ]
    of_sessions = [q for q in questions if q.rubric.target == "session"]
    if of_sessions:
        done = [q for q in of_sessions if past.is_state_done(q.rubric, state)]
        fresh = [q for q in of_sessions if q not in done]
        tasks.append(Task(group=None, fresh=fresh, known=done))
    asked = Asked(spans=spans, scores=lake.snapshot(SCORES), selection=selection, where=where)
    work = Work(
        rubrics=kept,
        asked=asked,
        tasks=tasks,
        state=state,
        twin=None,
        notes=notes,
        trusts_history=trusts,
    )
    return work if work.todo else replace(work, twin=_twin(work, past))


def _task(group: Group, questions: list[Question], past: History) -> Task:
    done = [q for q in questions if past.is_done(q.rubric, group)]
    return Task(group=group, fresh=[q for q in questions if q not in done], known=done)


def _twin(work: Work, past: History) -> Part | None:
    """Find a finished run of the same selection that holds all the answers and their counts."""
    selection = work.asked.selection
    window = (selection.since, selection.until)
    for part in reversed(past.parts):
        if part.state != "done" or part.key != selection_key(selection):
            continue
        alone = replace(past, parts=[part], since=part.since, until=part.until)
        if all(_finished(alone, task, work.state) for task in work.tasks) and same_targets(
            work.asked.spans, window, (part.since, part.until)
        ):
            return part
    return None


def _finished(past: History, task: Task, state: str) -> bool:
    if task.group is None:
        return all(past.is_state_done(question.rubric, state) for question in task.known)
    return all(past.is_done(question.rubric, task.group) for question in task.known)


def _where(
    rubrics: Sequence[Rubric], selection: Selection
) -> tuple[dict[Target, Condition], list[Rubric], list[str]]:
    """Compile ``--where`` for each target; leave out rubrics of targets that lack its columns."""
    if selection.where is None:
        return {}, list(rubrics), []
    compiled: dict[Target, Condition] = {}
    refused: list[UserError] = []
    targets: list[Target] = [t for t in TARGETS if any(rubric.target == t for rubric in rubrics)]
    for target in targets:
        try:
            compiled[target] = compile_condition(selection.where, view_schema(target), "--where")
        except UserError as error:
            refused.append(error)
    if not compiled:
        raise refused[0]
    kept = [rubric for rubric in rubrics if rubric.target in compiled]
    lost = [target for target in targets if target not in compiled]
    notes = [
        f"--where names no columns of a {target}: "
        f"{sum(rubric.target == target for rubric in rubrics)} rubrics about {target}s are left out"
        for target in lost
    ]
    return compiled, kept, notes


def _refuse_empty(
    lake: Lake, files: pl.DataFrame, groups: Sequence[Group], selection: Selection
) -> None:
    if groups:
        return
    if files.is_empty():
        raise UserError(f"the lake {lake.uri} holds no spans; evalctl ingest FILES adds some")
    raise empty_window(files, selection)


def empty_window(files: pl.DataFrame, selection: Selection) -> UserError:
    """Return the error of a window in which no target starts, with the dates that the lake holds."""
    timed = files.filter(pl.col("date") != UNTIMED)["date"]
    if timed.is_empty():
        return UserError("no span of the lake has a start time; leave out --since and --until")
    return UserError(
        f"--since/--until: nothing starts in the window {_window(selection)}; the lake holds spans "
        f"of {timed.min()} to {timed.max()}"
    )


def _window(selection: Selection) -> str:
    since = f"{selection.since:%Y-%m-%d %H:%M}" if selection.since else "the beginning"
    until = f"{selection.until:%Y-%m-%d %H:%M}" if selection.until else "the end"
    return f"{since} to {until} UTC"
