"""What frameworks wrap around calls, told by bytes of real clients; each oracle reads them itself.

LangChain's instrumentations put arguments, results and states into envelopes of their own, others
say in messages what their siblings say in attributes.
"""

from __future__ import annotations

import json
from ast import literal_eval
from typing import Any

import polars as pl
import pytest
from tests.formats.reading import CAPTURED, captured, row

TASK = {"task": "What is the weather in Paris?", "stream": False, "reset": True, "images": None}


def spans(name: str, **wanted: str) -> pl.DataFrame:
    found = captured(f"{name}/traces.jsonl").spans.sort("start_time")
    return found.filter(**wanted)


def raw(name: str) -> dict[str, dict[str, Any]]:
    """Return the attributes of every span, and of its events, as the client wrote them."""
    lines = (CAPTURED / name / "traces.jsonl").read_text("utf-8").splitlines()
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    events = [p for e in span.get("events", []) for p in e["attributes"]]
                    pairs = [*span.get("attributes", []), *events]
                    found[span["spanId"]] = {
                        p["key"]: next(iter(p["value"].values())) for p in pairs
                    }
    return found


def test_langgraph_arguments_are_the_same_for_the_same_call() -> None:
    """The envelope holds an id of the step: with it no two calls would be identical."""
    said = raw("openllmetry_langgraph")
    tools = spans("openllmetry_langgraph", kind="tool")

    for span_id, args, result, call in tools.select(
        "span_id", "tool_args", "tool_result", "tool_call_id"
    ).iter_rows():
        envelope = json.loads(said[span_id]["gen_ai.tool.call.arguments"])
        answer = json.loads(said[span_id]["gen_ai.tool.call.result"])["output"]["kwargs"]
        assert json.loads(args) == literal_eval(envelope["input_str"])
        assert (result, call) == (answer["content"], answer["tool_call_id"])
    assert tools["tool_args"].to_list() == ['{"city":"Paris"}']


def test_positional_arguments_of_a_decorated_tool_are_kept() -> None:
    (lookup,) = spans("openllmetry_decorators", tool="lookup")["tool_args"]

    assert json.loads(lookup) == {"args": ["Lima"], "kwargs": {"unit": "F"}}


def test_states_of_langgraph_steps_are_told_once() -> None:
    said = raw("openllmetry_langgraph")
    steps = spans("openllmetry_langgraph", kind="chain")
    twice = [
        span_id
        for span_id, kept in steps.select("span_id", "attributes").iter_rows()
        if "gen_ai.task.input" in said[span_id] and "gen_ai.task.input" in json.loads(kept or "{}")
    ]

    assert sum("gen_ai.task.input" in pairs for pairs in said.values()) > 2
    assert twice == []


@pytest.mark.parametrize("name", ["openllmetry_langgraph", "openinference_langchain"])
def test_a_langgraph_node_answers_with_what_its_model_said(name: str) -> None:
    nodes = spans(name).filter(pl.col("name").is_in(["model", "execute_task model"]))

    assert nodes["output"].to_list() == [None, "18 C"]
    assert set(spans(name)["agent"].drop_nulls()) == {"weather_agent"}


def test_the_question_to_a_langchain_agent_is_found_where_its_message_has_no_text() -> None:
    """The client flattens the plain message to its role alone; the text is in the whole input."""
    (agent,) = spans("openinference_langchain", kind="agent").to_dicts()
    pairs = raw("openinference_langchain")[agent["span_id"]]

    assert "llm.input_messages.0.message.content" not in pairs
    assert agent["input"] == json.loads(pairs["input.value"])["messages"][0]["content"]
    assert agent["output"] == "18 C"


def test_the_result_of_a_langchain_tool_is_its_text() -> None:
    (tool,) = spans("openinference_langchain", kind="tool").to_dicts()
    data = json.loads(raw("openinference_langchain")[tool["span_id"]]["output.value"])["data"]

    assert (tool["tool_result"], tool["tool_call_id"]) == (data["content"], data["tool_call_id"])


def test_a_tool_message_that_is_marked_as_failed_is_an_error() -> None:
    data = {"content": "no station", "type": "tool", "tool_call_id": "c1", "status": "error"}
    said = {
        "openinference.span.kind": "TOOL",
        "output.value": json.dumps({"type": "tool", "data": data}),
    }

    found = row(said, status={"code": 1})

    assert (found["status"], found["tool_result"]) == ("error", "no station")


def test_tools_offered_do_not_stand_again_among_the_parameters_of_a_call() -> None:
    said = raw("openinference_langchain")
    for span in spans("openinference_langchain", kind="llm").to_dicts():
        given = json.loads(said[span["span_id"]]["llm.invocation_parameters"])
        kept = json.loads(json.loads(span["attributes"])["llm.invocation_parameters"])
        assert kept == {key: value for key, value in given.items() if key != "tools"}
        assert (
            json.loads(span["tool_definitions"])[0]["name"] == given["tools"][0]["function"]["name"]
        )


def test_tools_that_stand_only_among_the_parameters_stay_there() -> None:
    said = {
        "openinference.span.kind": "LLM",
        "llm.invocation_parameters": '{"tools": [{"name": "a"}]}',
    }

    kept = json.loads(row(said)["attributes"])

    assert kept == {"llm.invocation_parameters": '{"tools": [{"name": "a"}]}'}


def test_a_smolagents_run_asks_its_task_and_calls_tools_by_their_arguments() -> None:
    (agent,) = spans("openinference_smolagents", kind="agent")["input"]
    tools = spans("openinference_smolagents", kind="tool").select("tool", "tool_args").rows()

    assert agent == "What is the weather in Paris?"
    assert tools == [("get_weather", '{"city":"Paris"}'), ("final_answer", '{"answer":"18 C"}')]


def test_options_of_a_smolagents_run_stay_attributes() -> None:
    found = row({"openinference.span.kind": "AGENT", "input.value": json.dumps(TASK)})

    assert found["input"] == TASK["task"]
    assert json.loads(found["attributes"]) == {"input.value": {"stream": False, "reset": True}}


def test_strands_tells_the_reason_and_the_result_in_messages() -> None:
    said = raw("strands_latest")
    reasons = {"tool_use": "tool_calls", "end_turn": "stop"}
    llm = spans("strands_latest", kind="llm").select("span_id", "finish_reason").rows()
    tools = spans("strands_latest", kind="tool").select("span_id", "tool_result").rows()

    messages = {i: json.loads(said[i]["gen_ai.output.messages"])[-1] for i, _ in [*llm, *tools]}

    assert llm == [(i, reasons[messages[i]["finish_reason"]]) for i, _ in llm]
    assert tools == [(i, messages[i]["parts"][0]["response"][0]["text"]) for i, _ in tools]
    assert len(llm) == 4
    assert len(tools) == 2


def test_a_streamed_call_of_opentelemetry_has_the_reason_of_its_message() -> None:
    said = raw("otel_openai_v2_streamed")
    llm = spans("otel_openai_v2_streamed", kind="llm").select("span_id", "finish_reason").rows()

    assert llm == [
        (i, json.loads(said[i]["gen_ai.output.messages"])[-1].get("finish_reason") or None)
        for i, _ in llm
    ]


@pytest.mark.parametrize("name", ["vercel_ai_v7", "logfire_openai"])
def test_seconds_to_the_first_chunk_are_milliseconds(name: str) -> None:
    key = "gen_ai.client.operation.time_to_first_chunk"
    told = {i: pairs[key] for i, pairs in raw(name).items() if key in pairs}
    found = spans(name).filter(pl.col("ttft_ms").is_not_null()).select("span_id", "ttft_ms").rows()

    assert len(told) == 2
    assert dict(found) == {i: pytest.approx(seconds * 1000) for i, seconds in told.items()}


def test_counts_that_only_the_provider_tells_are_read() -> None:
    said = raw("logfire_openai")
    usage = {
        i: json.loads(p["gen_ai.usage.raw"]) for i, p in said.items() if "gen_ai.usage.raw" in p
    }
    found = spans("logfire_openai").filter(pl.col("span_id").is_in(list(usage)))

    counts = found.select(
        "span_id", "prompt_tokens", "cache_read_tokens", "reasoning_tokens"
    ).rows()

    assert sorted(counts) == sorted(
        (
            i,
            u["prompt_tokens"],
            u["prompt_tokens_details"]["cached_tokens"],
            u["completion_tokens_details"]["reasoning_tokens"],
        )
        for i, u in usage.items()
    )
    assert len(counts) == 2


def test_a_tool_s_answer_among_output_messages_keeps_the_call_that_it_answers() -> None:
    """As the OTLP export of an agent's whole conversation writes it."""
    said = [{"role": "tool", "parts": [{"type": "text", "content": "18 C"}], "tool_call_id": "c1"}]

    found = row(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.output.messages": json.dumps(said)}
    )

    assert json.loads(found["output_messages"]) == [
        {"role": "tool", "content": "18 C", "tool_call_id": "c1"}
    ]
