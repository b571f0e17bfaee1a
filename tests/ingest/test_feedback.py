"""Feedback in traces becomes scores, under the date of what it is about, each once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.ingest.otlp import START, line, span, span_id, trace_id

from evalctl.core.schema import SCORES
from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest

if TYPE_CHECKING:
    from pathlib import Path

LATER = START + timedelta(days=3)


def test_feedback_on_a_span_has_the_date_and_bucket_of_its_trace(
    tmp_path: Path, lake: Path
) -> None:
    late = [_event("helpful", value=1.0, label="yes", explanation="to the point")]
    (tmp_path / "a.jsonl").write_bytes(line(span(1, 1, events=late)))

    result = ingest(str(lake), [str(tmp_path / "a.jsonl")], IngestOptions())

    (score,) = _scores(lake)
    spans = Lake.open(str(lake)).spans().collect()
    assert result.feedback == 1
    assert (score["target"], score["trace_id"], score["span_id"]) == (
        "span",
        trace_id(1),
        span_id(1),
    )
    assert (score["date"], score["bucket"]) == (date(2026, 3, 1), spans["bucket"][0])
    assert score["scored_at"] == LATER
    (answer,) = score["answers"]
    assert (answer["rubric"], answer["value"], answer["explanation"], answer["status"]) == (
        "helpful",
        1.0,
        "to the point",
        "ok",
    )


def test_feedback_on_a_trace_of_an_earlier_ingest_has_its_date(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(span(1, 1)))
    (tmp_path / "logs.jsonl").write_bytes(_log(1, "helpful"))
    ingest(str(lake), [str(tmp_path / "a.jsonl")], IngestOptions())

    ingest(str(lake), [str(tmp_path / "logs.jsonl")], IngestOptions())

    assert [score["date"] for score in _scores(lake)] == [date(2026, 3, 1)]


def test_feedback_on_an_unknown_trace_has_its_own_date(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "logs.jsonl").write_bytes(_log(1, "helpful"))

    ingest(str(lake), [str(tmp_path / "logs.jsonl")], IngestOptions())

    assert [score["date"] for score in _scores(lake)] == [LATER.date()]


def test_the_same_feedback_in_other_bytes_is_one_score_and_a_new_opinion_another(
    tmp_path: Path, lake: Path
) -> None:
    said = [_event("helpful", value=1.0)]
    (tmp_path / "a.jsonl").write_bytes(line(span(1, 1, events=said)))
    (tmp_path / "b.jsonl").write_bytes(line(span(1, 1, events=said), span(1, 2)))
    (tmp_path / "c.jsonl").write_bytes(line(span(1, 1, events=[_event("helpful", value=0.0)])))

    for name in ("a.jsonl", "b.jsonl", "c.jsonl"):
        ingest(str(lake), [str(tmp_path / name)], IngestOptions())

    assert [score["answers"][0]["value"] for score in _scores(lake)] == [0.0, 1.0]


def _scores(lake: Path) -> list[dict[str, Any]]:
    found = Lake.open(str(lake)).scan(SCORES).collect().to_dicts()
    return sorted(found, key=lambda row: row["answers"][0]["value"])


def _event(name: str, *, value: float, **more: str) -> dict[str, Any]:
    return {
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": _nanoseconds(),
        "attributes": _attributes(name, value, **more),
    }


def _attributes(name: str, value: float, **more: str) -> list[dict[str, Any]]:
    texts = {"gen_ai.evaluation.name": name}
    if "label" in more:
        texts["gen_ai.evaluation.score.label"] = more["label"]
    if "explanation" in more:
        texts["gen_ai.evaluation.explanation"] = more["explanation"]
    said = [{"key": key, "value": {"stringValue": text}} for key, text in texts.items()]
    return [*said, {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": value}}]


def _log(trace: int, name: str) -> bytes:
    """Return an evaluation as a log record, which stands in a file of its own."""
    import json

    record = {
        "timeUnixNano": _nanoseconds(),
        "eventName": "gen_ai.evaluation.result",
        "traceId": trace_id(trace),
        "attributes": _attributes(name, 0.5),
    }
    request = {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [record]}]}]}
    return json.dumps(request).encode() + b"\n"


def _nanoseconds() -> str:
    return str(round(LATER.timestamp()) * 1_000_000_000)
