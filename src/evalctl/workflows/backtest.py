"""evalctl backtest: rubrics asked of history, exactly once, in groups that a killed run can resume."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evalctl.core.clock import now
from evalctl.core.errors import UserError
from evalctl.core.identity import timed_id
from evalctl.scoring.evaluate import KEYS, SMALL, select_group
from evalctl.scoring.select import lowest
from evalctl.workflows.backtest_fold import fold_into_spans, unfolded_dates
from evalctl.workflows.backtest_ledger import (
    Manifest,
    Pace,
    open_ledger,
    remember_rubrics,
)
from evalctl.workflows.backtest_plan import Work, empty_window, plan_work
from evalctl.workflows.backtest_result import BacktestResult
from evalctl.workflows.backtest_run import Found, Run, evaluate_tasks
from evalctl.workflows.backtest_summary import counted, retold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from evalctl.core.selection import Selection
    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.select import Left

ENGINES = ("local",)
_STEP_FLAGS = {
    "trace": "--trace",
    "session": "--session",
    "sample": "--sample",
    "where": "--where",
    "limit": "--limit",
}


def _silent(done: int, total: int) -> None:
    """Show no progress."""


def backtest(  # noqa: PLR0913  (one parameter a flag)
    lake: Lake,
    rubrics: Sequence[Rubric],
    selection: Selection,
    *,
    plan: bool = False,
    refresh: bool = False,
    write_back: bool = False,
    engine: str = "local",
    progress: Callable[[int, int], None] = _silent,
    pace: Pace | None = None,
) -> BacktestResult:
    """Ask rubrics about the selected targets of a lake and add their scores to the ledger.

    What earlier runs finished is not computed again, unless ``refresh``; nothing to do is found from
    metadata. ``plan`` writes nothing. ``write_back`` folds the newest answers into the spans.
    ``progress`` is told spans done and spans in all; ``pace`` bounds memory and what a kill costs.

    Raises:
        UserError: nothing is selected, ``where`` does not fit, or the engine does not exist.
    """
    if engine not in ENGINES:
        raise UserError(f"--engine {engine}: no such engine; there is {', '.join(ENGINES)}")
    began = time.monotonic()
    pace = pace or Pace()
    work = plan_work(lake, rubrics, selection, refresh=refresh, max_rows=pace.rows)
    if plan:
        return _result(work, state="planned")
    if work.twin is not None:
        result = _retold(work)
    elif not work.todo:
        found = evaluate_tasks(_limited(work), None, progress)
        result = _told(work, found, state="nothing to do")
    else:
        run = _started(lake, _limited(work), engine, checks=not refresh, pace=pace)
        result = _finished(run, progress)
    _write_back(lake, result, wanted=write_back)
    return replace(result, seconds=time.monotonic() - began)


def _started(lake: Lake, work: Work, engine: str, *, checks: bool, pace: Pace) -> Run:
    at = now()
    manifest = Manifest(
        run=timed_id(at),
        selection=work.asked.selection,
        rubrics=work.rubrics,
        started_at=at,
        lake_version=work.asked.spans.version,
        engine=engine,
    )
    ledger = open_ledger(lake, manifest.run, checks=checks, seconds=pace.seconds)
    return Run(lake=lake, manifest=manifest, ledger=ledger, work=work)


def _finished(run: Run, progress: Callable[[int, int], None]) -> BacktestResult:
    ledger, manifest = run.ledger, run.manifest
    try:
        found = evaluate_tasks(run.work, run, progress)
        _refuse_nothing(run.work, found)
        remember_rubrics(run.lake, run.work.rubrics, manifest.started_at)
        run.finish(found)
    finally:
        ledger.abandon()
    result = _told(run.work, found, state="done")
    return replace(result, run=manifest.run, scores=ledger.written, dates=frozenset(ledger.touched))


def _limited(work: Work) -> Work:
    """Find the targets that a limit leaves: the first in sampling order over all groups."""
    limit = work.asked.selection.limit
    if limit is None:
        return work
    targets: list[Target] = [t for t in SMALL if any(r.target == t for r in work.rubrics)]
    groups = [task.group for task in work.tasks if task.group is not None]
    left: dict[Target, Left] = {}
    chosen: dict[Target, pl.DataFrame] = {}
    for target in targets:
        found = [select_group(work.asked, group, target, left) for group in groups]
        chosen[target] = lowest(found, KEYS[target], limit)
        left[target]["limit"] = chosen[target].height
    return replace(work, asked=replace(work.asked, chosen=chosen), left=left)


def _refuse_nothing(work: Work, found: Found) -> None:
    """Raise where a selection left no target of any kind, naming the step that left none."""
    if any(min(steps.values(), default=0) for steps in found.left.values()):
        return
    steps = max(found.left.values(), key=lambda left: sum(count > 0 for count in left.values()))
    empty = next((name for name, count in steps.items() if not count), "lake")
    if empty == "window":
        raise empty_window(work.asked.spans.files(), work.asked.selection)
    before = [count for count in steps.values() if count]
    flag = _STEP_FLAGS.get(empty, f"--{empty}")
    raise UserError(
        f"{flag} selects nothing: {before[-1] if before else 0:,} targets before it, 0 after"
    )


def _retold(work: Work) -> BacktestResult:
    twin = work.twin
    if twin is None:
        raise TypeError
    told = twin.manifest
    return replace(
        _result(work, state="nothing to do"),
        left=told["left"],
        rubrics=retold(work.rubrics, twin.counts, told["weights"]),
        examples=told["worst"],
    )


def _told(work: Work, found: Found, *, state: Any) -> BacktestResult:
    return replace(
        _result(work, state=state),
        left=found.left,
        rubrics=counted(work.rubrics, found.tally),
        examples=json.loads(json.dumps(found.worst(work.rubrics), default=str)),
    )


def _result(work: Work, *, state: Any) -> BacktestResult:
    groups = [task.group for task in work.todo if task.group is not None]
    return BacktestResult(
        state=state,
        run=None,
        since=work.asked.selection.since,
        until=work.asked.selection.until,
        groups=len(work.tasks),
        todo=len(work.todo),
        todo_spans=sum(group.rows for group in groups),
        notes=[*work.notes, *_judged(work.rubrics)],
    )


def _judged(rubrics: Sequence[Rubric]) -> list[str]:
    names = [rubric.name for rubric in rubrics if rubric.judge is not None]
    return [f"skipped, no model to judge with: {', '.join(names)}"] if names else []


def _write_back(lake: Lake, result: BacktestResult, *, wanted: bool) -> None:
    if wanted:
        fold_into_spans(lake, result.dates or unfolded_dates(lake))
