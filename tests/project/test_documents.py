"""What the documents show works as they show it."""

import re
import shlex
from pathlib import Path

import pytest

from evalctl.cli.app import COMMANDS
from evalctl.rubrics.examples import run_examples
from evalctl.rubrics.reading import parse_rubric

ROOT = Path(__file__).parent.parent.parent
WRITTEN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    (d.name, kind, text) for d in WRITTEN for kind, text in FENCE.findall(d.read_text("utf-8"))
]
RUBRICS = [(name, text) for name, kind, text in BLOCKS if kind == "yaml" and "description:" in text]
CALLS = sorted({line.strip() for _, kind, text in BLOCKS if not kind for line in text.splitlines()})


@pytest.mark.parametrize(("name", "text"), RUBRICS, ids=[name for name, _ in RUBRICS])
def test_every_rubric_in_a_document_loads_and_answers_its_examples(name: str, text: str) -> None:
    rubric = parse_rubric(text, Path("shown.yaml"))

    results = run_examples(rubric)

    assert len(results) >= 3
    assert [result for result in results if result.wanted != result.got] == []


def test_every_command_in_a_document_exists() -> None:
    words = [
        shlex.split(call, comments=True)
        for call in CALLS
        if call.startswith("evalctl ") and call.count('"') % 2 == 0
    ]

    assert len(words) > 25
    assert {word[1] for word in words} - set(COMMANDS) == set()


def test_every_link_in_a_document_leads_to_a_file() -> None:
    links = [
        (d, to) for d in WRITTEN for to in re.findall(r"\]\(([^)#:]+)\)", d.read_text("utf-8"))
    ]

    assert len(links) > 15
    assert [(d.name, to) for d, to in links if not (d.parent / to).exists()] == []


def test_the_change_log_has_a_place_for_what_comes_next() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
