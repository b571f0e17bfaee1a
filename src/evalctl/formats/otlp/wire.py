"""The shapes of OTLP/JSON, typed so that decoding builds no dict.

Typed structs decode 1.8x faster than dicts and are invisible to the garbage collector. They are
lax (``"54"`` is an int) but not tolerant: one span that does not fit fails its whole request, which
is then read again by ``tolerant``.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct


class ArrayValue(Struct, rename="camel", gc=False):
    """A list of values."""

    values: list[AnyValue] | None = None


class Pairs(Struct, rename="camel", gc=False):
    """A list of keys with values."""

    values: list[Pair] | None = None


class AnyValue(Struct, rename="camel", gc=False):
    """One value; at most one arm is set, and none means null."""

    string_value: str | None = None
    int_value: int | None = None
    double_value: float | None = None
    bool_value: bool | None = None
    array_value: ArrayValue | None = None
    kvlist_value: Pairs | None = None
    bytes_value: str | None = None


class Pair(Struct, rename="camel", gc=False):
    """One attribute."""

    key: str
    value: AnyValue | None = None


class Event(Struct, rename="camel", gc=False):
    """Something that happened within a span."""

    name: str | None = None
    time_unix_nano: int | None = None
    attributes: list[Pair] | None = None


class Link(Struct, rename="camel", gc=False):
    """A reference to another span."""

    trace_id: str | None = None
    span_id: str | None = None
    attributes: list[Pair] | None = None


class Status(Struct, rename="camel", gc=False):
    """How the span ended; only code 2 means anything."""

    code: int | str | None = None
    message: str | None = None


class Span(Struct, rename="camel", gc=False):
    """One operation."""

    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    name: str | None = None
    kind: int | str | None = None
    start_time_unix_nano: int | None = None
    end_time_unix_nano: int | None = None
    attributes: list[Pair] | None = None
    events: list[Event] | None = None
    links: list[Link] | None = None
    status: Status | None = None
    dropped_attributes_count: int | None = None


class Scope(Struct, rename="camel", gc=False):
    """The library that made the spans."""

    name: str | None = None
    version: str | None = None


class Resource(Struct, rename="camel", gc=False):
    """The process that made the spans."""

    attributes: list[Pair] | None = None


class LogRecord(Struct, rename="camel", gc=False):
    """One log record; ``event_name`` or the attribute ``event.name`` says what it is about."""

    trace_id: str | None = None
    span_id: str | None = None
    time_unix_nano: int | None = None
    observed_time_unix_nano: int | None = None
    event_name: str | None = None
    attributes: list[Pair] | None = None
    body: AnyValue | None = None


class ScopeSpans(Struct, rename="camel", gc=False):
    """Spans of one library."""

    spans: list[Span] | None = None
    scope: Scope | None = None


class ScopeLogs(Struct, rename="camel", gc=False):
    """Log records of one library."""

    log_records: list[LogRecord] | None = None


class ResourceSpans(Struct, rename="camel", gc=False):
    """Spans of one process."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None


class ResourceLogs(Struct, rename="camel", gc=False):
    """Log records of one process."""

    scope_logs: list[ScopeLogs] | None = None


class Request(Struct, rename="camel", gc=False):
    """One export request, of traces or of logs."""

    resource_spans: list[ResourceSpans] | None = None
    resource_logs: list[ResourceLogs] | None = None


REQUEST = msgspec.json.Decoder(Request, strict=False)
"""Raises msgspec.MsgspecError, UnicodeDecodeError or RecursionError on what does not fit."""

Plain = str | int | float | bool | list["Plain"] | dict[str, "Plain"] | None
"""A value without its wrapping; numbers that JSON cannot say are strings."""

_MOST = 2**63 - 1


def plain(value: AnyValue | None) -> Plain:
    """Unwrap a value; NaN, infinities and integers beyond 64 bits become strings."""
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    number = value.int_value
    if number is not None:
        return number if -_MOST <= number <= _MOST else str(number)
    if value.bool_value is not None:
        return value.bool_value
    if value.double_value is not None:
        return _double(value.double_value)
    return _composite(value)


def pairs(attributes: list[Pair] | None) -> dict[str, Plain]:
    """Unwrap attributes; the last of equal keys wins."""
    return {pair.key: plain(pair.value) for pair in attributes} if attributes else {}


def _double(number: float) -> Plain:
    if number - number == 0.0:
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"  # noqa: PLR0124 - NaN


def _composite(value: AnyValue) -> Plain:
    if value.array_value is not None:
        return [plain(item) for item in value.array_value.values or ()]
    if value.kvlist_value is not None:
        return pairs(value.kvlist_value.values)
    return value.bytes_value
