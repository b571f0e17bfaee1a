"""The version of a rubric changes with its meaning, and with nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evalctl.rubrics.reading import parse_rubric

RULE = {
    "description": "A call is fast.",
    "target": "span",
    "where": "kind = 'tool'",
    "fail_when": {"slow": "duration_ms > 10000", "open": "end_time IS NULL"},
    "severity": "high",
    "tags": ["speed"],
    "sample": 0.5,
    "notes": "Nothing.",
    "examples": {"pass": [{"duration_ms": 1}]},
}
CHECK = {"description": "x", "check": {"pii": {"entities": ["card"]}}}
JUDGE = {"description": "x", "judge": {"question": "q", "pass": "p", "fail": "f"}}


def version(rubric: Mapping[str, object], **changed: object) -> str:
    text = json.dumps({**rubric, **changed}, ensure_ascii=False)  # JSON is YAML, every text quoted
    return parse_rubric(text, Path("x.yaml")).version


prose = st.text(
    alphabet=st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]),
    min_size=1,
).filter(str.strip)


@settings(deadline=None)
@given(
    description=prose,
    notes=prose,
    severity=st.sampled_from(["low", "medium", "high", "critical"]),
    tags=st.lists(prose, max_size=3),
    sample=st.floats(min_value=0.01, max_value=1),
    examples=st.fixed_dictionaries({"fail": st.lists(st.just({"duration_ms": 2}), max_size=3)}),
)
def test_prose_and_sampling_do_not_change_the_version(**changed: object) -> None:
    assert version(RULE, **changed) == version(RULE)


@settings(deadline=None)
@given(
    flow=st.booleans(),
    width=st.integers(20, 200),
    style=st.sampled_from([None, '"', "'", "|", ">"]),
)
def test_the_layout_of_the_yaml_does_not_change_the_version(
    flow: bool, width: int, style: str | None
) -> None:
    plain = {key: RULE[key] for key in ("description", "target", "where", "fail_when")}

    text = yaml.safe_dump(
        plain, default_style=style, default_flow_style=flow, width=width, sort_keys=False
    )

    assert parse_rubric(text, Path("x.yaml")).version == version_as_written(plain)


def version_as_written(rubric: Mapping[str, object]) -> str:
    return parse_rubric(yaml.safe_dump(rubric, sort_keys=False), Path("x.yaml")).version


@settings(deadline=None)
@given(st.lists(st.sampled_from([" ", "  ", "\n", "\t"]), min_size=3, max_size=3))
def test_the_layout_of_the_sql_does_not_change_the_version(spaces: list[str]) -> None:
    one, two, three = spaces

    assert version(RULE, where=f"kind{one}={two}'tool'{three}") == version(RULE)


def test_each_change_of_meaning_is_a_version_of_its_own() -> None:
    versions = [
        version(RULE),
        version(RULE, target="trace", where="tool_calls > 0", fail_when="duration_ms > 10000"),
        version(RULE, where="kind = 'llm'"),
        version(RULE, where="kind = 'tool '"),
        version(RULE, where=None),
        version(RULE, fail_when={"slow": "duration_ms > 10000"}),
        version(RULE, fail_when={"late": "duration_ms > 10000", "open": "end_time IS NULL"}),
        version(RULE, fail_when={"slow": "duration_ms > 10001", "open": "end_time IS NULL"}),
        version(RULE, fail_when="duration_ms > 10000"),
        version(
            {k: v for k, v in RULE.items() if k != "fail_when"}, pass_when="duration_ms > 10000"
        ),
        version(CHECK),
        version(CHECK, check={"pii": {"entities": ["card", "ssn"]}}),
        version(CHECK, check={"secrets": {}}),
        version(JUDGE),
        version(JUDGE, judge={"question": "q?", "pass": "p", "fail": "f"}),
        version(JUDGE, judge={"question": "q", "pass": "p", "fail": "f", "votes": 3}),
    ]

    assert len(set(versions)) == len(versions)


def test_the_order_of_conditions_does_not_change_the_version() -> None:
    turned = {"open": "end_time IS NULL", "slow": "duration_ms > 10000"}

    assert version(RULE, fail_when=turned) == version(RULE)


def test_a_default_that_is_written_out_does_not_change_the_version() -> None:
    assert version(CHECK, check={"pii": {"entities": ["card"], "columns": None}}) == version(CHECK)
    assert version(CHECK, check={"pii": "card"}) == version(CHECK)
    assert version(CHECK, check={"pii": ["ssn", "card"]}) == version(
        CHECK, check={"pii": ["card", "ssn"]}
    )
    assert version(CHECK, target="span") == version(CHECK)


def test_versions_are_those_of_the_first_release() -> None:
    assert [version(RULE), version(CHECK), version(JUDGE)] == FIRST_RELEASE


FIRST_RELEASE = ["8064f0ae6ca8", "09e3402b64e5", "98e567de6461"]
"""They stand in lakes: a change here would score everything again."""
