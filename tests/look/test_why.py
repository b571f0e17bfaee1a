"""evalctl why: what decided, or why there is no score."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.look.lakes import Rows, answer, make_lake, manifest, score, span

from evalctl.rubrics.load import load_rubrics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.look.conftest import Run

RUBRICS = {
    "slow": "description: Fast.\ntarget: trace\nfail_when:\n  too long: duration_ms > 500\n  too many: spans > 99\n",
    "refunds": "description: Small.\ntarget: span\nwhere: kind = 'tool'\nfail_when: tool = 'refund'\n",
    "rare": "description: Sampled.\ntarget: trace\nsample: 0.0000001\nfail_when: spans > 0\n",
    "calm": "description: Calm.\ntarget: session\nfail_when: traces > 9\n",
    "polite": "description: Kind.\ntarget: span\njudge: {question: Is it kind, pass: It is., fail: It is not.}\n",
    "answered": "description: Says it.\ntarget: span\nwhere: kind = 'llm'\nfail_when: output = ''\n",
    "after": 'description: Cascade.\ntarget: trace\nwhere: "\\"eval.slow.verdict\\" = \'fail\'"\nfail_when: spans > 2\n',
    "clean": "description: No secrets.\ntarget: span\ncheck: {secrets: {columns: [output]}}\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in RUBRICS.items():
        (tmp_path / "rubrics" / f"{name}.yaml").parent.mkdir(exist_ok=True)
        (tmp_path / "rubrics" / f"{name}.yaml").write_text(text)
    versions = {rubric.name: rubric.version for rubric in load_rubrics([tmp_path / "rubrics"])}
    spans = [
        span("t1", "a", kind="agent", digest=5),
        span("t1", "b", "a", kind="tool", tool="refund", digest=6),
        span("t1", "c", "a", kind="llm", digest=7),
    ]
    scores = [
        score(
            "trace", [answer("slow", "fail", version=versions["slow"])], trace_id="t1", digest=18
        ),
        score(
            "span",
            [answer("refunds", "pass", version="of-old")],
            trace_id="t1",
            span_id="b",
            digest=6,
        ),
    ]
    runs = [manifest("run-1", [("slow", "trace"), ("refunds", "span")])]
    make_lake(tmp_path / "lake", Rows(spans=spans, scores=scores, runs=runs))
    return tmp_path / "lake"


@pytest.fixture
def why(evalctl: Run, shop: Path) -> Run:
    return lambda *words: evalctl("why", "t1", *words, "--lake", str(shop))


def finding(why: Run, *words: str) -> dict[str, Any]:
    done = why(*words, "--format", "json")
    assert done.code == 0
    return json.loads(done.out)["data"]["findings"][0]


def test_the_clause_that_decided_is_named_with_its_values(why: Run) -> None:
    done = why("slow")

    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[2:9] == [
        "trace t1",
        "",
        "fail: too long",
        "  → TRUE   too long: duration_ms > 500",
        "    FALSE  too many: spans > 99",
        "      duration_ms = 1000.0",
        "      spans = 3",
    ]
    assert "stored: fail" in lines[9]
    assert "stale" not in done.out
    assert done.err == "next:  evalctl show t1 --content\n"


def test_a_score_of_an_older_rubric_is_stale(why: Run) -> None:
    said = finding(why, "refunds", "--span", "b")

    assert (said["verdict"], said["stored"]["verdict"]) == ("fail", "pass")
    assert said["stale"].startswith("the rubric has changed: scored as version of-old, now ")


def test_a_trace_that_grew_since_makes_its_score_stale(
    evalctl: Run, shop: Path, tmp_path: Path
) -> None:
    from tests.look.lakes import frame

    from evalctl.core.schema import SPANS
    from evalctl.lake.lake import Lake

    lake = Lake.open(str(shop))
    lake.append(SPANS, frame(SPANS, [span("t1", "late", "a", digest=1)], lake.salt))

    done = evalctl("why", "t1", "slow", "--lake", str(shop))

    assert "stale: the trace has changed since it was scored" in done.out
    assert done.err == "next:  evalctl backtest --rubric slow --trace t1\n"


def test_where_that_excludes_says_which_value(why: Run) -> None:
    said = finding(why, "refunds", "--span", "c")

    assert said["verdict"] is None
    assert said["unasked"] == "where is FALSE: kind = 'tool'"
    assert said["values"] == {"kind": "llm"}


def test_what_is_not_sampled_says_so(why: Run) -> None:
    assert finding(why, "rare")["unasked"].startswith("not in the sample: u = ")


def test_a_rubric_of_another_level_is_answered_for_the_whole(why: Run) -> None:
    done = why("slow", "--span", "b")

    assert "slow is asked of traces, not of spans: this is about the whole" in done.out


def test_a_trace_without_a_session_has_no_session_score(why: Run) -> None:
    done = why("calm")

    assert done.code == 0
    assert "the trace has no session_id, and the rubric is asked of sessions" in done.out


def test_a_judge_has_no_verdict_without_a_model(why: Run) -> None:
    said = finding(why, "polite", "--span", "a")

    assert (said["verdict"], said["status"]) == (None, "skipped")
    assert said["unasked"] == "a judge answers this rubric, and none has been asked here"


def test_what_was_not_recorded_is_null_and_unknown(why: Run) -> None:
    said = finding(why, "answered", "--span", "c")

    assert said["verdict"] == "unknown"
    assert said["clauses"] == [{"label": "output = ''", "sql": "output = ''", "outcome": None}]
    assert said["stored"] is None


def test_a_rubric_that_reads_a_verdict_is_asked_after_it(why: Run) -> None:
    said = finding(why, "after")

    assert said["verdict"] == "fail"
    assert said["values"] == {"eval.slow.verdict": "fail", "spans": 3}


def test_a_check_is_named(why: Run) -> None:
    assert "    check secrets\n" in why("clean", "--span", "a").out


def test_spans_are_counted_by_verdict(why: Run) -> None:
    assert "3 spans: 1 fail, 2 without a verdict\n" in why("refunds").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("slwo",), "no rubric 'slwo' (did you mean 'slow'?)"),
        (("slow", "--span", "zz"), "no span zz in trace t1"),
    ],
)
def test_what_is_not_there_is_one_sentence(why: Run, words: tuple[str, ...], said: str) -> None:
    done = why(*words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


def test_lines_fit_eighty_columns(why: Run) -> None:
    for rubric in RUBRICS:
        assert max(map(len, why(rubric).out.splitlines())) <= 80
