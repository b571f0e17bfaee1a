"""Facts about real captures, computed here by a few lines of plain Python from the bytes.

Each client was asked the same things: the weather in Paris (fine), in Atlantis (the tool fails), in
Oslo (fine), and FAIL_LLM (the model's server answers 400).
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evalctl

TRACES = Path(evalctl.__file__).parent / "starter" / "traces"
CHAT_CLIENTS = (
    "openinference_openai",
    "openllmetry_openai",
    "otel_openai_v2_latest",
    "pydantic_ai",
)
PROMPT_KEYS = ("gen_ai.usage.input_tokens", "llm.token_count.prompt")
Span = dict[str, Any]


def spans_of(name: str) -> Iterator[Span]:
    for line in (TRACES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                yield from scope["spans"]


def values(span: Span) -> dict[str, Any]:
    return {
        pair["key"]: next(iter(pair["value"].values()), None) for pair in span.get("attributes", [])
    }


def prompt_tokens(name: str) -> dict[str, int]:
    """Sum what the leaf spans with usage say, by trace: parents repeat the sums of their children."""
    usage: dict[tuple[str, str], int] = {}
    parents: set[tuple[str, str]] = set()
    for span in spans_of(name):
        said = values(span)
        tokens = next((int(said[key]) for key in PROMPT_KEYS if key in said), None)
        if tokens is not None:
            usage[span["traceId"], span["spanId"]] = tokens
            parents.add((span["traceId"], span.get("parentSpanId", "")))
    totals: dict[str, int] = defaultdict(int)
    for (trace, span_id), tokens in usage.items():
        totals[trace] += 0 if (trace, span_id) in parents else tokens
    return dict(totals)


def about(name: str, word: str) -> set[str]:
    return {s["traceId"] for s in spans_of(name) if word in json.dumps(s.get("attributes"))}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("golden") / "lake")
    command = [sys.executable, "-m", "evalctl", "ingest", str(TRACES), "--lake", uri]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return uri


def query(lake: str, sql: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "evalctl", "query", sql, "--lake", lake, "--format", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)["data"]


@pytest.mark.parametrize("name", CHAT_CLIENTS)
def test_a_trace_counts_the_tokens_of_its_leaf_calls_only(lake: str, name: str) -> None:
    expected = prompt_tokens(name)

    rows = query(
        lake,
        "SELECT DISTINCT t.trace_id AS trace_id, t.prompt_tokens AS tokens FROM traces t "
        f"JOIN spans s ON s.trace_id = t.trace_id WHERE s.source_file = '{name}.jsonl' "
        "AND t.prompt_tokens IS NOT NULL",
    )

    paris = about(name, "Paris") - about(name, "Atlantis") - about(name, "Oslo")
    assert {row["trace_id"]: row["tokens"] for row in rows} == expected
    assert 122 in {expected.get(trace) for trace in paris}


def test_every_span_of_every_capture_is_there_once(lake: str) -> None:
    files = [f.stem for f in TRACES.glob("*.jsonl") if "resourceSpans" in f.read_text()]
    expected = {(s["traceId"], s["spanId"]) for name in files for s in spans_of(name)}

    rows = query(lake, "SELECT trace_id, span_id FROM spans")

    assert len(rows) == len(expected) > 70
    assert {(row["trace_id"], row["span_id"]) for row in rows} == expected


@pytest.mark.parametrize("name", CHAT_CLIENTS)
def test_the_call_that_the_server_refused_is_an_error_on_an_llm_span(lake: str, name: str) -> None:
    refused = about(name, "FAIL_LLM")

    rows = query(
        lake,
        "SELECT DISTINCT trace_id FROM spans WHERE kind = 'llm' AND status = 'error' "
        f"AND source_file = '{name}.jsonl'",
    )

    assert {row["trace_id"] for row in rows} == refused


def test_the_failing_tool_is_seen_where_the_client_recorded_it(lake: str) -> None:
    rows = query(
        lake,
        "SELECT source_file, tool, status FROM spans WHERE kind = 'tool' AND tool_args LIKE '%Atlantis%' "
        "ORDER BY source_file",
    )

    assert {(row["tool"], row["status"]) for row in rows} == {("get_weather", "error")}
    assert {row["source_file"] for row in rows} >= {
        "openinference_openai.jsonl",
        "pydantic_ai.jsonl",
    }


def test_sessions_and_users_are_recovered_where_the_client_was_told_them(lake: str) -> None:
    rows = query(
        lake,
        "SELECT DISTINCT s.session_id AS session_id, s.user_id AS user_id FROM spans s "
        "WHERE s.source_file = 'openinference_openai.jsonl' AND s.session_id IS NOT NULL",
    )

    assert {row["session_id"] for row in rows} == {"sess-42"}
    assert {row["user_id"] for row in rows} == {"user-0", "user-1"}


def test_feedback_in_the_trace_is_in_the_ledger(lake: str) -> None:
    inline = "annotations.0.annotation.name"
    told = sorted(
        (span["traceId"], said[inline])
        for span in spans_of("openinference_openai")
        if inline in (said := values(span))
    )

    rows = query(lake, "SELECT trace_id, rubric FROM scores WHERE annotator = 'human'")

    assert len(told) > 0
    assert sorted((row["trace_id"], row["rubric"]) for row in rows) == told


def test_results_that_arrive_as_events_and_as_log_records_are_in_the_ledger(lake: str) -> None:
    rows = query(
        lake, "SELECT rubric, value, explanation FROM scores WHERE annotator = 'llm' ORDER BY value"
    )

    assert rows == [
        {"rubric": "Faithfulness", "value": 0.5, "explanation": "on topic"},
        {"rubric": "Relevance", "value": 4.0, "explanation": "on topic"},
    ]
