"""One payload in every container is the same spans; broken pieces cost only themselves."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
from typing import Any

import pytest
import zstandard
from tests.formats.reading import (
    CAPTURED,
    SHARED,
    SPAN,
    TRACE,
    Object,
    captured,
    read,
    request,
    span,
)

from evalctl.formats.containers import otlp_json_lines
from evalctl.formats.decode import decode, sniff, split
from evalctl.formats.lines import split_lines

ENCODINGS = sorted(file.name for file in (CAPTURED / "encodings").iterdir())
WHOLE = [name for name in ENCODINGS if not name.startswith("truncated")]
LINES = (CAPTURED / "encodings" / "collector_jsonlines.json").read_bytes()


def ids_in(data: bytes) -> set[tuple[str, str]]:
    """Find ids in OTLP/JSON lines without knowing OTLP."""
    return set(re.findall(r'"traceId":"(\w{32})","spanId":"(\w{16})"', data.decode()))


def test_the_payload_has_fourteen_spans() -> None:
    assert len(ids_in(LINES)) == 14


@pytest.mark.parametrize("name", WHOLE)
def test_every_encoding_gives_the_same_spans(name: str) -> None:
    found = captured(f"encodings/{name}")

    assert found.ids == ids_in(LINES)
    assert found.spans.height == 14
    assert (found.rejects, found.truncated) == ([], False)


@pytest.mark.parametrize("name", WHOLE)
def test_every_encoding_gives_the_same_digests(name: str) -> None:
    expected = read(LINES).spans.select("span_id", "digest").sort("span_id")

    found = captured(f"encodings/{name}").spans.select("span_id", "digest").sort("span_id")

    assert found.equals(expected)


def test_a_line_that_is_still_being_written_is_not_an_error() -> None:
    found = captured("encodings/truncated_tail.jsonl")

    assert found.spans.height == 12
    assert found.ids < ids_in(LINES)
    assert (found.rejects, found.truncated) == ([], True)


def test_a_bad_line_in_the_middle_is_one_reject_with_its_place() -> None:
    bad = b'{"resourceSpans": [{"secret42": oops\n'
    data = request(span()) + b"\n" + bad + request(span(spanId="00f067aa0ba902b8")) + b"\n"

    found = read(data)

    assert found.spans.height == 2
    assert [(r.offset, r.line, r.reason) for r in found.rejects] == [
        (len(request(span())) + 1, 2, "not JSON")
    ]
    assert found.rejects[0].head == '{"aaaaaaaaaaaaa": [{"aaaaaa00": aaaa'


def test_a_bad_last_line_that_is_whole_is_a_reject() -> None:
    found = read(request(span()) + b"\nnot json at all\n")

    assert [r.line for r in found.rejects] == [2]
    assert not found.truncated


def test_one_bad_span_is_refused_alone() -> None:
    found = read(request(span(), span(traceId=""), span(spanId="00f067aa0ba902b8")))

    assert found.spans.height == 2
    assert [r.reason for r in found.rejects] == ["trace_id missing"]


def test_a_span_with_a_field_of_the_wrong_type_keeps_all_other_fields() -> None:
    odd = span({"tool.name": "look"}, events="none", droppedAttributesCount="many", name=7)

    found = read(request(odd))

    assert (found.row["tool"], found.row["name"], found.rejects) == ("look", "7", [])


def snake(found: Any) -> Any:
    if isinstance(found, dict):
        return {re.sub("([A-Z])", r"_\1", k).lower(): snake(v) for k, v in found.items()}
    return [snake(item) for item in found] if isinstance(found, list) else found


def test_snake_case_keys_are_read() -> None:
    data = b"\n".join(json.dumps(snake(json.loads(line))).encode() for line in LINES.splitlines())

    assert read(data).ids == ids_in(LINES)


@pytest.mark.parametrize("wrap", ["batches", "trace", "data"])
def test_answers_of_servers_are_read(wrap: str) -> None:
    inner: Object = json.loads(request(span()))["resourceSpans"]
    flat = {**span(), "attributes": [{"key": "a", "value": {"string_value": "b"}}]}
    wrapped: Object = {
        "batches": {"batches": inner},
        "trace": {"trace": {"resourceSpans": inner}},
        "data": {"data": [snake(flat)]},
    }[wrap]

    assert read(json.dumps(wrapped).encode()).ids == {(TRACE, SPAN)}


def test_a_list_of_requests_is_read_request_by_request() -> None:
    other = span(spanId="00f067aa0ba902b8")
    data = b"[\n" + request(span()) + b",\n" + request(other) + b"\n]\n"

    assert read(data).spans.height == 2


def test_gzip_members_and_zstd_frames_are_all_read() -> None:
    lines = LINES.splitlines(keepends=True)
    members = b"".join(gzip.compress(line) for line in lines)
    frames = b"".join(zstandard.ZstdCompressor().compress(line) for line in lines)

    assert len(lines) > 1
    assert read(members).ids == read(frames).ids == ids_in(LINES)


def test_layers_are_peeled_one_by_one() -> None:
    packed = zstandard.ZstdCompressor().compress(gzip.compress(LINES))

    assert read(packed).ids == ids_in(LINES)


def test_a_protobuf_message_that_broke_off_is_no_reject() -> None:
    whole = (CAPTURED / "encodings" / "single_request.binpb").read_bytes()
    data = b"".join(struct.pack(">I", len(whole)) + whole for _ in range(2))[:-100]

    found = read(data)

    assert (found.spans.height, found.rejects, found.truncated) == (14, [], True)


def test_a_protobuf_message_of_something_else_is_a_reject() -> None:
    whole = (CAPTURED / "encodings" / "single_request.binpb").read_bytes()
    broken = whole[:40] + b"\xff" * 40 + whole[80:]
    data = b"".join(struct.pack(">I", len(m)) + m for m in (broken, whole))

    found = read(data)

    assert found.spans.height == 14
    assert [r.reason for r in found.rejects] == ["not an OTLP protobuf message"]


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"hello\n",
        b"{}",
        b"[]",
        b'{"a": 1}\n',
        b"\x89PNG\r\n\x1a\n",
        b"PK\x03\x04",
        b"a,b\n1,2\n",
        b'{"data": [{"traceID": "1", "spans": []}]}',
    ],
)
def test_what_no_container_knows_is_unknown(head: bytes) -> None:
    assert sniff(head) == "unknown"


def test_pieces_hold_whole_lines_and_know_their_place() -> None:
    pieces = list(split_lines(io.BufferedReader(io.BytesIO(LINES)), piece=5_000))

    assert b"".join(data for data, _, _, _ in pieces) == LINES
    assert [offset for _, offset, _, _ in pieces] == [
        sum(len(data) for data, _, _, _ in pieces[:index]) for index in range(len(pieces))
    ]
    assert [line for _, _, line, _ in pieces] == [
        LINES[:offset].count(b"\n") + 1 for _, offset, _, _ in pieces
    ]
    assert [is_last for _, _, _, is_last in pieces] == [False] * (len(pieces) - 1) + [True]


def test_a_line_longer_than_a_piece_is_one_piece() -> None:
    data = request(span({"input.value": "x" * (30 << 20)}))

    found = read(data)

    assert len(found.row["input"]) == 30 << 20


def test_batches_are_small_however_large_the_chunk() -> None:
    line = request(span({"input.value": "x" * (1 << 20)})) + b"\n"
    (chunk,) = split(io.BufferedReader(io.BytesIO(line * 7)), "otlp_json_lines")

    heights = [batch.spans.height for batch in decode(chunk, chunk.container)]

    assert heights == [2, 2, 2, 1]


def test_the_lines_container_knows_a_line_longer_than_the_head() -> None:
    assert otlp_json_lines.recognises(b'{"resourceSpans": [' + b" " * 100)


def test_a_real_collector_file_is_read() -> None:
    file = SHARED / "otelcol_file_exporter" / "test-traces.json"
    if not file.exists():
        pytest.skip("the shared data is not here")

    assert read(file.read_bytes()).spans.height == 2


@pytest.mark.parametrize(
    ("name", "spans"),
    [("quo_tav_agent", 29), ("smol_deep_research_agent", 8), ("rag_earnings_agent", 18)],
)
def test_base64_ids_become_hex(name: str, spans: int) -> None:
    file = SHARED / "otlp_base64" / f"{name}.json"
    if not file.exists():
        pytest.skip("the shared data is not here")

    found = read(file.read_bytes())

    assert found.spans.height == spans
    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace, _ in found.ids)
    assert all(re.fullmatch("[0-9a-f]{16}", span_id) for _, span_id in found.ids)
    parents = set(found.spans["parent_span_id"].drop_nulls())
    assert parents <= {span_id for _, span_id in found.ids}


def test_documents_that_follow_each_other_are_all_read() -> None:
    """``jq .`` writes the lines of a file so."""
    pretty = "\n".join(json.dumps(json.loads(line), indent=2) for line in LINES.splitlines())

    found = read(pretty.encode())

    assert (found.container, found.ids, found.rejects) == ("otlp_json", ids_in(LINES), [])
