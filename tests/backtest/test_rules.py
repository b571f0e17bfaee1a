"""Rules: stages, sampling, containment, evidence, feedback, and what a selection leaves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.backtest.helpers import SLOW, line, rubrics, run
from tests.scoring.rows import at, lake_of, scores_of, span, verdicts

from evalctl.core.errors import UserError
from evalctl.core.schema import SCORES, SPANS

if TYPE_CHECKING:
    from pathlib import Path


def tools(count: int = 4) -> list[dict[str, Any]]:
    """Return single-span traces of one tool call each, the odd ones slow."""
    return [
        span(
            f"t{i}",
            f"s{i}",
            kind="tool",
            tool=f"tool-{i % 2}",
            agent="support",
            start_time=at(i),
            output="x" * i,
            duration_ms=9000.0 if i % 2 else 1.0,
        )
        for i in range(count)
    ]


def test_a_rubric_that_crashes_is_an_error_for_itself_alone(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools())
    broken = "description: d\nwhere: tool = 'tool-1'\ncheck: {python: {function: 'tests.backtest.helpers:boom', columns: [output]}}\n"
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW, broken=broken))
    assert line(result, "broken") == {"targets": 2, "error": 2}
    assert line(result, "slow") == {"targets": 4, "pass": 2, "fail": 2, "sessions": 2}
    said = (
        scores_of(lake)
        .filter(pl.col("rubric") == "broken")
        .select("verdict", "status", "reason", "explanation")
        .unique()
    )
    assert said.rows() == [(None, "error", "rule_error", "the rubric stopped with RuntimeError")]
    assert next(one for one in result.rubrics if one.rubric == "broken").rate is None


def test_a_python_check_answers_with_values_and_leaves_the_rest_unknown(tmp_path: Path) -> None:
    rows = [*tools(5), span("silent", "silent", kind="tool")]
    lake = lake_of(tmp_path, rows)
    text = "description: d\ncheck: {python: {function: 'tests.backtest.helpers:long_output', columns: [output]}}\n"
    run(lake, rubrics(tmp_path / "r", long=text))
    assert verdicts(lake, "long") == {
        "s0": "pass",
        "s1": "pass",
        "s2": "pass",
        "s3": "pass",
        "s4": "fail",
        "silent": "unknown",
    }
    assert scores_of(lake).filter(pl.col("span_id") == "s4")["value"].to_list() == [4.0]


def test_a_rubric_sees_the_verdicts_of_rubrics_it_reads_in_any_depth(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools())
    second = (
        "description: d\nwhere: '\"eval.slow.verdict\" = ''fail'''\nfail_when: tool = 'tool-1'\n"
    )
    third = "description: d\nfail_when: '\"eval.second.verdict\" = ''fail'''\n"
    run(lake, rubrics(tmp_path / "r", slow=SLOW, second=second, third=third))
    assert verdicts(lake, "second") == {"s1": "fail", "s3": "fail"}
    assert verdicts(lake, "third") == {"s0": "unknown", "s1": "fail", "s2": "unknown", "s3": "fail"}


def test_verdicts_of_an_earlier_run_are_read_from_the_ledger(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools())
    run(lake, rubrics(tmp_path / "r", slow=SLOW))
    second = (
        "description: d\nwhere: '\"eval.slow.verdict\" = ''fail'''\nfail_when: tool = 'tool-1'\n"
    )
    result = run(lake, rubrics(tmp_path / "r", second=second))
    assert line(result, "second") == {"targets": 2, "fail": 2, "sessions": 2}
    where = run(lake, rubrics(tmp_path / "r"), where="\"eval.slow.verdict\" = 'fail'")
    assert where.left == {"span": {"lake": 4, "where": 2}}


def test_pass_when_is_the_other_way_round(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, [*tools(2), span("none", "none", kind="tool")])
    run(lake, rubrics(tmp_path / "r", quick="description: d\npass_when: duration_ms < 5000\n"))
    assert verdicts(lake, "quick") == {"none": "unknown", "s0": "pass", "s1": "fail"}


def test_a_fail_carries_the_labels_that_hit_and_numbers_for_evidence(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools(2))
    text = "description: d\nfail_when:\n  late: duration_ms > 5000\n  odd: tool = 'tool-1'\n  never: output = 'secret'\n"
    run(lake, rubrics(tmp_path / "r", labels=text))
    found = (
        scores_of(lake).filter(pl.col("verdict") == "fail").select("explanation", "evidence").row(0)
    )
    assert (found[0], json.loads(found[1])) == (
        "late, odd",
        {"duration_ms": 9000.0, "tool": "tool-1"},
    )
    passed = scores_of(lake).filter(pl.col("verdict") == "pass").select("explanation", "evidence")
    assert passed.rows() == [(None, None)]


def test_sampled_rubrics_keep_what_is_always_asked_and_store_how_likely_it_was(
    tmp_path: Path,
) -> None:
    lake = lake_of(tmp_path, tools(40))
    text = SLOW + "sample: {rate: 0.2, always: \"tool = 'tool-1'\"}\n"
    run(lake, rubrics(tmp_path / "r", slow=text))
    drawn = lake.scan(SPANS).filter((pl.col("u") < 0.2) | (pl.col("tool") == "tool-1")).collect()
    found = scores_of(lake).join(drawn, on="span_id", how="right")
    assert found["verdict"].null_count() == 0
    assert found.height == scores_of(lake).height
    assert set(found.select("tool", "inclusion").rows()) <= {("tool-1", 1.0), ("tool-0", 0.2)}


def test_a_larger_sample_is_asked_of_what_the_smaller_left_out(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools(40))
    run(lake, rubrics(tmp_path / "r", slow=SLOW + "sample: 0.2\n"))
    few = scores_of(lake).height
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW))
    assert 0 < few < 40
    assert (result.state, result.scores, scores_of(lake).height) == ("done", 40 - few, 40)


def test_a_judge_is_skipped_and_said_so(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools(2))
    text = "description: d\ntarget: trace\njudge:\n  question: Is it good?\n  pass: Yes.\n  fail: No.\n"
    result = run(lake, rubrics(tmp_path / "r", good=text))
    assert line(result, "good") == {"targets": 2, "skipped": 2}
    assert result.notes == ["skipped, no model to judge with: good"]
    assert set(scores_of(lake).select("status", "reason", "annotator").rows()) == {
        ("skipped", "no_model", "llm")
    }


def test_imported_feedback_is_a_column_of_traces(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools(2))
    thumb = {
        "rubric": "thumb",
        "version": "",
        "verdict": "fail",
        "value": 0.0,
        "status": "ok",
        "annotator": "user",
    }
    row = {
        "target": "trace",
        "source": "default",
        "trace_id": "t1",
        "date": at(0).date(),
        "bucket": 0,
        "run": "b",
        "scored_at": at(9),
        "digest": 0,
        "answers": [thumb],
    }
    lake.append(
        SCORES,
        pl.DataFrame([{name: row.get(name) for name in SCORES.schema}], schema=SCORES.schema),
    )
    run(
        lake,
        rubrics(
            tmp_path / "r", unhappy="description: d\ntarget: trace\nfail_when: thumbs_down > 0\n"
        ),
    )
    assert verdicts(lake, "unhappy") == {"t0": "pass", "t1": "fail"}


@pytest.mark.parametrize(
    ("selection", "left"),
    [
        ({"tools": ("tool-1",)}, {"lake": 8, "tool": 4}),
        ({"tools": ("tool*",), "kinds": ("llm", "tool")}, {"lake": 8, "kind": 8, "tool": 8}),
        ({"traces": ("t1", "t2")}, {"lake": 8, "trace": 2}),
        ({"since": at(2), "until": at(5)}, {"lake": 8, "window": 3}),
        ({"where": "duration_ms > 5000", "tools": ("tool-1",)}, {"lake": 8, "tool": 4, "where": 4}),
        ({"limit": 3}, {"lake": 8, "limit": 3}),
        (
            {"agents": ("sup?ort",), "limit": 1, "where": "tool = 'tool-0'"},
            {"lake": 8, "agent": 8, "where": 4, "limit": 1},
        ),
    ],
)
def test_each_step_tells_what_it_left(
    tmp_path: Path, selection: dict[str, Any], left: dict[str, int]
) -> None:
    lake = lake_of(tmp_path, tools(8))
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW), **selection)
    assert result.left == {"span": left}
    assert scores_of(lake).height == list(left.values())[-1]


def test_a_flag_selects_traces_with_a_span_that_has_it(tmp_path: Path) -> None:
    rows = [
        span("both", "root", kind="agent", agent="support"),
        span("both", "a", "root", kind="tool", tool="refund"),
        span("one", "root", kind="agent", agent="support"),
    ]
    lake = lake_of(tmp_path, rows)
    many = "description: d\ntarget: trace\nfail_when: spans > 1\n"
    result = run(lake, rubrics(tmp_path / "r", many=many), tools=("refund",), agents=("support",))
    assert result.left == {"trace": {"lake": 2, "tool": 1, "agent": 1}}
    assert verdicts(lake, "many") == {"both": "fail"}


def test_a_limit_takes_the_first_in_sampling_order(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools(20))
    run(lake, rubrics(tmp_path / "r", slow=SLOW), limit=5)
    first = lake.scan(SPANS).sort("u").head(5).collect()["span_id"]
    assert set(scores_of(lake)["span_id"]) == set(first)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ({"tools": ("nothing",)}, "--tool selects nothing: 4 targets before it, 0 after"),
        ({"where": "duration_ms < 0"}, "--where selects nothing: 4 targets before it, 0 after"),
        ({"since": at(90000)}, "nothing starts in the window"),
        ({"where": "no_such = 1"}, "no column 'no_such'"),
    ],
)
def test_a_selection_of_nothing_is_an_error_that_names_the_step(
    tmp_path: Path, selection: dict[str, Any], message: str
) -> None:
    lake = lake_of(tmp_path, tools())
    asked = rubrics(tmp_path / "r", slow=SLOW)
    for _ in range(2):
        with pytest.raises(UserError, match=message):
            run(lake, asked, **selection)
    assert lake.version(SCORES) == -1


def test_rubrics_of_targets_that_where_does_not_fit_are_left_out_and_named(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, tools())
    many = "description: d\ntarget: trace\nfail_when: spans > 1\n"
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW, many=many), where="kind = 'tool'")
    assert [one.rubric for one in result.rubrics] == ["slow"]
    assert result.notes == [
        "--where names no columns of a trace: 1 rubrics about traces are left out"
    ]


def test_write_back_puts_answers_into_the_spans(tmp_path: Path) -> None:
    rows = [
        span("t", "root", kind="agent", session_id="talk"),
        span("t", "a", "root", kind="tool", duration_ms=9000.0),
    ]
    lake = lake_of(tmp_path, rows)
    many = "description: d\ntarget: trace\nfail_when: spans > 1\n"
    talk = "description: d\ntarget: session\nfail_when: traces > 1\n"
    run(lake, rubrics(tmp_path / "r", slow=SLOW, many=many, talk=talk), write_back=True)
    spans = lake.spans().sort("span_id").select("span_id", "evaluations").collect().to_dicts()
    said = {
        row["span_id"]: [(a["rubric"], a["verdict"]) for a in row["evaluations"]] for row in spans
    }
    assert said == {"a": [("slow", "fail")], "root": [("many", "fail"), ("talk", "pass")]}
    assert run(lake, rubrics(tmp_path / "r"), write_back=True).state == "nothing to do"
