"""Spans to rows: the resource and the scope once, every span by its attributes."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from evalctl.formats.otlp.content import (
    DOCUMENTS,
    INPUT,
    INPUTS,
    OUTPUT,
    OUTPUTS,
    read_indexed,
    read_messages,
    read_tool_events,
    take_groups,
)
from evalctl.formats.otlp.events import Events
from evalctl.formats.otlp.feedback import EVALUATION, from_event, from_indexed
from evalctl.formats.otlp.ids import normal_id
from evalctl.formats.otlp.origin import format_by_keys, resource_cells, scope_cells
from evalctl.formats.otlp.places import SLOTS, grouped
from evalctl.formats.otlp.row import Row
from evalctl.formats.otlp.wire import pairs
from evalctl.formats.otlp.words import ERRORS, OKS, PROVIDERS, REASONS, REDACTED
from evalctl.formats.times import LATEST, microseconds

if TYPE_CHECKING:
    from evalctl.formats.otlp.feedback import Feedback
    from evalctl.formats.otlp.row import Candidate
    from evalctl.formats.otlp.wire import LogRecord, Request, Span

Groups = dict[str, list[dict[str, Any]]]
_NO_GROUPS: Final[Groups] = {}
_ENCODE = msgspec.json.Encoder().encode
_EVENT_RANK = 30
_INDEXED_RANK = 20
_LAST_RANK = 200
_FEEDBACK_GROUPS = (
    ("span_feedback", "span"),
    ("trace_feedback", "trace"),
    ("session_feedback", "session"),
)
_BY_RANK = itemgetter(0)
_LATEST: Final = LATEST * 1000
_TRACE, _SPAN, _PARENT = (SLOTS[n] for n in ("trace_id", "span_id", "parent_span_id"))
_NAME, _START, _END = SLOTS["name"], SLOTS["start_time"], SLOTS["end_time"]
_ROOT, _DURATION, _SESSION = SLOTS["is_root"], SLOTS["duration_ms"], SLOTS["session_id"]
_STATUS, _MESSAGE, _ERROR = SLOTS["status"], SLOTS["status_message"], SLOTS["error_type"]
_MODEL, _ASKED, _PROVIDER = SLOTS["model"], SLOTS["request_model"], SLOTS["provider"]
_REASON, _TOTAL, _KIND = SLOTS["finish_reason"], SLOTS["total_tokens"], SLOTS["kind"]
_PROMPT, _COMPLETION = SLOTS["prompt_tokens"], SLOTS["completion_tokens"]
_CAPTURED, _WARNINGS, _FORMAT = SLOTS["content_captured"], SLOTS["warnings"], SLOTS["source_format"]
_TOOL, _ARGS, _RESULT = SLOTS["tool"], SLOTS["tool_args"], SLOTS["tool_result"]
_ATTRIBUTES, _EVENTS, _LINKS = SLOTS["attributes"], SLOTS["events"], SLOTS["links"]


class Rows:
    """Rows, feedback and refused spans, as they are collected over requests."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.feedback: list[Feedback] = []
        self.refused: list[str] = []

    def read(self, request: Request) -> None:
        """Read every span and every log record of a request."""
        for of_resource in request.resource_spans or ():
            base = resource_cells(of_resource.resource)
            for of_scope in of_resource.scope_spans or ():
                template = scope_cells(base, of_scope.scope)
                for span in of_scope.spans or ():
                    try:
                        self.span(span, template)
                    except RecursionError:
                        self.refused.append("values nested too deep")
        for of_resource in request.resource_logs or ():
            for of_scope in of_resource.scope_logs or ():
                for record in of_scope.log_records or ():
                    self.log(record)

    def span(self, span: Span, template: list[Any]) -> None:
        """Read one span."""
        trace_id, span_id = normal_id(span.trace_id), normal_id(span.span_id)
        if trace_id is None or span_id is None:
            self.refused.append("trace_id missing" if trace_id is None else "span_id missing")
            return
        row = Row(template)
        cells = row.cells
        cells[_TRACE], cells[_SPAN], cells[_NAME] = trace_id, span_id, span.name or None
        cells[_PARENT] = parent = normal_id(span.parent_span_id)
        cells[_ROOT] = parent is None
        _times(row, span)
        if span.attributes:
            row.read(span.attributes)
        events = None
        if span.events:
            events = Events(row)
            events.read(span.events)
        if row.calls:
            _calls(row)
        if row.pending:
            return
        groups = grouped(row.items) if row.items else _NO_GROUPS
        _finish(row, span, groups, events)
        if groups or events:
            self._gather(row, groups, events)
        cells.pop()  # the total, which is not stored
        self.rows.append(cells)

    def log(self, record: LogRecord) -> None:
        """Read one log record; only evaluation results are read."""
        said = pairs(record.attributes)
        if (record.event_name or said.get("event.name")) != EVALUATION:
            return
        at = microseconds(record.time_unix_nano or record.observed_time_unix_nano)
        trace_id = normal_id(record.trace_id)
        if trace_id is None:
            self.refused.append("trace_id missing")
        else:
            ids = {"trace_id": trace_id, "span_id": normal_id(record.span_id)}
            self.feedback.append({**from_event(said, at), **ids})

    def _gather(self, row: Row, groups: Groups, events: Events | None) -> None:
        cells = row.cells
        for found in events.feedback if events else ():
            self.feedback.append({**found, **_address(cells, "span")})
        for group, target in _FEEDBACK_GROUPS:
            items = groups.get(group)
            for found in from_indexed(items, cells[_END] or cells[_START]) if items else ():
                self.feedback.append({**found, **_address(cells, target)})


def _address(cells: list[Any], target: str) -> Feedback:
    if target == "session" and cells[_SESSION]:
        return {"session_id": cells[_SESSION]}
    return {"trace_id": cells[_TRACE], "span_id": cells[_SPAN] if target == "span" else None}


def _times(row: Row, span: Span) -> None:
    cells = row.cells
    started, ended = span.start_time_unix_nano, span.end_time_unix_nano
    if started and ended and 1000 <= started <= ended < _LATEST:
        cells[_START], cells[_END] = start, end = started // 1000, ended // 1000
        cells[_DURATION] = (end - start) / 1000
        return
    cells[_START], cells[_END] = start, end = microseconds(started), microseconds(ended)
    if (start is None and started) or (end is None and ended):
        row.warn("time_out_of_range")
    if start is None or end is None:
        return
    if end < start:
        row.warn("negative_duration")
    else:
        cells[_DURATION] = (end - start) / 1000


def _calls(row: Row) -> None:
    for key, (call, value) in (row.calls or {}).items():
        if not call(row, value) and value not in (None, ""):
            row.rest[key] = value


def _finish(row: Row, span: Span, groups: Groups, events: Events | None) -> None:
    cells = row.cells
    if cells[_KIND] is None:
        cells[_KIND] = _guessed_kind(cells)
    if cells[_KIND] == "tool" and cells[_TOOL] is None and span.name:
        cells[_TOOL] = span.name.removeprefix("execute_tool ")
    _status(row, span)
    _model(row)
    if groups or row.texts or events:
        _content(row, groups, events)
        cells[_EVENTS] = events.json() if events else None
    else:
        cells[_CAPTURED] = False
    if span.links:
        cells[_LINKS] = _links(span)
    if span.dropped_attributes_count:
        row.warn("attributes_dropped")
    if row.rest:
        cells[_ATTRIBUTES] = _ENCODE(row.rest).decode()
    if cells[_FORMAT] is None:
        cells[_FORMAT] = format_by_keys(row)
    cells[_WARNINGS] = row.warnings


def _guessed_kind(cells: list[Any]) -> str:
    if cells[_TOOL] is not None:
        return "tool"
    return "llm" if cells[_ASKED] is not None and cells[_PROMPT] is not None else "unknown"


def _status(row: Row, span: Span) -> None:
    cells, status = row.cells, span.status
    error = cells[_ERROR]
    if error is not None and error.startswith("<class '"):
        cells[_ERROR] = error[8:].partition("'")[0]
    code = None
    if status is not None:
        code = status.code
        if status.message and (cells[_MESSAGE] is None or code in ERRORS):
            cells[_MESSAGE] = status.message
    if code in OKS:
        cells[_STATUS] = cells[_STATUS] or "ok"
    elif code in ERRORS or row.held.get(_ERROR) == "error.type":
        cells[_STATUS] = "error"
    elif cells[_STATUS] is None:
        cells[_STATUS] = "unset"


def _model(row: Row) -> None:
    cells = row.cells
    if cells[_MODEL] is None:
        cells[_MODEL] = cells[_ASKED]
    provider, reason, total = cells[_PROVIDER], cells[_REASON], cells[_TOTAL]
    if provider is not None:
        cells[_PROVIDER] = PROVIDERS.get(provider, provider)
    if reason is not None:
        cells[_REASON] = REASONS.get(reason.lower(), reason)
    if total is not None and total != (cells[_PROMPT] or 0) + (cells[_COMPLETION] or 0):
        row.rest[row.held[_TOTAL]] = total


def _links(span: Span) -> str:
    links = [
        {
            "trace_id": normal_id(link.trace_id),
            "span_id": normal_id(link.span_id),
            "attributes": pairs(link.attributes),
        }
        for link in span.links or ()
    ]
    return _ENCODE(links).decode()


def _content(row: Row, groups: Groups, events: Events | None) -> None:
    cells = row.cells
    if groups:
        take_groups(row, groups)
    candidates = _candidates(row, groups, events)
    for _, slot, key, read, value in candidates:
        if cells[slot] is not None or (slot <= OUTPUT and cells[slot + _TO_MESSAGES] is not None):
            continue
        if not read(row, slot, value):
            row.rest[key] = value
        elif row.left is not None:
            row.rest[key], row.left = row.left, None
    said, answered = cells[INPUT], cells[OUTPUT]
    if cells[_KIND] == "tool":
        cells[_ARGS], cells[_RESULT] = said, answered
    cells[_CAPTURED] = not (
        said in REDACTED
        and answered in REDACTED
        and cells[INPUTS] is None
        and cells[OUTPUTS] is None
        and cells[DOCUMENTS] is None
    )


def _candidates(row: Row, groups: Groups, events: Events | None) -> list[Candidate]:
    candidates = list(row.texts.values())
    if "input" in groups:
        rank = _INDEXED_RANK if _say(groups["input"]) else _LAST_RANK
        candidates.append((rank, INPUT, "", read_indexed, groups["input"]))
    if "output" in groups:
        candidates.append((_INDEXED_RANK, OUTPUT, "", read_indexed, groups["output"]))
    if events is not None:
        read = read_tool_events if row.kind == "tool" else read_messages
        if events.inputs:
            candidates.append((_EVENT_RANK, INPUT, "", read, events.inputs))
        if events.outputs:
            candidates.append((_EVENT_RANK, OUTPUT, "", read, events.outputs))
    if len(candidates) > 1:
        candidates.sort(key=_BY_RANK)
    return candidates


def _say(items: list[dict[str, Any]]) -> bool:
    """Tell messages from bare roles, which LangGraph's instrumentation writes for plain objects."""
    return any(not _SAYING.isdisjoint(item) for item in items)


_SAYING: Final = frozenset({"content", "contents", "tool_calls", "function_name"})
_TO_MESSAGES: Final = INPUTS - INPUT
