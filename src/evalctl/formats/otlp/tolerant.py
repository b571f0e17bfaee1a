"""OTLP/JSON as it is met: any spelling of keys, wrong types in places, text that is not UTF-8.

Much slower than ``wire``, and only used where that fails, one record at a time: what can be read of
a span is read, and only a span that is no object is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from evalctl.formats.otlp.wire import (
    AnyValue,
    Event,
    Link,
    LogRecord,
    Pair,
    Request,
    Resource,
    ResourceLogs,
    ResourceSpans,
    Scope,
    ScopeLogs,
    ScopeSpans,
    Span,
)

_SURROGATE = re.compile("[\ud800-\udfff]")
_TOO_LONG = 2**64
_T = TypeVar("_T", bound=msgspec.Struct)
_LISTS: dict[str, type[msgspec.Struct]] = {"events": Event, "links": Link}
_OTHER_NAMES = {
    "batches": "resourceSpans",
    "instrumentationLibrarySpans": "scopeSpans",
    "instrumentationLibrary": "scope",
}
Object = dict[str, Any]


class UnreadableError(Exception):
    """A record that is no JSON at all, or no OTLP; the text says why in a few words."""


def tolerant(text: bytes, refused: list[str]) -> Request:
    """Read one request; spans that cannot be read are counted in ``refused``.

    Raises:
        UnreadableError: there is no request in ``text``.
    """
    try:
        return request_of(any_json(text), refused)
    except RecursionError:
        raise UnreadableError("JSON nested too deep") from None


def any_json(text: bytes) -> object:
    """Decode JSON, with NaN, lone surrogates and bytes that are not UTF-8 replaced.

    Raises:
        UnreadableError: it is not JSON, or nested too deep.
    """
    try:
        return json.loads(text.decode("utf-8", "replace"))
    except RecursionError:
        raise UnreadableError("JSON nested too deep") from None
    except ValueError:
        raise UnreadableError("not JSON") from None


def request_of(found: object, refused: list[str]) -> Request:
    """Turn decoded JSON into a request.

    Raises:
        UnreadableError: it is no object with spans or logs.
    """
    found = _camel(found)
    if isinstance(found, list):
        return _joined([request_of(item, refused) for item in found])
    if isinstance(found, dict) and isinstance(found.get("trace"), dict):
        found = found["trace"]
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        found = {"resourceSpans": [{"scopeSpans": [{"spans": found["data"]}]}]}
    if not isinstance(found, dict) or not ({"resourceSpans", "resourceLogs"} & found.keys()):
        raise UnreadableError("no resourceSpans")
    return Request(
        resource_spans=[
            _resource_spans(item, refused) for item in _objects(found.get("resourceSpans"), refused)
        ],
        resource_logs=[
            _resource_logs(item, refused) for item in _objects(found.get("resourceLogs"), refused)
        ],
    )


def _joined(requests: list[Request]) -> Request:
    return Request(
        resource_spans=[item for request in requests for item in request.resource_spans or ()],
        resource_logs=[item for request in requests for item in request.resource_logs or ()],
    )


def _resource_spans(item: Object, refused: list[str]) -> ResourceSpans:
    return ResourceSpans(
        resource=_struct(item.get("resource"), Resource),
        scope_spans=[
            ScopeSpans(
                scope=_struct(scope.get("scope"), Scope),
                spans=[_span(span) for span in _objects(scope.get("spans"), refused)],
            )
            for scope in _objects(item.get("scopeSpans"), refused)
        ],
    )


def _resource_logs(item: Object, refused: list[str]) -> ResourceLogs:
    return ResourceLogs(
        scope_logs=[
            ScopeLogs(
                log_records=[
                    _struct(record, LogRecord) or LogRecord()
                    for record in _objects(scope.get("logRecords"), refused)
                ]
            )
            for scope in _objects(item.get("scopeLogs"), refused)
        ]
    )


def _objects(value: object, refused: list[str]) -> list[Object]:
    items = value if isinstance(value, list) else []
    refused.extend("not an object" for item in items if not isinstance(item, dict))
    return [item for item in items if isinstance(item, dict)]


def _span(item: Object) -> Span:
    for key in ("startTimeUnixNano", "endTimeUnixNano"):
        item[key] = _whole(item.get(key))
    return _struct(item, Span) or Span()


def _whole(value: object) -> object:
    if isinstance(value, float):
        return int(value) if abs(value) < _TOO_LONG else None
    return value or None


def _struct(item: object, struct: type[_T]) -> _T | None:
    """Convert an object; where it does not fit, field by field, so that a bad field is a missing one."""
    if not isinstance(item, dict):
        return None
    try:
        return msgspec.convert(item, struct, strict=False)
    except msgspec.ValidationError:
        found = struct()
    for field in msgspec.structs.fields(struct):
        value = item.get(field.encode_name)
        if value is not None:
            setattr(found, field.name, _field(value, field.type, field.name))
    return found


def _field(value: object, kind: Any, name: str) -> Any:
    if name == "attributes" and isinstance(value, list):
        return [pair for pair in map(_pair, value) if pair is not None]
    if name in _LISTS and isinstance(value, list):
        return [
            item for item in (_struct(item, _LISTS[name]) for item in value) if item is not None
        ]
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return str(value) if kind == str | None and isinstance(value, int | float) else None


def _pair(item: object) -> Pair | None:
    if not isinstance(item, dict) or not isinstance(item.get("key"), str):
        return None
    try:
        return msgspec.convert(item, Pair, strict=False)
    except msgspec.ValidationError:
        return Pair(key=item["key"], value=AnyValue(string_value=_anything(item.get("value"))))


def _anything(value: object) -> str:
    arms = (
        [arm for arm in value.values() if arm is not None] if isinstance(value, dict) else [value]
    )
    return (
        json.dumps(arms[0])
        if len(arms) == 1 and not isinstance(arms[0], str)
        else str(arms[0] if len(arms) == 1 else value)
    )


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(key): _camel(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_camel(inner) for inner in value]
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else value


def _name(key: str) -> str:
    head, *words = key.split("_")
    camel = head + "".join(word.capitalize() for word in words)
    return _SURROGATE.sub("\ufffd", _OTHER_NAMES.get(camel, camel))
