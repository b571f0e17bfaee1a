"""Whatever the bytes are, decoding ends, raises nothing, and accounts for every record."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.formats.reading import CAPTURED, Object, read, read_as, request, span

from evalctl.formats.compression import broken
from evalctl.formats.containers import names
from evalctl.formats.decode import sniff

LINES = (CAPTURED / "encodings" / "collector_jsonlines.json").read_bytes()
MESSAGE = (CAPTURED / "encodings" / "collector_proto.binpb").read_bytes()
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.binary(max_size=400), st.sampled_from(names()))
def test_no_bytes_make_a_container_raise(data: bytes, container: str) -> None:
    read_as(data, container)


@quick
@given(st.binary(max_size=400))
def test_no_bytes_make_sniffing_raise(data: bytes) -> None:
    assert sniff(data) in {*names(), "unknown"}


@quick
@given(
    st.binary(max_size=200),
    st.sampled_from([b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\0\0\0\x20\x28\xb5\x2f\xfd"]),
)
def test_broken_compression_raises_only_what_it_says(data: bytes, magic: bytes) -> None:
    try:
        read(magic + data + LINES)
    except broken():
        pass
    except ModuleNotFoundError:  # what was inside is of no container
        pass


cuts = st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 12), st.binary(max_size=12))


@quick
@given(st.lists(cuts, min_size=1, max_size=3))
def test_a_mutated_file_is_spans_and_rejects(edits: list[tuple[int, int, bytes]]) -> None:
    data = LINES
    for at, length, new in edits:
        data = data[:at] + new + data[at + length :]

    found = read_as(data, "otlp_json_lines")

    whole = [line for line in data.split(b"\n") if line.strip()]
    refused = len({r.line for r in found.rejects}) + found.truncated
    assert found.spans.height > 0 or refused == len(whole) or b'"spans"' not in data


@quick
@given(
    st.lists(
        st.tuples(st.integers(0, len(MESSAGE) - 1), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_mutated_protobuf_is_spans_and_rejects(edits: list[tuple[int, int]]) -> None:
    data = bytearray(MESSAGE)
    for at, byte in edits:
        data[at] = byte

    read_as(bytes(data), "otlp_protobuf")


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = [
    "input.value",
    "output.value",
    "metadata",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.documents",
    "gen_ai.response.finish_reasons",
    "gen_ai.tool.call.arguments",
    "llm.input_messages.0.message.role",
    "llm.input_messages.0.message.content",
    "llm.input_messages.0.message.tool_calls.0.tool_call.id",
    "llm.input_messages.0.message.contents.0.message_content.text",
    "llm.tools.0.tool.json_schema",
    "retrieval.documents.0.document.metadata",
    "llm.token_count.prompt",
    "llm.cost.total",
    "langfuse.observation.usage_details",
    "langfuse.observation.cost_details",
    "traceloop.entity.name",
    "ai.response.toolCalls",
    "mlflow.llm.model",
    "annotations.0.annotation.name",
    "annotations.0.annotation.score",
    "openinference.span.kind",
    "session.id",
    "error.type",
]


@quick
@given(
    st.dictionaries(st.sampled_from(KEYS), anything | anything.map(json.dumps), max_size=6),
    st.sampled_from(["LLM", "TOOL", "AGENT", "RETRIEVER", "EMBEDDING"]),
)
def test_any_value_of_a_known_attribute_leaves_the_span_whole(said: Object, kind: str) -> None:
    found = read(request(span({"openinference.span.kind": kind, **said})))

    assert (found.spans.height, found.rejects) == (1, [])


FIELDS = [
    "traceId",
    "spanId",
    "parentSpanId",
    "name",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "status",
    "events",
    "links",
    "attributes",
    "kind",
]


@quick
@given(st.dictionaries(st.sampled_from(FIELDS), anything, min_size=1, max_size=4))
def test_any_value_of_a_field_is_a_span_or_a_reject(fields: Object) -> None:
    found = read(request({**span(), **fields}))

    assert found.spans.height + len(found.rejects) == 1


@quick
@given(
    st.lists(anything, max_size=4),
    st.dictionaries(
        st.sampled_from(["id", "tools", "model", "user_id", "reward"]), anything, max_size=3
    ),
)
def test_any_messages_are_a_conversation_or_a_reject(messages: list[object], more: Object) -> None:
    data = json.dumps({"messages": messages, "traj": messages, **more}).encode()

    for container in ("chat_messages", "trajectory_runs"):
        found = read_as(data, container)
        assert found.spans.height > 0 or len(found.rejects) == 1


@quick
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "parts",
                    "tool_calls",
                    "function_call",
                    "type",
                    "timestamp",
                    "tool_call_id",
                    "name",
                    "kwargs",
                ]
            ),
            anything | st.sampled_from(["user", "assistant", "tool", "system"]),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_messages_of_any_shape_are_a_conversation(messages: list[Object]) -> None:
    found = read_as(json.dumps({"messages": messages}).encode(), "chat_messages")

    assert (found.spans.height > 0, found.rejects) == (True, [])


@pytest.mark.parametrize("container", names())
def test_nothing_gives_nothing(container: str) -> None:
    found = read_as(b"", container)

    assert (found.spans.height, found.truncated) == (0, False)
