"""OTLP protobuf messages to the same structs as OTLP/JSON."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from evalctl.formats.otlp.wire import (
    AnyValue,
    ArrayValue,
    Event,
    Link,
    LogRecord,
    Pair,
    Pairs,
    Request,
    Resource,
    ResourceLogs,
    ResourceSpans,
    Scope,
    ScopeLogs,
    ScopeSpans,
    Span,
    Status,
)


class MalformedError(Exception):
    """Bytes that are no export request."""


def request_of(message: bytes) -> Request:
    """Decode an export request of traces, or else of logs: the bytes do not say which.

    Raises:
        MalformedError: it is neither.
    """
    traces = _parsed(ExportTraceServiceRequest, message)
    if traces is not None and any(
        span.trace_id
        for item in traces.resource_spans
        for scope in item.scope_spans
        for span in scope.spans
    ):
        return Request(resource_spans=[_resource_spans(item) for item in traces.resource_spans])
    logs = _parsed(ExportLogsServiceRequest, message)
    if logs is not None and any(
        scope.log_records for item in logs.resource_logs for scope in item.scope_logs
    ):
        return Request(resource_logs=[_resource_logs(item) for item in logs.resource_logs])
    if traces is None:
        raise MalformedError("not an OTLP protobuf message")
    return Request(resource_spans=[_resource_spans(item) for item in traces.resource_spans])


def _parsed(kind: Any, message: bytes) -> Any:
    try:
        return kind.FromString(message)
    except DecodeError:
        return None


def _resource_spans(item: Any) -> ResourceSpans:
    return ResourceSpans(
        resource=Resource(attributes=_pairs(item.resource.attributes)),
        scope_spans=[
            ScopeSpans(
                scope=Scope(name=scope.scope.name, version=scope.scope.version),
                spans=[_span(span) for span in scope.spans],
            )
            for scope in item.scope_spans
        ],
    )


def _resource_logs(item: Any) -> ResourceLogs:
    return ResourceLogs(
        scope_logs=[
            ScopeLogs(log_records=[_log(record) for record in scope.log_records])
            for scope in item.scope_logs
        ]
    )


def _span(span: Any) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        name=span.name,
        start_time_unix_nano=span.start_time_unix_nano,
        end_time_unix_nano=span.end_time_unix_nano,
        attributes=_pairs(span.attributes),
        events=[
            Event(name=e.name, time_unix_nano=e.time_unix_nano, attributes=_pairs(e.attributes))
            for e in span.events
        ],
        links=[
            Link(
                trace_id=li.trace_id.hex(),
                span_id=li.span_id.hex(),
                attributes=_pairs(li.attributes),
            )
            for li in span.links
        ],
        status=Status(code=span.status.code, message=span.status.message),
        dropped_attributes_count=span.dropped_attributes_count,
    )


def _log(record: Any) -> LogRecord:
    return LogRecord(
        trace_id=record.trace_id.hex(),
        span_id=record.span_id.hex(),
        time_unix_nano=record.time_unix_nano,
        observed_time_unix_nano=record.observed_time_unix_nano,
        event_name=record.event_name,
        attributes=_pairs(record.attributes),
        body=_value(record.body),
    )


def _pairs(attributes: Any) -> list[Pair]:
    return [Pair(item.key, _value(item.value)) for item in attributes]


def _value(value: Any) -> AnyValue:
    arm = value.WhichOneof("value")
    if arm == "string_value":
        return AnyValue(value.string_value)
    if arm == "array_value":
        return AnyValue(array_value=ArrayValue([_value(item) for item in value.array_value.values]))
    if arm == "kvlist_value":
        return AnyValue(kvlist_value=Pairs(_pairs(value.kvlist_value.values)))
    if arm == "bytes_value":
        return AnyValue(bytes_value=b64encode(value.bytes_value).decode())
    return AnyValue(**{arm: getattr(value, arm)}) if arm else AnyValue()
