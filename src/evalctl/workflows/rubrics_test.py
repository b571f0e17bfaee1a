"""evalctl rubrics test: do the rubrics answer their own examples as their authors say?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalctl.rubrics.examples import run_examples
from evalctl.rubrics.lint import lint
from evalctl.scoring.rules import Failure, contained
from evalctl.workflows.rubrics_list import list_rubrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evalctl.rubrics.examples import ExampleResult
    from evalctl.rubrics.rubric import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedRubric:
    """A rubric with the outcome of its examples, in the order of the file's groups.

    ``crash`` is the kind of error with which a function of the user's stopped; None where none did.
    """

    rubric: Rubric
    results: list[ExampleResult]
    warnings: list[str]
    crash: str | None = None

    @property
    def wrong(self) -> list[ExampleResult]:
        """The examples that got another answer than the one they stand under."""
        return [result for result in self.results if not result.ok]


def run_rubric_tests(paths: Sequence[Path], names: Sequence[str] = ()) -> list[TestedRubric]:
    """Run the examples of the project's rubrics, or of the starter ones where it has none.

    Raises:
        UserError: a rubric cannot be loaded, or a name selects none.
    """
    return [_tested(rubric) for rubric in list_rubrics(paths, names)]


def _tested(rubric: Rubric) -> TestedRubric:
    """Run examples; code of the user's may do anything, and must not take the others down."""
    if rubric.check is None or rubric.check.name != "python":
        return TestedRubric(rubric=rubric, results=run_examples(rubric), warnings=lint(rubric))
    results = contained(lambda: run_examples(rubric))
    if isinstance(results, Failure):
        return TestedRubric(rubric=rubric, results=[], warnings=[], crash=results.kind)
    return TestedRubric(rubric=rubric, results=results, warnings=lint(rubric))
