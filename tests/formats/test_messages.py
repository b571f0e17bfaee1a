"""Messages of every dialect become one form; the fast way gives what the slow way gives."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.formats.reading import Object, event, row

from evalctl.formats.messages import encode, to_messages
from evalctl.formats.semconv import heard, semconv

CALL = {"id": "c1", "name": "look", "arguments": '{"q": 1}'}


def one(item: Object) -> Object:
    """Read one message and return it as the columns have it."""
    (found,) = json.loads(encode(to_messages(item)) or "[]")
    return found


@pytest.mark.parametrize(
    "item",
    [
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": '{"q": 1}'}}],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": '{"q": 1}'}],
        },
        {
            "role": "model",
            "parts": [{"functionCall": {"id": "c1", "name": "look", "args": '{"q": 1}'}}],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "c1", "name": "look", "input": '{"q": 1}'}],
        },
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "c1", "name": "look", "input": '{"q": 1}'}}],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "tool-call", "toolCallId": "c1", "toolName": "look", "input": '{"q": 1}'}
            ],
        },
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"q": 1}'},
        {
            "type": "ai",
            "data": {
                "content": "",
                "tool_calls": [{"id": "c1", "name": "look", "args": '{"q": 1}'}],
            },
        },
    ],
    ids=["openai", "genai", "gemini", "anthropic", "bedrock", "vercel", "responses", "langchain"],
)
def test_a_tool_call_looks_the_same_in_every_dialect(item: Object) -> None:
    assert one(item) == {"role": "assistant", "tool_calls": [CALL]}


@pytest.mark.parametrize(
    "item",
    [
        {"role": "tool", "tool_call_id": "c1", "content": "18 C"},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "18 C"}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "result": "18 C"}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "18 C"}],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "18 C"}]}}],
        },
        {
            "role": "tool",
            "content": [
                {
                    "type": "tool-result",
                    "toolCallId": "c1",
                    "output": {"type": "text", "value": "18 C"},
                }
            ],
        },
        {"type": "function_call_output", "call_id": "c1", "output": "18 C"},
        {"type": "tool", "data": {"content": "18 C", "tool_call_id": "c1"}},
    ],
    ids=[
        "openai",
        "genai",
        "genai-result",
        "anthropic",
        "bedrock",
        "vercel",
        "responses",
        "langchain",
    ],
)
def test_a_tool_result_looks_the_same_in_every_dialect(item: Object) -> None:
    assert one(item) == {"role": "tool", "content": "18 C", "tool_call_id": "c1"}


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ({"role": "user", "content": "hi"}, "hi"),
        (
            {
                "role": "user",
                "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "you"}],
            },
            "hi\nyou",
        ),
        ({"role": "user", "parts": [{"type": "text", "content": "hi"}]}, "hi"),
        ({"role": "user", "parts": [{"text": "hi"}]}, "hi"),
        ({"role": "human", "content": "hi"}, "hi"),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:AAAA"}}]},
            "[image_url]",
        ),
        (
            {"lc": 1, "id": ["x", "HumanMessage"], "kwargs": {"content": "hi", "type": "human"}},
            "hi",
        ),
    ],
)
def test_user_text_looks_the_same_in_every_dialect(item: Object, content: str) -> None:
    assert one(item) == {"role": "user", "content": content}


def test_thoughts_are_not_the_answer() -> None:
    parts = [{"type": "reasoning", "content": "rain"}, {"type": "text", "content": "18 C"}]

    found = row({"gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": parts}])})

    assert found["output"] == "18 C"
    assert json.loads(found["output_messages"]) == [
        {"role": "assistant", "content": "18 C", "reasoning": "rain"}
    ]


texts = st.text(st.characters(codec="utf-8"), max_size=8)
parts = st.one_of(
    st.builds(lambda c: {"type": "text", "content": c}, texts),
    st.builds(
        lambda a: {"type": "tool_call", "id": "c", "name": "n", "arguments": a},
        texts | st.dictionaries(texts, st.integers(0, 9), max_size=2),
    ),
    st.builds(
        lambda r: {"type": "tool_call_response", "id": "c", "response": r},
        texts | st.lists(st.integers(0, 9), max_size=2),
    ),
    st.builds(lambda c: {"type": "reasoning", "content": c}, texts),
)
items = st.builds(
    lambda role, found: {"role": role, "parts": found},
    st.sampled_from(["system", "user", "assistant", "tool", "human"]),
    st.lists(parts, min_size=1, max_size=3),
)


@given(st.lists(items, max_size=4))
def test_the_fast_way_through_genai_messages_gives_what_the_slow_way_gives(
    found: list[Object],
) -> None:
    text = msgspec.json.encode(found).decode()

    fast = semconv(text)
    slow = heard(to_messages(json.loads(text)), None)

    assert fast is not None
    assert (encode(fast.messages), fast.system, fast.user) == (
        encode(slow.messages),
        slow.system,
        slow.user,
    )


def indexed(side: str, found: list[Object], **more: Any) -> Object:
    said: Object = {}
    for index, message in enumerate(found):
        for key, item in message.items():
            said[f"llm.{side}_messages.{index}.message.{key}"] = item
    return {**said, **more, "openinference.span.kind": "LLM"}


@given(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant"]), texts), min_size=1, max_size=4
    )
)
def test_indexed_messages_are_what_the_same_messages_are_in_json(
    found: list[tuple[str, str]],
) -> None:
    plain = [{"role": role, "content": content} for role, content in found]

    by_index = row(indexed("input", plain))
    by_json = row(
        {"gen_ai.input.messages": json.dumps([{"role": r, "content": c} for r, c in found])}
    )

    columns = ("input", "input_messages", "system_prompt")
    assert [by_index[name] for name in columns] == [by_json[name] for name in columns]


def test_indexed_messages_may_come_in_any_order_and_beyond_ten() -> None:
    plain = [{"role": "user", "content": str(index)} for index in range(12)]
    said = dict(reversed(indexed("input", plain).items()))

    found = json.loads(row(said)["input_messages"])

    assert [message["content"] for message in found] == [str(index) for index in range(12)]


def test_tool_calls_stand_in_messages_whose_content_is_missing() -> None:
    said = {
        "role": "assistant",
        "tool_calls.0.tool_call.id": "c1",
        "tool_calls.0.tool_call.function.name": "look",
        "tool_calls.0.tool_call.function.arguments": '{"q": 1}',
    }

    found = row(indexed("output", [said]))

    assert json.loads(found["output_messages"]) == [{"role": "assistant", "tool_calls": [CALL]}]
    assert found["output"] is None


def test_content_that_is_said_twice_is_kept_once() -> None:
    said = {
        "role": "assistant",
        "contents.0.message_content.type": "text",
        "contents.0.message_content.text": "hi",
        "content": "hi",
    }

    assert json.loads(row(indexed("output", [said]))["output_messages"]) == [
        {"role": "assistant", "content": "hi"}
    ]


def test_a_provider_request_beside_its_messages_is_not_kept_twice() -> None:
    plain = [{"role": "user", "content": "hi"}]

    found = row(indexed("input", plain, **{"input.value": json.dumps({"messages": plain})}))

    assert (found["input"], found["attributes"]) == ("hi", None)


def test_input_is_the_last_turn_of_the_user_and_output_the_last_text() -> None:
    asked = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
        {"role": "tool", "content": "four"},
    ]
    answered = [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "a"}, {"type": "text", "content": "b"}],
        }
    ]

    found = row(
        {"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": json.dumps(answered)}
    )

    assert (found["input"], found["output"]) == ("three", "b")


def test_structured_values_are_messages_too() -> None:
    found = row(
        {"gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]}
    )

    assert json.loads(found["input_messages"]) == [{"role": "user", "content": "hi"}]


def test_system_instructions_are_parts_or_text() -> None:
    parts = json.dumps([{"type": "text", "content": "Be kind."}])

    assert row({"gen_ai.system_instructions": parts})["system_prompt"] == "Be kind."
    assert row({"gen_ai.system_instructions": "Be kind."})["system_prompt"] == "Be kind."


def test_messages_in_events_are_read_and_not_kept_as_events() -> None:
    events = [
        event("gen_ai.system.message", {"content": "Be kind."}),
        event("gen_ai.user.message", {"content": '[{"text": "hi"}]'}),
        event("gen_ai.choice", {"message": '[{"text": "hello"}]', "finish_reason": "end_turn"}),
        event("other", {}),
    ]

    found = row({"gen_ai.operation.name": "chat"}, events=events)

    assert [found[n] for n in ("system_prompt", "input", "output", "finish_reason")] == [
        "Be kind.",
        "hi",
        "hello",
        "stop",
    ]
    assert [e["name"] for e in json.loads(found["events"])] == ["other"]


def test_details_of_an_inference_may_come_in_several_events() -> None:
    name = "gen_ai.client.inference.operation.details"
    asked = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    events = [
        event(name, {"gen_ai.input.messages": asked}),
        event(
            name,
            {
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}]
                )
            },
        ),
    ]

    found = row({"gen_ai.operation.name": "chat"}, events=events)

    assert (found["input"], found["output"], found["events"]) == ("hi", "hello", None)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ('{"city": "Paris"}', '{"city": "Paris"}'),
        ('{"args": ["look", {"city": "Paris"}], "kwargs": {}}', '{"city":"Paris"}'),
        ('{"args": [], "kwargs": {"city": "Paris"}}', '{"city":"Paris"}'),
        ('{"name": "look", "args": {"city": "Paris"}}', '{"city":"Paris"}'),
        ("{'city': 'Paris'}", '{"city":"Paris"}'),
        ("{\"input_str\": \"{'city': 'Paris'}\"}", '{"city":"Paris"}'),
        ({"city": "Paris"}, '{"city":"Paris"}'),
        ("Paris", "Paris"),
    ],
)
def test_tool_arguments_are_unwrapped(given_: Any, kept: str) -> None:
    found = row({"openinference.span.kind": "TOOL", "tool.name": "look", "input.value": given_})

    assert (found["tool_args"], found["input"]) == (kept, kept)


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("18 C", "18 C"),
        ('"18 C"', "18 C"),
        ('[{"text": "18 C"}]', "18 C"),
        ('{"temp": 18}', '{"temp": 18}'),
        ("[1, 2]", "[1, 2]"),
        ({"temp": 18}, '{"temp":18}'),
    ],
)
def test_tool_results_are_text_or_json(given_: Any, kept: str) -> None:
    found = row(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look",
            "gen_ai.tool.call.result": given_,
        }
    )

    assert (found["tool_result"], found["output"]) == (kept, kept)


def test_a_tool_without_a_name_is_called_as_its_span_is() -> None:
    assert row({"langfuse.observation.type": "tool"}, name="look")["tool"] == "look"
    assert (
        row({"gen_ai.operation.name": "execute_tool"}, name="execute_tool look")["tool"] == "look"
    )
