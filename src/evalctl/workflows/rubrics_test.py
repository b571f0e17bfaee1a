"""evalctl rubrics test: do the rubrics answer their own examples as their authors say?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalctl.rubrics.examples import run_examples
from evalctl.rubrics.lint import lint
from evalctl.workflows.rubrics_list import list_rubrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evalctl.rubrics.examples import ExampleResult
    from evalctl.rubrics.rubric import Rubric


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedRubric:
    """A rubric with the outcome of its examples, in the order of the file's groups."""

    rubric: Rubric
    results: list[ExampleResult]
    warnings: list[str]

    @property
    def wrong(self) -> list[ExampleResult]:
        """The examples that got another answer than the one they stand under."""
        return [result for result in self.results if not result.ok]


def run_rubric_tests(paths: Sequence[Path], names: Sequence[str] = ()) -> list[TestedRubric]:
    """Run the examples of the project's rubrics, or of the starter ones where it has none.

    Raises:
        UserError: a rubric cannot be loaded, or a name selects none.
    """
    return [
        TestedRubric(rubric=rubric, results=run_examples(rubric), warnings=lint(rubric))
        for rubric in list_rubrics(paths, names)
    ]
