"""Whatever is in a rubric file, loading it answers with a rubric or with one RubricError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from evalctl.core.errors import RubricError, UserError
from evalctl.core.views import view_schema
from evalctl.rubrics.conditions import compile_condition
from evalctl.rubrics.reading import parse_rubric

PATH = Path("x.yaml")
SPANS = view_schema("span")

KEYS = ["description", "target", "where", "fail_when", "pass_when", "check", "judge", "severity", "tags", "sample", "examples", "notes", "rate", "always", "pass", "fail", "unknown", "skip", "pii", "sequence", "json_schema", "schema", "columns", "entities", "names", "mode", "question", "votes", "duration_ms", "output"]  # fmt: skip
TEXTS = ["duration_ms > 1", "output ~ 'a'", "tool_args ->> 'a.b' = '1'", "span", "trace", "pii", "exact", "high", "output", "card", "x", "", "2026-05-01"]  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(TEXTS),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=8)), inner, max_size=6),
    ),
    max_leaves=20,
)
WORDS = ["duration_ms", "output", "tool_args", "tool", "is_root", "warnings", "start_time", "nope", '"tool"', '"eval.a.verdict"', "'x'", "'a.b'", "'(a'", "1", "1.5", "10_000", "AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END", "(", ")", "[", "]", ",", ".", "=", "<>", ">", "~", "->>", "->", "::", "+", "-", "*", "/", "%", "||", "TRY_CAST", "CAST", "AS", "DOUBLE", "SUM", "COUNT", "OVER", "SELECT", "LENGTH", "COALESCE", "DATE", "INTERVAL", "'2026-05-01'", ";", "--", "/*", "@", "#", "^@", "TRUE"]  # fmt: skip


def load(text: str) -> None:
    try:
        parse_rubric(text, PATH)
    except RubricError as error:
        assert str(error).startswith("x.yaml")  # noqa: PT017  (any other outcome is as good)
        assert "\n" not in str(error)  # noqa: PT017


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_rubric_or_a_rubric_error(text: str) -> None:
    load(text)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS[:12]), trees, max_size=8))
def test_any_yaml_is_a_rubric_or_a_rubric_error(tree: dict[str, Any]) -> None:
    load(yaml.safe_dump(tree, allow_unicode=True))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_rubric_or_a_rubric_error(data: bytes) -> None:
    load(data.decode("utf-8", "replace"))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join))
def test_any_words_are_a_condition_or_a_user_error(sql: str) -> None:
    try:
        condition = compile_condition(sql, SPANS, "--where")
    except UserError:
        return
    assert condition.columns


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_user_error(sql: str) -> None:
    try:
        compile_condition(sql, SPANS, "--where")
    except UserError as error:
        assert str(error).startswith("--where: ")  # noqa: PT017
