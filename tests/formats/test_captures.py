"""Known facts about captures of real clients; each oracle reads the bytes in its own few lines.

Every client asked for the weather in Paris (fine), Atlantis (the tool fails) and Oslo (fine), and
most of them once sent FAIL_LLM, which the model's server refused.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from tests.formats.reading import CAPTURED, captured

from evalctl.formats.decode import SPAN_SCHEMA

CLIENTS = sorted(f.parent.name for f in CAPTURED.glob("*/traces.jsonl"))
CHAT = [
    "openinference_openai",
    "openllmetry_openai",
    "otel_openai_v2_latest",
    "pydantic_ai",
    "strands_default",
    "vercel_ai_v6",
    "langfuse_sdk",
    "mlflow_otlp",
]
REFUSED = [
    n for n in [*CHAT, "otel_openai_v2_legacy"] if n not in {"pydantic_ai", "strands_default"}
]
TOLD = ["openinference_openai", "strands_default", "vercel_ai_v6", "langfuse_sdk"]


def spans(name: str) -> pl.DataFrame:
    return captured(f"{name}/traces.jsonl").spans


def raw_spans(name: str) -> list[dict[str, Any]]:
    lines = (CAPTURED / name / "traces.jsonl").read_text("utf-8").splitlines()
    requests = [json.loads(line) for line in lines]
    return [
        s
        for r in requests
        for rs in r["resourceSpans"]
        for ss in rs["scopeSpans"]
        for s in ss["spans"]
    ]


def trace_about(name: str, word: str) -> str:
    """Find the trace in whose bytes ``word`` stands, and none of the other questions."""
    (found,) = {s["traceId"] for s in raw_spans(name) if f"weather in {word}" in json.dumps(s)}
    return found


@pytest.mark.parametrize("name", CLIENTS)
def test_every_span_of_every_client_is_there(name: str) -> None:
    found = captured(f"{name}/traces.jsonl")

    assert found.ids == {(s["traceId"], s["spanId"]) for s in raw_spans(name)}
    assert found.spans.schema == pl.Schema(SPAN_SCHEMA)
    assert (found.rejects, found.truncated) == ([], False)


@pytest.mark.parametrize("name", CLIENTS)
def test_every_attribute_is_in_a_column_or_kept(name: str) -> None:
    """Text of a capture that is nowhere in its row would be lost."""
    rows = {row["span_id"]: json.dumps(row, default=str) for row in spans(name).to_dicts()}
    lost = [
        (pair["key"], said)
        for span in raw_spans(name)
        for pair in span.get("attributes", [])
        if isinstance(said := pair["value"].get("stringValue"), str)
        and not said.startswith(("{", "[", '"'))
        and said not in rows[span["spanId"]]
        and json.dumps(said)[1:-1] not in rows[span["spanId"]]
        and json.dumps(json.dumps(said)[1:-1])[1:-1] not in rows[span["spanId"]]
        and pair["key"] not in MAPPED
        and not pair["key"].startswith("annotations.")
        and not pair["key"].endswith("message_content.type")
    ]

    assert lost == []


MAPPED = {
    "openinference.span.kind",
    "gen_ai.operation.name",
    "langfuse.observation.type",
    "ai.operationId",
    "ai.response.finishReason",
    "input.mime_type",
    "output.mime_type",
    "gen_ai.system",
    "ai.model.provider",
    "error.type",
    "gen_ai.tool.status",
    "logfire.span_type",
    "langfuse.observation.level",
}


@pytest.mark.parametrize("name", CHAT)
def test_the_model_was_told_122_tokens_about_paris(name: str) -> None:
    llm = spans(name).filter(
        pl.col("kind") == "llm", pl.col("trace_id") == trace_about(name, "Paris")
    )

    assert llm["prompt_tokens"].sum() == 54 + 68


def test_openai_agents_use_another_interface_with_other_counts() -> None:
    name = "openinference_openai_agents"
    llm = spans(name).filter(
        pl.col("kind") == "llm", pl.col("trace_id") == trace_about(name, "Paris")
    )

    assert llm["prompt_tokens"].sum() == 47 + 54


@pytest.mark.parametrize("name", REFUSED)
def test_the_refused_call_is_an_error_on_an_llm_span(name: str) -> None:
    failed = spans(name).filter(pl.col("kind") == "llm", pl.col("status") == "error")

    assert failed.height == 1
    assert failed["end_time"].is_not_null().all()


@pytest.mark.parametrize("name", CHAT)
def test_the_failing_tool_is_seen(name: str) -> None:
    trace = spans(name).filter(pl.col("trace_id") == trace_about(name, "Atlantis"))
    failed_tool = (pl.col("kind") == "tool") & (pl.col("status") == "error")
    error_text = pl.col("input_messages").str.contains("no station")

    assert trace.filter(failed_tool | error_text).height >= 1


@pytest.mark.parametrize("name", CHAT)
@pytest.mark.parametrize(
    ("city", "weather"), [("Paris", "18 C, light rain"), ("Oslo", "4 C, clear")]
)
def test_the_last_answer_is_found(name: str, city: str, weather: str) -> None:
    trace = spans(name).filter(pl.col("trace_id") == trace_about(name, city))
    last = trace.filter(pl.col("kind") == "llm").sort("start_time")[-1]

    assert last["output"][0] == f"The weather in {city} is: {weather}"
    assert last["input"][0] == f"What is the weather in {city}?"
    assert last["system_prompt"][0].startswith("You are a weather assistant.")


@pytest.mark.parametrize("name", [n for n in CHAT if n != "otel_openai_v2_latest"])
def test_the_tool_that_was_offered_is_known(name: str) -> None:
    if name == "strands_default":
        pytest.skip("strands does not record what it offers")
    llm = spans(name).filter(pl.col("kind") == "llm", pl.col("status") != "error")

    assert {json.loads(text)[0]["name"] for text in llm["tool_definitions"]} == {"get_weather"}


@pytest.mark.parametrize("name", CHAT)
def test_the_call_of_the_model_is_known(name: str) -> None:
    trace = spans(name).filter(pl.col("trace_id") == trace_about(name, "Paris"))
    first = trace.filter(pl.col("kind") == "llm").sort("start_time")[0]

    (message,) = json.loads(first["output_messages"][0])
    (call,) = message["tool_calls"]

    assert (call["name"], json.loads(call["arguments"])) == ("get_weather", {"city": "Paris"})


@pytest.mark.parametrize("name", TOLD)
def test_session_and_users_are_recovered_where_the_client_was_told(name: str) -> None:
    found = spans(name)

    assert set(found["session_id"].drop_nulls()) == {"sess-42"}
    assert set(found["user_id"].drop_nulls()) == {"user-0", "user-1"}


def test_annotations_of_people_are_found() -> None:
    found = captured("openinference_openai/traces.jsonl").feedback

    assert sorted(found.select("name", "value", "verdict", "annotator").rows()) == [
        ("correctness", 0.0, "fail", "human"),
        ("correctness", 1.0, "pass", "human"),
        ("correctness", 1.0, "pass", "human"),
    ]


def test_traces_without_content_say_so() -> None:
    llm = spans("otel_openai_v2_legacy").filter(pl.col("kind") == "llm")

    assert not llm["content_captured"].any()
    assert llm["prompt_tokens"].sum() == 54 * 3 + 68 * 3
