"""One span at a time: where attributes go, and what odd values become."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.formats.reading import SPAN, START, TRACE, event, read, request, row, span

STARTED = datetime(2026, 11, 20, 8, 28, 28, 659665, tzinfo=UTC)


def test_times_are_microseconds() -> None:
    found = row()

    assert (found["start_time"], found["duration_ms"]) == (STARTED, 1500.0)
    assert found["end_time"] == datetime(2026, 11, 20, 8, 28, 30, 159665, tzinfo=UTC)


@pytest.mark.parametrize("end", [None, 0, "0", ""])
def test_a_span_without_an_end_is_open(end: Any) -> None:
    found = row(endTimeUnixNano=end)

    assert (found["start_time"], found["end_time"], found["duration_ms"]) == (STARTED, None, None)
    assert found["warnings"] is None


def test_numbers_and_floats_are_times_too() -> None:
    assert row(startTimeUnixNano=START)["start_time"] == STARTED
    assert row(startTimeUnixNano=float(START))["start_time"].replace(microsecond=0) == (
        STARTED.replace(microsecond=0)
    )


def test_a_negative_duration_is_not_recorded_but_warned_of() -> None:
    found = row(endTimeUnixNano=str(START - 5_000))

    assert (found["duration_ms"], found["warnings"]) == (None, ["negative_duration"])


@pytest.mark.parametrize("time", [10**21, str(10**30), -5])
def test_a_time_that_no_calendar_has_is_not_recorded_but_warned_of(time: Any) -> None:
    found = row(startTimeUnixNano=time)

    assert (found["start_time"], found["warnings"]) == (None, ["time_out_of_range"])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (TRACE.upper(), TRACE),
        ("8e9d2f5c-Not-Hex", "8e9d2f5c-Not-Hex"),
        ("CvdlGRbNQ92ESOshHIAxnA==", TRACE),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_ids_are_kept_as_given_and_hex_in_lower_case(given: str, kept: str) -> None:
    assert row(traceId=given)["trace_id"] == kept


@pytest.mark.parametrize("parent", [None, "", "0000000000000000", "AAAAAAAAAAA="])
def test_no_parent_is_a_root(parent: str | None) -> None:
    found = row(parentSpanId=parent)

    assert (found["parent_span_id"], found["is_root"]) == (None, True)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (None, "unset"),
        ({}, "unset"),
        ({"code": 0}, "unset"),
        ({"code": 1}, "ok"),
        ({"code": "STATUS_CODE_OK"}, "ok"),
        ({"code": 2}, "error"),
        ({"code": "2"}, "error"),
        ({"code": "STATUS_CODE_ERROR"}, "error"),
        ({"code": "ERROR"}, "error"),
    ],
)
def test_status_is_a_word(status: Any, word: str) -> None:
    assert row(status=status)["status"] == word


def test_an_error_type_fails_a_span_that_does_not_say_it_is_fine() -> None:
    assert row({"error.type": "<class 'openai.BadRequestError'>"})["status"] == "error"
    assert row({"error.type": "timeout"}, status={"code": 1})["status"] == "ok"
    assert row({"error.type": "<class 'openai.BadRequestError'>"})["error_type"] == (
        "openai.BadRequestError"
    )


def test_an_exception_says_what_went_wrong_and_stays_an_event() -> None:
    said = {"exception.type": "LookupError", "exception.message": "no station"}

    found = row(status={"code": 2}, events=[event("exception", said)])

    assert (found["error_type"], found["status_message"]) == ("LookupError", "no station")
    assert json.loads(found["events"]) == [
        {"name": "exception", "time": "2026-11-20T08:28:28.659665Z", "attributes": said}
    ]


def test_what_a_column_holds_does_not_stand_in_attributes() -> None:
    found = row({"session.id": "s1", "llm.model_name": "m", "my.key": 7, "list": ["a", None]})

    assert (found["session_id"], found["model"]) == ("s1", "m")
    assert json.loads(found["attributes"]) == {"my.key": 7, "list": ["a", None]}


def test_the_better_source_wins_and_a_different_loser_stays() -> None:
    said = {"gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.input_tokens": 9}

    for order in (said, dict(reversed(said.items()))):
        found = row(order)
        assert found["prompt_tokens"] == 9
        assert json.loads(found["attributes"]) == {"gen_ai.usage.prompt_tokens": 7}


def test_equal_claims_leave_nothing_behind() -> None:
    found = row({"gen_ai.usage.prompt_tokens": 9, "gen_ai.usage.input_tokens": 9})

    assert (found["prompt_tokens"], found["attributes"]) == (9, None)


def test_of_equal_keys_the_last_wins() -> None:
    twice = span({"tool.name": "first", "x": 1})
    twice["attributes"] += span({"tool.name": "last", "x": 2})["attributes"]

    found = read(request(twice)).row

    assert (found["tool"], json.loads(found["attributes"])) == ("last", {"x": 2})


def test_a_total_that_adds_up_is_not_kept() -> None:
    counts = {"llm.token_count.prompt": 5, "llm.token_count.completion": 2}

    assert row({**counts, "llm.token_count.total": 7})["attributes"] is None
    assert json.loads(row({**counts, "llm.token_count.total": 9})["attributes"]) == {
        "llm.token_count.total": 9
    }


def test_empty_text_is_not_recorded() -> None:
    found = row({"session.id": "", "input.value": "", "llm.model_name": ""}, name="")

    assert [found[name] for name in ("session_id", "input", "model", "name", "attributes")] == (
        [None] * 5
    )


def test_zero_tokens_are_recorded() -> None:
    assert row({"llm.token_count.prompt_details.cache_read": 0})["cache_read_tokens"] == 0


@pytest.mark.parametrize(
    ("given", "kept"), [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity")]
)
def test_numbers_that_json_cannot_say_become_text(given: str, kept: str) -> None:
    odd = span()
    odd["attributes"] = [{"key": "x", "value": {"doubleValue": given}}]

    assert json.loads(read(request(odd)).row["attributes"]) == {"x": kept}


def test_an_integer_beyond_64_bits_becomes_text_and_never_a_count() -> None:
    found = row({"x": 10**30, "llm.token_count.prompt": 10**25})

    assert found["prompt_tokens"] is None
    assert json.loads(found["attributes"]) == {
        "x": str(10**30),
        "llm.token_count.prompt": str(10**25),
    }


def test_counts_in_other_types_are_counts() -> None:
    found = row({"llm.token_count.prompt": "12", "llm.token_count.completion": 3.0})

    assert (found["prompt_tokens"], found["completion_tokens"]) == (12, 3)
    assert row({"llm.token_count.prompt": "many"})["prompt_tokens"] is None


def test_lone_surrogates_nul_and_bytes_that_are_not_utf8_do_not_lose_the_span() -> None:
    surrogate = request(span()).replace(b'"work"', b'"a\\ud800b"')
    not_utf8 = request(span()).replace(b'"work"', b'"a\xffb"')

    assert read(surrogate).row["name"] == "a�b"
    assert read(not_utf8).row["name"] == "a�b"
    assert row(name="a\0b")["name"] == "a\0b"


def test_values_nested_too_deep_are_a_reject() -> None:
    deep = b'{"arrayValue":{"values":[' * 20_000 + b"]}}" * 20_000
    data = request(span({"x": "DEEP"})).replace(b'{"stringValue": "DEEP"}', deep)

    found = read(data + b"\n" + request(span()) + b"\n")

    assert found.ids == {(TRACE, SPAN)}
    assert [r.reason for r in found.rejects] == ["JSON nested too deep"]


def test_the_resource_and_the_scope_have_columns_of_their_own() -> None:
    said = {
        "service.name": "bot",
        "service.version": "1.2",
        "deployment.environment.name": "prod",
        "host.name": "h",
    }

    found = read(request(span(), resource=said, scope="openinference.instrumentation.x")).row

    assert [found[n] for n in ("service", "service_version", "environment", "project")] == [
        "bot",
        "1.2",
        "prod",
        "bot",
    ]
    assert json.loads(found["resource"]) == {"host.name": "h"}
    assert (found["scope_name"], found["source_format"]) == (
        "openinference.instrumentation.x",
        "openinference",
    )


def test_a_service_without_a_name_is_no_project() -> None:
    found = read(request(span(), resource={"service.name": "unknown_service:python"})).row

    assert (found["service"], found["project"]) == ("unknown_service:python", None)


def test_links_are_kept_with_ids_like_those_of_spans() -> None:
    links = [{"traceId": TRACE.upper(), "spanId": SPAN, "attributes": []}]

    assert json.loads(row(links=links)["links"]) == [
        {"trace_id": TRACE, "span_id": SPAN, "attributes": {}}
    ]


def test_a_span_that_no_convention_knows_is_kept() -> None:
    found = row({"http.method": "GET"})

    assert (found["kind"], found["source_format"]) == ("unknown", "otlp")
    assert found["content_captured"] is False


def test_placeholder_spans_of_logfire_are_not_spans() -> None:
    found = read(request(span({"logfire.span_type": "pending_span"})))

    assert (found.spans.height, found.rejects) == (0, [])


def test_dropped_attributes_are_warned_of() -> None:
    assert row(droppedAttributesCount=3)["warnings"] == ["attributes_dropped"]


def test_the_digest_follows_what_is_said_and_nothing_else() -> None:
    said = {"input.value": "a", "x": 1}

    digests = [
        row(said)["digest"],
        row(said, flags=257)["digest"],
        row({**said, "x": 2})["digest"],
        row(said, name="other")["digest"],
    ]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
