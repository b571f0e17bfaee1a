"""The starter pack: each rubric proves itself, and they are right on text that real tools return."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalctl.core.starter import starter_rubrics
from evalctl.rubrics.examples import run_examples
from evalctl.rubrics.lint import lint
from evalctl.rubrics.load import load_rubrics
from evalctl.rubrics.rubric import Rubric

STARTERS = load_rubrics([starter_rubrics()])


@pytest.mark.parametrize("rubric", STARTERS, ids=lambda rubric: rubric.name)
def test_a_starter_rubric_answers_its_examples_as_it_says(rubric: Rubric) -> None:
    results = run_examples(rubric)

    assert [result for result in results if not result.ok] == []
    assert {result.wanted for result in results} >= {"pass", "fail"}


@pytest.mark.parametrize("rubric", STARTERS, ids=lambda rubric: rubric.name)
def test_a_starter_rubric_says_what_it_does_not_see_and_has_no_warning(rubric: Rubric) -> None:
    assert rubric.notes
    assert rubric.tags
    assert lint(rubric) == []


def test_the_starter_pack_covers_what_breaks_most() -> None:
    assert {rubric.name for rubric in STARTERS} >= {
        *("tool-error", "tool-error-text", "tool-loop", "empty-answer", "truncated-answer"),
        *("pii-in-output", "secrets-in-output", "refusal", "slow-trace", "token-blow-up"),
        *("too-many-steps", "llm-error", "unrecovered-error", "valid-tool-arguments"),
    }


def test_no_two_starters_are_one_question() -> None:
    assert len({rubric.version for rubric in STARTERS}) == len(STARTERS)


def test_every_starter_names_the_schema_that_editors_read() -> None:
    firsts = {Path(rubric.path).read_text(encoding="utf-8").splitlines()[0] for rubric in STARTERS}

    assert firsts == {"# yaml-language-server: $schema=../.evalctl/rubric.schema.json"}
