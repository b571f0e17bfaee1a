"""OTLP/JSON: spans as export requests, one a line; what the attributes are called is not known here."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from evalctl.workflows.export_rows import Batch, Score, Scores, Span

SPANS_A_LINE = 500
"""About 1.5 MB of chat: a line that any reader takes."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCALARS = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
_INTERNAL, _CLIENT = 1, 3
_CALLS_OUT = ("llm", "embedding", "reranker", "retriever")
_CODES = {"ok": {"code": 1}, "error": {"code": 2}}
_OWNERS = (
    "service",
    "service_version",
    "environment",
    "project",
    "resource",
    "scope_name",
    "scope_version",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a vocabulary says of a span: its attributes, and events beside those recorded."""

    attributes: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]] = ()


class Vocabulary(Protocol):
    """How one convention names what the columns hold."""

    def __call__(self, span: Span, scores: Sequence[Score]) -> Described:
        """Describe a span; None among the attributes means not recorded."""
        ...


def lines(batches: Iterable[Batch], describe: Vocabulary) -> Iterator[bytes]:
    """Yield requests of some hundred spans each, one JSON document a line."""
    for batch in batches:
        for part in batch.rows.iter_slices(SPANS_A_LINE):
            grouped: defaultdict[tuple[Any, ...], list[Span]] = defaultdict(list)
            for span in part.iter_rows(named=True):
                grouped[tuple(span[name] for name in _OWNERS)].append(span)
            said = [_of_resource(group, batch.scores, describe) for group in grouped.values()]
            yield msgspec.json.encode({"resourceSpans": said}) + b"\n"


def _of_resource(spans: Sequence[Span], scores: Scores, describe: Vocabulary) -> dict[str, Any]:
    first = spans[0]
    scope = {"name": first["scope_name"], "version": first["scope_version"]}
    written = [_span(span, describe(span, scores.of(span))) for span in spans]
    return {
        "resource": {"attributes": pairs(_resource(first))},
        "scopeSpans": [{"scope": _recorded(scope), "spans": written}],
    }


def _resource(span: Span) -> dict[str, Any]:
    project = span["project"] if span["project"] != span["service"] else None
    return {
        **decoded(span["resource"]),
        "service.name": span["service"],
        "service.version": span["service_version"],
        "deployment.environment.name": span["environment"],
        "openinference.project.name": project,
    }


def _span(span: Span, described: Described) -> dict[str, Any]:
    status = {**_CODES.get(span["status"], {}), "message": span["status_message"]}
    known = {
        "traceId": span["trace_id"],
        "spanId": span["span_id"],
        "parentSpanId": span["parent_span_id"],
        "name": span["name"],
        "kind": _CLIENT if span["kind"] in _CALLS_OUT else _INTERNAL,
        "startTimeUnixNano": nanoseconds(span["start_time"]),
        "endTimeUnixNano": nanoseconds(span["end_time"]),
        "attributes": pairs({**decoded(span["attributes"]), **_recorded(described.attributes)}),
        "events": [*map(_event, decoded(span["events"], [])), *described.events] or None,
        "links": [_link(link) for link in decoded(span["links"], [])] or None,
        "status": _recorded(status),
    }
    return _recorded(known)


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    at = event.get("time")
    when = datetime.fromisoformat(at) if at else None
    said = pairs(event.get("attributes") or {})
    return _recorded(
        {"name": event.get("name"), "timeUnixNano": nanoseconds(when), "attributes": said}
    )


def _link(link: Mapping[str, Any]) -> dict[str, Any]:
    said = pairs(link.get("attributes") or {})
    return _recorded(
        {"traceId": link.get("trace_id"), "spanId": link.get("span_id"), "attributes": said}
    )


def nanoseconds(at: datetime | None) -> str | None:
    """Return nanoseconds since 1970 in the form of OTLP/JSON: a decimal string."""
    return None if at is None else str((at - _EPOCH) // _MICROSECOND * 1000)


def decoded(text: str | None, empty: Any = None) -> Any:
    """Decode a JSON column; ``empty`` (an object by default) where it is null or broken."""
    try:
        return msgspec.json.decode(text) if text else ({} if empty is None else empty)
    except msgspec.DecodeError:
        return {} if empty is None else empty


def pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write attributes as OTLP key-value pairs; None is left out."""
    return [
        {"key": key, "value": _value(value)}
        for key, value in attributes.items()
        if value is not None
    ]


def _value(value: Any) -> dict[str, Any]:
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return {scalar: str(value) if scalar == "intValue" else value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(item) for item in value]}}
    if isinstance(value, dict):
        inner = [{"key": key, "value": _value(item)} for key, item in value.items()]
        return {"kvlistValue": {"values": inner}}
    return {}


def _recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
