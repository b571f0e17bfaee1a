"""evalctl rubrics list and show: which questions there are, and how they were understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalctl.rubrics.lint import lint
from evalctl.rubrics.load import load_rubrics, project_rubrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evalctl.rubrics.rubric import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricDetail:
    """One rubric as it was understood."""

    rubric: Rubric
    fields: dict[str, Any]
    warnings: list[str]


def list_rubrics(paths: Sequence[Path], names: Sequence[str] = ()) -> list[Rubric]:
    """Load the project's rubrics, or the starter ones where it has none, by name.

    Raises:
        UserError: as ``load_rubrics``.
    """
    return sorted(load_rubrics(project_rubrics(paths), names), key=lambda rubric: rubric.name)


def show_rubric(paths: Sequence[Path], name: str) -> RubricDetail:
    """Load one rubric and say what it asks of whom, reading which columns.

    Raises:
        UserError: there is no rubric of that name.
    """
    found = [rubric for rubric in list_rubrics(paths, [name]) if rubric.name == name]
    rubric = found[0] if found else list_rubrics(paths, [name])[0]
    return RubricDetail(rubric=rubric, fields=_fields(rubric), warnings=lint(rubric))


def question_of(rubric: Rubric) -> str:
    """Return the word for how a rubric asks: rule, judge, or the name of its check."""
    if rubric.check is not None:
        return rubric.check.name
    return "rule" if rubric.rule is not None else "judge"


def _fields(rubric: Rubric) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "rubric": rubric.name,
        "version": rubric.version,
        "target": rubric.target,
        "severity": rubric.severity,
        "tags": list(rubric.tags),
        "description": rubric.description,
        "where": rubric.where,
    }
    if rubric.rule is not None:
        key = "pass_when" if rubric.rule.passes else "fail_when"
        fields[key] = [{"label": label, "sql": sql} for label, sql in rubric.rule.labels]
    if rubric.check is not None:
        fields["check"] = {rubric.check.name: dict(rubric.check.options)}
    if rubric.judge is not None:
        fields["judge"] = {"question": rubric.judge.question}
    sample = rubric.sample
    return {
        **fields,
        "sample": {"rate": sample.rate, "always": sample.always},
        "columns": sorted(rubric.columns),
        "reads_verdicts_of": sorted(rubric.uses),
        "path": str(rubric.path),
    }
