"""What a condition says, and what it may not say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from evalctl.core.errors import UserError
from evalctl.core.views import view_schema
from evalctl.rubrics.columns import column_dtype
from evalctl.rubrics.conditions import compile_condition
from evalctl.rubrics.plan import rule_plan

SPANS = view_schema("span")


def answer(sql: str, row: dict[str, Any]) -> bool | None:
    """Evaluate a condition over one row of the span view; columns left out are null."""
    condition = compile_condition(sql, SPANS, "--where")
    types = {name: column_dtype(name, SPANS) for name in {*condition.columns, *row}}
    frame = pl.DataFrame({name: [row.get(name)] for name in types}, schema=types)
    return frame.lazy().select(answer=condition.expr).collect()["answer"].item()


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sql", "row", "expected"),
    [
        ("duration_ms > 10000", {"duration_ms": 30000.0}, True),
        ("duration_ms > 10000", {"duration_ms": 900.0}, False),
        ("duration_ms > 10000", {}, None),
        ("NOT duration_ms > 10000", {}, None),
        ("duration_ms > 1e4", {"duration_ms": 10001.0}, True),
        ("duration_ms > -1", {"duration_ms": 0.0}, True),
        ("duration_ms BETWEEN 1 AND 3", {"duration_ms": 2.0}, True),
        ("duration_ms IS NULL", {}, True),
        ("kind = 'tool' AND duration_ms > 1", {"kind": "llm"}, False),
        ("kind = 'tool' OR duration_ms > 1", {"kind": "tool"}, True),
        ("tool IN ('a', 'b')", {"tool": "b"}, True),
        ("tool NOT IN ('a', 'b')", {"tool": "c"}, True),
        ("tool IN ('a', NULL)", {"tool": "c"}, None),
        ("tool = 'it''s'", {"tool": "it's"}, True),
        ("tool <> 'a'", {}, None),
        ("tool IS DISTINCT FROM 'a'", {}, True),
        ("output ~ '^[0-9]+$'", {"output": "42"}, True),
        ("output !~ '[0-9]'", {"output": "42"}, False),
        ("output ~* 'SORRY'", {"output": "sorry"}, True),
        ("output ~ 'a'", {}, None),
        ("output LIKE '%ell%'", {"output": "hello"}, True),
        ("output ILIKE 'HEL%'", {"output": "hello"}, True),
        ("output LIKE 'a%'", {}, None),
        ("LENGTH(output) > 3", {"output": "abcd"}, True),
        ("STRPOS(output, 'x') > 0", {}, False),  # the one wart: STRPOS of NULL is 0
        ("COALESCE(finish_reason, '') = 'length'", {}, False),
        ("CASE WHEN duration_ms > 1 THEN TRUE ELSE FALSE END", {}, False),
        ("is_root", {"is_root": True}, True),
        ("TRY_CAST(output AS DOUBLE) > 1", {"output": "a lot"}, None),
        ("TRY_CAST(output AS DOUBLE) > 1", {"output": "2.5"}, True),
        ("start_time >= DATE '2026-05-01'", {"start_time": NOON}, True),
        ("start_time < TIMESTAMP '2026-05-01 11:59:59'", {"start_time": NOON}, False),
        ("ARRAY_CONTAINS(warnings, 'late')", {"warnings": ["late"]}, True),
        ("\"eval.json-valid.verdict\" = 'pass'", {"eval.json-valid.verdict": "pass"}, True),
        ('"eval.quality.value" >= 0.5', {"eval.quality.value": 0.25}, False),
    ],
)
def test_a_condition_is_true_false_or_unknown_as_sql_has_it(
    sql: str, row: dict[str, Any], expected: bool | None
) -> None:
    assert answer(sql, row) is expected


ORDER = '{"order": {"id": 7, "items": [{"sku": "A1"}, {"sku": "B2"}]}, "a.b": 1, "gone": null, "ok": true}'


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("tool_args ->> 'ok' = 'true'", True),
        ("tool_args ->> 'order.id' = '7'", True),
        ("tool_args ->> '$.order.id' = '7'", True),
        ("tool_args ->> 'order.items[1].sku' = 'B2'", True),
        ("tool_args -> 'order' -> 'items' -> 0 ->> 'sku' = 'A1'", True),
        ("tool_args ->> '$[\"a.b\"]' = '1'", True),
        ("tool_args ->> '[''a.b'']' = '1'", True),
        ("tool_args ->> 'gone' IS NULL", True),
        ("tool_args ->> 'nowhere' = '1'", None),
        ("tool_args ->> 'order.items[9].sku' = 'A1'", None),
        ("TRY_CAST(tool_args ->> 'order.id' AS BIGINT) + 1 = 8", True),
        ("tool_args ->> 'order.id' IN ('7', '8') AND kind IS NULL", True),
        ("\"tool_args\" ->> 'order.id' = '7'", True),
        ("NOT (tool_args ->> 'ok' = 'true')", False),
    ],
)
def test_json_text_is_read_by_path(sql: str, expected: bool | None) -> None:
    assert answer(sql, {"tool_args": ORDER}) is expected


@pytest.mark.parametrize("text", [None, "not json", "", "[1, 2]"])
def test_text_that_does_not_hold_the_path_is_unknown(text: str | None) -> None:
    assert answer("tool_args ->> 'order.id' = '7'", {"tool_args": text}) is None


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("", "the condition is empty"),
        ("   ", "the condition is empty"),
        ("1 = 1", "the condition reads no column: it says the same of every row"),
        ("TRUE", "the condition reads no column: it says the same of every row"),
        ("durationms > 1", "no column 'durationms' (did you mean 'duration_ms'?)"),
        ("zzz > 1", "no column 'zzz'"),
        ("\"tol\" = 'x'", "no column 'tol' (did you mean 'tool'?)"),
        (
            'tool = "refund"',
            "no column 'refund'; a text stands in single quotes: 'refund' (character 8)",
        ),
        (
            "\"eval.x.verdic\" = 'fail'",
            'no column "eval.x.verdic"; answers are "eval.<rubric>.verdict", .value and .explanation',
        ),
        (
            "duration_ms > 10_000",
            "10_000 is not a number that SQL knows; write 10000 (character 15)",
        ),
        ("duration_ms > 0x10", "0x10 is not a number that SQL knows; write a plain decimal number"),
        ("duration_ms > 10 ms", "'ms' after the condition would be read as a new name for it"),
        (
            "duration_ms > 10 duration_ms",
            "'duration_ms' after the condition would be read as a new name",
        ),
        ("duration_ms > 10 AS slow", "'slow' after the condition would be read as a new name"),
        (
            "CAST(output AS DOUBLE) > 1",
            "CAST stops the run at the first value that does not convert; write TRY_CAST",
        ),
        ("output::DOUBLE > 1", "'::' stops the run at the first value that does not convert"),
        ("SUM(duration_ms) > 1", "a condition looks at one row: SUM is not part of it"),
        ("count(*) > 1", "a condition looks at one row: COUNT is not part of it"),
        ("MAX(duration_ms) > duration_ms", "a condition looks at one row: MAX is not part of it"),
        ("FIRST(tool) = 'a'", "a condition looks at one row: FIRST is not part of it"),
        ("duration_ms > ANY(warnings)", "a condition looks at one row: agg is not part of it"),
        (
            "LAG(duration_ms) OVER (ORDER BY u) > 1",
            "a condition looks at one row: LAG is not part of it",
        ),
        ("LENGTH(tool) OVER (PARTITION BY kind) > 1", "window functions are not part of it"),
        ("UNNEST(warnings) = 'x'", "a condition looks at one row: UNNEST is not part of it"),
        ("tool IN (SELECT 1)", "a condition looks at one row: sub-selects are not part of it"),
        ("EXISTS (SELECT 1)", "a condition looks at one row: sub-selects are not part of it"),
        ("start_time > NOW()", "NOW changes from run to run, and a verdict must not"),
        ("date = CURRENT_DATE", "CURRENT_DATE changes from run to run"),
        ("duration_ms > 1 -- slow", "comments inside a condition are not read"),
        ("duration_ms /* slow */ > 1", "comments inside a condition are not read"),
        ("duration_ms > 1; tool = 'x'", "one condition only: remove the ';'"),
        ("tool = 'x", "a text is opened with ' and never closed"),
        ('"tool = 1', 'a name is opened with " and never closed'),
        ("(duration_ms > 1", "this '(' is never closed"),
        ("duration_ms > 1) OR (tool = 'x'", "this ')' closes nothing"),
        ("duration_ms > ?", "'?' means nothing in a condition"),
        ("duration_ms", "the condition must be true or false, and it is a number"),
        ("output", "the condition must be true or false, and it is a text"),
        (
            "duration_ms = 'x'",
            "cannot compare string with numeric type (f64) (duration_ms is a number)",
        ),
        ("tool = 1", "(tool is a text)"),
        ("tool IN (1, 2)", "(tool is a text)"),
        (
            "duration_ms > INTERVAL '10 seconds'",
            "duration_ms is a number: compare it with a number, not with an INTERVAL",
        ),
        (
            "start_time > '2026-05-01'",
            "a time is compared with a time: start_time >= DATE '2026-05-01'",
        ),
        ("foo(tool) = 'x'", "unsupported function 'foo'"),
        ("duration_ms >", "this cannot be read as a SQL condition"),
        ("tool SIMILAR TO 'x'", "this cannot be read as a SQL condition"),
        ("tool.name = 'x'", "columns have no parts; read JSON text with tool ->> 'key'"),
        ("output ~ '(?=a)b'", "the regex does not compile: look-around"),
        ("output ~ '(a)\\1'", "the regex does not compile: backreferences are not supported"),
        ("output ~ '[a'", "the regex does not compile: unclosed character class"),
        ("tool_args ->> 'a..b' = '1'", "JSON path 'a..b' cannot be read from character 2 on"),
        ("tool_args ->> '$.*' = '1'", "JSON path '$.*' cannot be read from character 2 on"),
        ("tool_args ->> 'a[-1]' = '1'", "JSON path 'a[-1]' cannot be read from character 2 on"),
        ("tool_args ->> 'a[*]' = '1'", "JSON path 'a[*]' cannot be read from character 2 on"),
        ("tool_args ->> '' = '1'", "the JSON path is empty"),
        ("tool_args ->> key = '1'", "after ->> stands a path in single quotes"),
        ("duration_ms ->> 'a' = '1'", "duration_ms holds no JSON text"),
        (
            "(tool_args) ->> 'a' = '1'",
            "->> reads JSON text of a column: name the column on its left",
        ),
        ("toolargs ->> 'a' = '1'", "no column 'toolargs' (did you mean 'tool_args'?)"),
    ],
)
def test_what_would_be_read_as_something_else_is_an_error_with_a_remedy(
    sql: str, sentence: str
) -> None:
    with pytest.raises(UserError) as caught:
        compile_condition(sql, SPANS, "--where")

    assert str(caught.value).startswith("--where: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "fails", "passes"),
    [
        (True, True, True, False),
        (True, False, True, False),
        (True, None, True, False),
        (False, True, True, False),
        (False, False, False, True),
        (False, None, None, None),
        (None, True, True, False),
        (None, False, None, None),
        (None, None, None, None),
    ],
)
def test_several_conditions_are_an_or_in_kleene_logic(
    first: bool | None, second: bool | None, fails: bool | None, passes: bool | None
) -> None:
    conditions = [
        (label, compile_condition(sql, SPANS, "x"))
        for label, sql in (("root", "is_root"), ("seen", "content_captured"))
    ]
    row = pl.DataFrame(
        {"is_root": [first], "content_captured": [second]},
        schema={"is_root": pl.Boolean(), "content_captured": pl.Boolean()},
    )

    answers = [
        row.select(rule_plan(conditions, SPANS, passes=passing).fail.alias("fail")).item()
        for passing in (False, True)
    ]

    assert answers == [fails, passes]


def test_the_labels_that_hit_are_the_explanation() -> None:
    conditions = [
        (label, compile_condition(sql, SPANS, "x"))
        for label, sql in (("slow", "duration_ms > 10"), ("huge", "prompt_tokens > 10"))
    ]
    rows = pl.DataFrame({"duration_ms": [20.0, 20.0, None], "prompt_tokens": [20, 5, 20]})

    plan = rule_plan(conditions, SPANS, passes=False)

    assert rows.select(said=plan.explanation)["said"].to_list() == ["slow, huge", "slow", "huge"]
    assert plan.evidence == ("duration_ms", "prompt_tokens")


def test_text_of_a_trace_is_never_evidence() -> None:
    condition = compile_condition("output ~ '[0-9]' AND kind = 'llm'", SPANS, "x")

    assert rule_plan([("digit", condition)], SPANS, passes=False).evidence == ("kind",)
