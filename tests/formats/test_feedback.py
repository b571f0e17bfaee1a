"""Feedback that travels with spans is rows of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.formats.reading import (
    SPAN,
    START,
    TRACE,
    Object,
    attributes,
    captured,
    event,
    read,
    request,
    span,
)


def given(said: Object, **fields: Any) -> list[Object]:
    return read(request(span(said, **fields))).feedback.drop("at").to_dicts()


def feedback(**said: Any) -> Object:
    empty = dict.fromkeys(
        ("trace_id", "span_id", "session_id", "value", "verdict", "explanation", "label")
    )
    return {**empty, "name": "good", "annotator": "human", **said}


@pytest.mark.parametrize("word", ["annotation", "evaluation"])
def test_annotations_are_about_the_span(word: str) -> None:
    prefix = f"{word}s.0.{word}"
    said = {
        f"{prefix}.name": "good",
        f"{prefix}.score": 0.5,
        f"{prefix}.label": "correct",
        f"{prefix}.explanation": "fine",
        f"{prefix}.annotator_kind": "LLM",
    }

    assert given(said) == [
        feedback(
            trace_id=TRACE,
            span_id=SPAN,
            value=0.5,
            label="correct",
            verdict="pass",
            explanation="fine",
            annotator="llm",
        )
    ]
    assert read(request(span(said))).row["attributes"] is None


def test_annotations_may_be_about_the_trace_or_the_session() -> None:
    said = {
        "session.id": "s1",
        "trace.annotations.0.annotation.name": "good",
        "session.annotations.0.annotation.name": "good",
    }

    assert given(said) == [feedback(trace_id=TRACE), feedback(session_id="s1")]


def test_an_annotation_without_a_name_is_none() -> None:
    assert given({"annotations.0.annotation.score": 1.0}) == []


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("correct", "pass"),
        ("Incorrect", "fail"),
        ("thumbs_up", "pass"),
        ("thumbs_down", "fail"),
        ("true", "pass"),
        ("relevant", None),
        ("", None),
    ],
)
def test_a_verdict_is_taken_only_from_a_clear_label(label: str, verdict: str | None) -> None:
    said = {"annotations.0.annotation.name": "good", "annotations.0.annotation.label": label}

    assert [row["verdict"] for row in given(said)] == [verdict]


def test_evaluation_results_come_as_events() -> None:
    said = {
        "gen_ai.evaluation.name": "good",
        "gen_ai.evaluation.score.value": 4.0,
        "gen_ai.evaluation.explanation": "why",
    }

    found = read(request(span(events=[event("gen_ai.evaluation.result", said)])))

    assert found.feedback.drop("at").to_dicts() == [
        feedback(trace_id=TRACE, span_id=SPAN, value=4.0, explanation="why", annotator="llm")
    ]
    assert found.row["events"] is None


def logs(*records: Object) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}).encode()


@pytest.mark.parametrize("named", [{"eventName": "gen_ai.evaluation.result"}, {}])
def test_evaluation_results_come_as_log_records(named: Object) -> None:
    said = {"gen_ai.evaluation.name": "good", "gen_ai.evaluation.score.value": 1}
    if not named:
        said["event.name"] = "gen_ai.evaluation.result"
    record = {
        "traceId": TRACE,
        "spanId": SPAN,
        "observedTimeUnixNano": str(START),
        "attributes": attributes(said),
        **named,
    }

    found = read(logs(record, {"traceId": TRACE, "eventName": "other"}))

    assert found.container == "otlp_json_lines"
    assert [(f["span_id"], f["value"]) for f in found.feedback.to_dicts()] == [(SPAN, 1.0)]
    assert found.feedback["at"][0] is not None


def test_an_evaluation_result_of_no_trace_is_a_reject() -> None:
    found = read(logs({"eventName": "gen_ai.evaluation.result", "attributes": []}))

    assert [r.reason for r in found.rejects] == ["trace_id missing"]


def test_captured_logs_and_their_protobuf_say_the_same() -> None:
    lines = captured("otel_genai_manual/logs.jsonl")
    message = captured("otel_genai_manual/raw/002_POST_v1_logs.binpb")

    assert lines.feedback.equals(message.feedback)
    assert lines.feedback.select("name", "value").rows() == [("Faithfulness", 0.5)]
