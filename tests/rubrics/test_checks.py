"""Built-in checks that read JSON, tools, and code of the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from evalctl.core.errors import RubricError, UserError
from evalctl.rubrics.checks import (
    BadCheckError,
    build_check,
    check_names,
    complete_options,
    find_check,
)
from evalctl.rubrics.examples import run_examples
from evalctl.rubrics.reading import parse_rubric

Ask = Callable[..., list[bool | None]]


def test_the_checks_are_the_files_of_their_folder() -> None:
    assert check_names() == (
        *("json_schema", "json_valid", "pii", "python", "secrets"),
        *("sequence", "tools_allowed"),
    )


@pytest.mark.parametrize("name", check_names())
def test_every_check_says_what_unknown_means_and_documents_its_options(name: str) -> None:
    module = find_check(name)

    assert "nknown" in (module.__doc__ or "") or name == "python"
    assert all(option.doc for option in module.OPTIONS.values())


@pytest.mark.parametrize(
    ("text", "is_json"),
    [
        ('{"a": 1}', True),
        (" [1, 2.5e3, null, true] \n", True),
        ('"text"', True),
        ("12", True),
        ("{}", True),
        (r'{"a": "\ud800"}', True),
        ("", False),
        ("{", False),
        ("{'a': 1}", False),
        ('{"a": 1,}', False),
        ('{"a": NaN}', False),
        ("Infinity", False),
        ('{"a": 1} trailing', False),
        ("null", True),
        ("nul", False),
        ('{"a": "\x01"}', False),
    ],
)
def test_json_is_what_the_standard_says(ask: Ask, text: str, is_json: bool) -> None:
    assert ask("json_valid", {"column": "tool_args"}, "tool_args", [text]) == [not is_json]


def test_what_was_not_recorded_or_is_too_deep_is_unknown(ask: Ask) -> None:
    deep = "[" * 100_000 + "]" * 100_000

    assert ask("json_valid", {"column": "tool_args"}, "tool_args", [None, deep]) == [None, None]


def test_json_of_another_kind_fails(ask: Ask) -> None:
    texts = ['{"a": 1}', "[1]", "1", " {}"]

    assert ask("json_valid", {"column": "output", "kind": "object"}, "output", texts) == [
        False,
        True,
        True,
        False,
    ]
    assert ask("json_valid", {"column": "output", "kind": "list"}, "output", texts) == [
        True,
        False,
        True,
        True,
    ]


def test_a_check_of_a_third_party_is_found_by_its_entry_point(tmp_path: Path) -> None:
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[evalctl.checks]\nshouting = shouting_check\n")
    (tmp_path / "shouting_check.py").write_text(
        "import polars as pl\n"
        "from evalctl.rubrics.plan import Plan\n"
        "VERSION, MAIN, OPTIONS = 1, None, {}\n"
        "def build(options, target):\n"
        "    loud = pl.col('output') == pl.col('output').str.to_uppercase()\n"
        "    return Plan(columns=frozenset({'output'}), fail=loud)\n"
    )
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "calm.yaml").write_text(
        "description: Nobody shouts.\ncheck: shouting\n"
        "examples: {pass: [{output: hello}], fail: [{output: HELLO}], unknown: [{}]}\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "evalctl", "rubrics", "test"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert (done.returncode, "3 examples" in done.stderr) == (0, True)


SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "maximum": 500}, "note": {"type": "string"}},
    "additionalProperties": False,
}


def test_text_fits_a_schema_or_not(ask: Ask) -> None:
    texts = [
        '{"amount": 40}',
        '{"amount": "a lot"}',
        "{}",
        '{"amount": 1, "x": 2}',
        "no json",
        None,
    ]

    fails = ask("json_schema", {"column": "tool_args", "schema": SCHEMA}, "tool_args", texts)

    assert fails == [False, True, True, True, True, None]


def test_a_misfit_is_explained_by_the_rule_and_never_by_the_value() -> None:
    options = complete_options("json_schema", {"column": "tool_args", "schema": SCHEMA})
    rows = pl.DataFrame(
        {"tool_args": ['{"amount": "4111 1111 1111 1111"}', '{"amount": 900}', "no"]}
    )

    said = rows.select(said=build_check("json_schema", options, "span").explanation)["said"]

    assert said.to_list() == [
        "tool_args: breaks properties/amount/type",
        "tool_args: breaks properties/amount/maximum",
        "tool_args: not JSON",
    ]


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ({"type": "objct"}, "the schema is not one"),
        (
            {"$ref": "https://example.com/schema.json"},
            "is elsewhere; write the schema in one piece",
        ),
    ],
)
def test_a_schema_that_is_none_is_a_load_error(schema: dict[str, object], sentence: str) -> None:
    options = complete_options("json_schema", {"schema": schema})

    with pytest.raises(BadCheckError, match=sentence):
        build_check("json_schema", options, "span")


def test_a_span_may_call_only_the_tools_that_are_named(ask: Ask) -> None:
    tools = ["get_order", "search_web", "search", "xsearch_web", None]

    assert ask("tools_allowed", {"tools": ["get_order", "search_*"]}, "tool", tools) == [
        *(False, False, True, True, None),
    ]


def test_a_trace_fails_by_its_first_tool_that_is_not_named(ask: Ask) -> None:
    values = [["a"], ["a", "b_1"], ["a", "x"], [], None]
    options = {"tools": ["a", "b_?"]}

    assert ask("tools_allowed", options, "tools", values, "trace") == [
        False,
        False,
        True,
        None,
        None,
    ]
    assert ask("tools_allowed", {**options, "on_empty": "pass"}, "tools", values, "trace") == [
        *(False, False, True, False, None),
    ]


def test_a_session_has_no_tools_to_check() -> None:
    with pytest.raises(BadCheckError, match="asked of spans or traces"):
        build_check("tools_allowed", complete_options("tools_allowed", "a"), "session")


MODULE = """
import polars as pl

def polite(spans: pl.LazyFrame) -> pl.LazyFrame:
    word = pl.col("output").str.contains("please")
    verdict = pl.when(word).then(pl.lit("pass")).when(~word).then(pl.lit("fail")).otherwise(pl.lit("unknown"))
    return spans.select("source", "trace_id", "span_id", verdict=verdict, explanation=pl.lit("no please"))

def keyless(spans):
    return spans.select("span_id", verdict=pl.lit("pass"))

def nothing(spans):
    return None

def words(spans):
    return spans.select("source", "trace_id", "span_id", verdict=pl.lit("maybe"))
"""
EXAMPLES = """
examples:
  pass: [{output: Wait please.}]
  fail: [{output: Wait.}]
  unknown: [{}]
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's in the working directory, under a name that no other test uses."""
    name = f"checks_{abs(hash(tmp_path)):x}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return name


def python_rubric(function: str) -> str:
    return f"description: x\ncheck: {{python: {{function: '{function}', columns: [output]}}}}\n{EXAMPLES}"


def test_a_function_of_the_users_answers_a_frame(module: str) -> None:
    rubric = parse_rubric(python_rubric(f"{module}:polite"), Path("x.yaml"))

    results = run_examples(rubric)

    assert [result.got for result in results] == ["pass", "fail", "unknown"]
    assert results[1].explanation == "no please"


def test_an_edited_module_is_a_new_version(module: str) -> None:
    before = parse_rubric(python_rubric(f"{module}:polite"), Path("x.yaml")).version
    Path(f"{module}.py").write_text(MODULE.replace("please", "thanks"))

    assert parse_rubric(python_rubric(f"{module}:polite"), Path("x.yaml")).version != before


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("keyless", "must return the columns source, trace_id, span_id, verdict"),
        ("nothing", "must return a frame, not NoneType"),
    ],
)
def test_a_function_that_returns_something_else_is_named(
    module: str, function: str, sentence: str
) -> None:
    rubric = parse_rubric(python_rubric(f"{module}:{function}"), Path("x.yaml"))

    with pytest.raises(UserError, match=sentence):
        run_examples(rubric)


def test_a_verdict_that_is_no_verdict_is_not_a_pass(module: str) -> None:
    rubric = parse_rubric(python_rubric(f"{module}:words"), Path("x.yaml"))

    with pytest.raises(UserError, match="the examples could not be run"):
        run_examples(rubric)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        ("nowhere_at_all:f", "no module 'nowhere_at_all' in the working directory or installed"),
        ("polite", "python takes module:function"),
        ("json:dmps", "module json defines no function 'dmps' (did you mean 'dumps'?)"),
    ],
)
def test_a_function_that_is_not_there_is_a_load_error(function: str, sentence: str) -> None:
    with pytest.raises(RubricError) as caught:
        parse_rubric(python_rubric(function), Path("x.yaml"))

    assert sentence in str(caught.value)
