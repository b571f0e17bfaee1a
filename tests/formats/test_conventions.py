"""What attributes of each convention mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.formats.reading import Object, row

from evalctl.core.schema import SPANS
from evalctl.core.words import KINDS
from evalctl.formats.conventions import conventions


def test_every_convention_fills_columns_that_exist() -> None:
    columns = set(SPANS.schema) | {"total_tokens"}
    filled = {c for convention in conventions() for c, _ in convention.columns.values()}
    read = {t.column for convention in conventions() for t in convention.texts.values()}

    assert filled | read <= columns


def test_every_convention_tells_kinds_that_exist() -> None:
    told = {
        kind
        for convention in conventions()
        for kinds in convention.kinds.values()
        for kind in (*kinds.exact.values(), *kinds.broad.values())
    }

    assert told <= set(KINDS)


def test_no_attribute_is_claimed_by_two_conventions() -> None:
    keys = [
        key
        for c in conventions()
        for part in (c.columns, c.kinds, c.texts, c.calls, c.dropped)
        for key in part
    ]

    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"openinference.span.kind": "LLM"}, "llm"),
        ({"openinference.span.kind": "RERANKER"}, "reranker"),
        ({"openinference.span.kind": "DECISION"}, "chain"),
        ({"gen_ai.operation.name": "chat"}, "llm"),
        ({"gen_ai.operation.name": "invoke_agent"}, "agent"),
        ({"gen_ai.operation.name": "execute_event_loop_cycle"}, "chain"),
        ({"traceloop.span.kind": "workflow"}, "chain"),
        ({"llm.request.type": "chat"}, "llm"),
        ({"langfuse.observation.type": "generation"}, "llm"),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, "llm"),
        ({"ai.operationId": "ai.generateText.doGenerate"}, "llm"),
        ({"ai.operationId": "ai.toolCall"}, "tool"),
        ({"ai.operationId": "ai.generateText"}, "agent"),
        ({"langsmith.span.kind": "retriever"}, "retriever"),
        ({"gen_ai.tool.name": "look"}, "tool"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1}, "llm"),
        ({"openinference.span.kind": "TOOL", "gen_ai.operation.name": "chat"}, "tool"),
        ({"gen_ai.operation.name": "something_new"}, "unknown"),
    ],
)
def test_kinds(said: Object, kind: str) -> None:
    assert row(said)["kind"] == kind


def test_words_that_say_more_than_the_kind_stay_attributes() -> None:
    assert row({"gen_ai.operation.name": "chat"})["attributes"] is None
    assert json.loads(row({"gen_ai.operation.name": "text_completion"})["attributes"]) == {
        "gen_ai.operation.name": "text_completion"
    }


@pytest.mark.parametrize(
    "key",
    [
        "session.id",
        "gen_ai.conversation.id",
        "langfuse.session.id",
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.thread_id",
        "ai.telemetry.metadata.sessionId",
        "langsmith.metadata.session_id",
        "metadata.thread_id",
        "gcp.vertex.agent.session_id",
        "mlflow.trace.session",
    ],
)
def test_sessions(key: str) -> None:
    assert row({key: "s1"})["session_id"] == "s1"


@pytest.mark.parametrize(
    "key",
    [
        "user.id",
        "enduser.id",
        "langfuse.user.id",
        "traceloop.association.properties.user_id",
        "ai.telemetry.metadata.userId",
        "metadata.user_id",
        "mlflow.trace.user",
    ],
)
def test_users(key: str) -> None:
    assert row({key: "u1"})["user_id"] == "u1"


def test_session_and_user_are_found_in_metadata_that_is_json() -> None:
    metadata = json.dumps({"thread_id": "t1", "user_id": "u1", "step": 3})

    found = row({"metadata": metadata})

    assert (found["session_id"], found["user_id"]) == ("t1", "u1")
    assert json.loads(found["attributes"]) == {"metadata": metadata}
    assert row({"metadata": metadata, "session.id": "s1"})["session_id"] == "s1"


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["tool_calls"], "tool_calls"),
        (["tool_call"], "tool_calls"),
        ('["tool-calls"]', "tool_calls"),
        (["tool_use"], "tool_calls"),
        (["end_turn"], "stop"),
        (["max_tokens"], "length"),
        (["content-filter"], "content_filter"),
        (["weird"], "weird"),
    ],
)
def test_finish_reasons(given: Any, word: str) -> None:
    assert row({"gen_ai.response.finish_reasons": given})["finish_reason"] == word


@pytest.mark.parametrize(
    ("said", "provider"),
    [
        ({"gen_ai.system": "vertex_ai"}, "gcp.vertex_ai"),
        ({"gen_ai.system": "az.ai.openai"}, "azure.ai.openai"),
        ({"gen_ai.system": "openai", "gen_ai.provider.name": "xai"}, "x_ai"),
        ({"ai.model.provider": "openai.chat"}, "openai"),
        ({"llm.system": "openai"}, "openai"),
    ],
)
def test_providers(said: Object, provider: str) -> None:
    assert row(said)["provider"] == provider


def test_the_model_that_answered_wins_over_the_one_asked_for() -> None:
    both = row({"gen_ai.request.model": "m", "gen_ai.response.model": "m-1"})
    asked = row({"gen_ai.request.model": "m"})

    assert (both["model"], both["request_model"]) == ("m-1", "m")
    assert (asked["model"], asked["request_model"]) == ("m", "m")


def test_usage_of_langfuse_is_counted() -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 3},
    }

    found = row({"langfuse.observation.usage_details": json.dumps(usage)})

    assert [found[n] for n in ("prompt_tokens", "completion_tokens", "cache_read_tokens")] == [
        5,
        2,
        3,
    ]


def test_a_cost_of_zero_in_details_is_not_recorded() -> None:
    assert row({"langfuse.observation.cost_details": '{"total": 0}'})["cost_usd"] is None
    assert row({"langfuse.observation.cost_details": '{"total": 0.5}'})["cost_usd"] == 0.5
    assert row({"operation.cost": 0.0})["cost_usd"] == 0.0


def test_levels_and_tool_states_are_errors() -> None:
    assert row({"langfuse.observation.level": "ERROR"})["status"] == "error"
    assert row({"gen_ai.tool.status": "error"}, status={"code": 1})["status"] == "error"


def test_documents_come_one_by_one_or_as_json() -> None:
    one_by_one = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.id": "d1",
        "retrieval.documents.0.document.content": "Paris",
        "retrieval.documents.0.document.score": 0.5,
        "retrieval.documents.0.document.metadata": '{"source": "p.txt"}',
        "output.value": '{"documents": []}',
    }
    as_json = {"gen_ai.retrieval.documents": '[{"id": "d1", "score": 0.9}]'}
    in_metadata = {
        "gen_ai.retrieval.documents": [{"page_content": "x", "metadata": {"score": 0.7}}]
    }

    assert json.loads(row(one_by_one)["documents"]) == [
        {"id": "d1", "content": "Paris", "score": 0.5, "metadata": {"source": "p.txt"}}
    ]
    assert json.loads(row(as_json)["documents"])[0]["score"] == 0.9
    assert json.loads(row(in_metadata)["documents"])[0]["score"] == 0.7


@pytest.mark.parametrize(
    "said",
    [
        {
            "llm.tools.0.tool.json_schema": '{"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}'
        },
        {
            "gen_ai.tool.definitions": '[{"type": "function", "name": "look", "description": "d", "parameters": {"type": "object"}}]'
        },
        {
            "ai.prompt.tools": [
                '{"type": "function", "name": "look", "description": "d", "inputSchema": {"type": "object"}}'
            ]
        },
        {
            "llm.request.functions.0.name": "look",
            "llm.request.functions.0.description": "d",
            "llm.request.functions.0.parameters": '{"type": "object"}',
        },
        {
            "mlflow.chat.tools": '[{"type": "function", "function": {"name": "look", "description": "d", "parameters": {"type": "object"}}}]'
        },
    ],
)
def test_tool_definitions_look_the_same_from_every_client(said: Object) -> None:
    assert json.loads(row(said)["tool_definitions"]) == [
        {"name": "look", "description": "d", "parameters": {"type": "object"}}
    ]


def test_vectors_are_dropped_and_their_text_is_kept() -> None:
    said = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.embeddings.0.embedding.text": "hi",
        "embedding.embeddings.0.embedding.vector": [0.1, 0.2],
        "output.value": '{"data": [{"embedding": [0.1, 0.2]}]}',
    }

    found = row(said)

    assert (found["input"], found["output"], found["attributes"]) == ("hi", None, None)


@pytest.mark.parametrize(
    ("said", "captured"),
    [
        ({"input.value": "hi"}, True),
        ({"output.value": "hi"}, True),
        ({"input.value": "__REDACTED__", "output.value": "__REDACTED__"}, False),
        ({"input.value": "__REDACTED__", "output.value": "hi"}, True),
        ({"gen_ai.request.model": "m"}, False),
    ],
)
def test_content_is_captured_or_not(said: Object, captured: bool) -> None:
    assert row(said)["content_captured"] is captured


def test_old_openllmetry_prompts_are_messages() -> None:
    said = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "hi",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.tool_calls.0.id": "c1",
        "gen_ai.completion.0.tool_calls.0.name": "look",
        "gen_ai.completion.0.tool_calls.0.arguments": "{}",
        "gen_ai.completion.0.finish_reason": "tool_calls",
    }

    found = row(said, scope="opentelemetry.instrumentation.openai.v1")

    assert found["input"] == "hi"
    assert json.loads(found["output_messages"])[0]["tool_calls"] == [
        {"id": "c1", "name": "look", "arguments": "{}"}
    ]
    assert found["finish_reason"] == "tool_calls"
    assert found["source_format"] == "openllmetry"


def test_a_finish_reason_beside_a_completion_yields_to_that_of_the_response() -> None:
    said = {
        "gen_ai.completion.0.content": "hi",
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.finish_reason": "end_turn",
    }

    assert row(said)["finish_reason"] == "stop"
    assert row({**said, "gen_ai.response.finish_reasons": ["length"]})["finish_reason"] == "length"


def test_wrapped_arguments_of_functions_are_unwrapped() -> None:
    assert row({"traceloop.entity.input": '{"args": ["hi"], "kwargs": {}}'})["input"] == "hi"
    assert row({"traceloop.entity.output": '{"outputs": "hello"}'})["output"] == "hello"
    assert row({"input.value": '{"a": 1, "b": 2}'})["input"] == '{"a":1,"b":2}'


def test_a_state_with_messages_is_read_and_the_rest_of_it_is_kept() -> None:
    state = {"messages": [{"type": "human", "content": "hi"}], "step": 3}

    found = row({"openinference.span.kind": "CHAIN", "input.value": json.dumps(state)})

    assert found["input"] == "hi"
    assert json.loads(found["attributes"]) == {"input.value": {"step": 3}}


def test_entities_of_traceloop_name_tools_and_agents() -> None:
    tool = {"traceloop.span.kind": "tool", "traceloop.entity.name": "look"}
    agent = {"traceloop.span.kind": "agent", "traceloop.entity.name": "bot"}

    assert row(tool)["tool"] == "look"
    assert row(agent)["agent"] == "bot"
