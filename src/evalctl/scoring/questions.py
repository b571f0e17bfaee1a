"""Rubrics made ready to be asked: compiled, ordered by what they read of each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.views import view_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalctl.core.words import Target
    from evalctl.rubrics.plan import Plan
    from evalctl.rubrics.rubric import Rubric

PARTS: dict[str, pl.DataType] = {
    "verdict": pl.String(),
    "value": pl.Float64(),
    "explanation": pl.String(),
}
"""What a rubric may read of another's answer, as ``eval.<rubric>.<part>``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A rubric with its compiled plan; ``stage`` is 0 or one more than the stages of what it reads."""

    rubric: Rubric
    plan: Plan
    stage: int
    view: frozenset[str] = field(default_factory=frozenset)

    @property
    def unit(self) -> tuple[str | None, float, str | None]:
        """What decides whom it is asked about: questions that share it share the filtered rows."""
        return (self.rubric.where, self.rubric.sample.rate, self.rubric.sample.always)


def questions_of(rubrics: Sequence[Rubric]) -> list[Question]:
    """Compile rubrics and put them into stages; the loader has refused circles and mixed targets."""
    by_name = {rubric.name: rubric for rubric in rubrics}
    order = TopologicalSorter(
        {r.name: sorted(r.uses & set(by_name)) for r in rubrics}
    ).static_order()
    stages: dict[str, int] = {}
    for name in order:
        stages[name] = max(
            (stages[used] + 1 for used in by_name[name].uses if used in stages), default=0
        )
    return [_question(rubric, stages[rubric.name]) for rubric in rubrics]


def view_columns(questions: Iterable[Question]) -> set[str]:
    """Return the view columns that questions read."""
    return {column for question in questions for column in question.view}


def references(questions: Iterable[Question]) -> dict[str, set[str]]:
    """Return the rubrics whose answers are read, each with the parts that are."""
    return eval_parts(column for question in questions for column in question.plan.columns)


def eval_parts(columns: Iterable[str]) -> dict[str, set[str]]:
    """Sort out ``eval.<rubric>.<part>`` columns: rubric -> parts."""
    found: dict[str, set[str]] = {}
    for column in columns:
        if column.startswith("eval."):
            rubric, part = column.removeprefix("eval.").rsplit(".", 1)
            found.setdefault(rubric, set()).add(part)
    return found


def of_target(questions: Iterable[Question], target: Target) -> list[Question]:
    """Return the questions about one kind of target."""
    return [question for question in questions if question.rubric.target == target]


def _question(rubric: Rubric, stage: int) -> Question:
    plan = rubric.plan()
    reads = plan.columns | set(plan.evidence) | set(plan.keys if plan.frame else ())
    view = frozenset(column for column in reads if not column.startswith("eval."))
    return Question(
        rubric=rubric, plan=plan, stage=stage, view=view & set(view_schema(rubric.target))
    )
