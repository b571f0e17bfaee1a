"""Spans to rows: the resource and the scope once, every span by its attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from evalctl.formats.cells import digest
from evalctl.formats.conventions import conventions
from evalctl.formats.messages import encode
from evalctl.formats.otlp.content import (
    Content,
    indexed_documents,
    indexed_tools,
    read_indexed,
    read_messages,
)
from evalctl.formats.otlp.events import Events
from evalctl.formats.otlp.feedback import EVALUATION, from_event, from_indexed
from evalctl.formats.otlp.ids import normal_id
from evalctl.formats.otlp.places import PLACES, SLOTS
from evalctl.formats.otlp.row import Row
from evalctl.formats.otlp.times import microseconds
from evalctl.formats.otlp.wire import pairs

if TYPE_CHECKING:
    from evalctl.formats.otlp.feedback import Feedback
    from evalctl.formats.otlp.wire import LogRecord, Request, Resource, Scope, Span

_WIDTH: Final = len(SLOTS) - 1
_ENCODE = msgspec.json.Encoder().encode
_PROVIDERS = {
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "xai": "x_ai",
    "openai.chat": "openai",
    "openai.responses": "openai",
}
_REASONS = {
    "tool_call": "tool_calls",
    "tool-calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "content-filter": "content_filter",
    "safety": "content_filter",
    "failed": "error",
}
_ERRORS = frozenset({2, "2", "STATUS_CODE_ERROR", "ERROR"})
_OKS = frozenset({1, "1", "STATUS_CODE_OK", "OK"})
_REDACTED = frozenset({"__REDACTED__", "[REDACTED]", "<REDACTED>", "REDACTED", "***"})
_EVENT_RANK = 30
_INDEXED_RANK = 20
_FEEDBACK_GROUPS = {
    "span_feedback": "span",
    "trace_feedback": "trace",
    "session_feedback": "session",
}


class Rows:
    """Rows, feedback and refused spans, as they are collected over requests."""

    def __init__(self) -> None:
        self.rows: list[list[Any]] = []
        self.feedback: list[Feedback] = []
        self.refused: list[str] = []

    def read(self, request: Request) -> None:
        """Read every span and every log record of a request."""
        for of_resource in request.resource_spans or ():
            base = _resource_cells(of_resource.resource)
            for of_scope in of_resource.scope_spans or ():
                template, form = _scope_cells(base, of_scope.scope)
                for span in of_scope.spans or ():
                    try:
                        self.span(span, template, form)
                    except RecursionError:
                        self.refused.append("values nested too deep")
        for of_resource in request.resource_logs or ():
            for of_scope in of_resource.scope_logs or ():
                for record in of_scope.log_records or ():
                    self.log(record)

    def span(self, span: Span, template: list[Any], form: str | None) -> None:
        """Read one span."""
        trace_id, span_id = normal_id(span.trace_id), normal_id(span.span_id)
        if trace_id is None or span_id is None:
            self.refused.append("trace_id missing" if trace_id is None else "span_id missing")
            return
        row = Row(template)
        cells = row.cells
        cells[_TRACE], cells[_SPAN], cells[_NAME] = trace_id, span_id, span.name
        parent = normal_id(span.parent_span_id)
        cells[_PARENT], cells[_ROOT] = parent, parent is None
        if span.attributes:
            row.read(span.attributes)
        _times(row, span)
        events = Events(row, cells[_START])
        if span.events:
            events.read(span.events)
        if row.calls:
            _calls(row)
        if row.warnings and "pending" in row.warnings:
            return
        _finish(row, span, events, form)
        self._gather(row, events)
        self.rows.append(cells[:_WIDTH])

    def log(self, record: LogRecord) -> None:
        """Read one log record; only evaluation results are read."""
        said = pairs(record.attributes)
        if (record.event_name or said.get("event.name")) == EVALUATION:
            at = microseconds(record.time_unix_nano or record.observed_time_unix_nano)
            trace_id = normal_id(record.trace_id)
            if trace_id is None:
                self.refused.append("trace_id missing")
                return
            self.feedback.append(
                {**from_event(said, at), "trace_id": trace_id, "span_id": normal_id(record.span_id)}
            )

    def _gather(self, row: Row, events: Events) -> None:
        cells = row.cells
        for found in events.feedback:
            self.feedback.append({**found, "trace_id": cells[_TRACE], "span_id": cells[_SPAN]})
        for group, target in _FEEDBACK_GROUPS.items() if row.groups else ():
            for found in from_indexed(row.groups.get(group, {}), cells[_END] or cells[_START]):
                self.feedback.append({**found, **_address(cells, target)})


def _address(cells: list[Any], target: str) -> Feedback:
    if target == "session" and cells[_SESSION]:
        return {"session_id": cells[_SESSION]}
    return {"trace_id": cells[_TRACE], "span_id": cells[_SPAN] if target == "span" else None}


_TRACE, _SPAN, _PARENT, _ROOT = (
    SLOTS[n] for n in ("trace_id", "span_id", "parent_span_id", "is_root")
)
_NAME, _START, _END = SLOTS["name"], SLOTS["start_time"], SLOTS["end_time"]
_DURATION, _SESSION, _KIND = SLOTS["duration_ms"], SLOTS["session_id"], SLOTS["kind"]
_STATUS, _MESSAGE, _ERROR = SLOTS["status"], SLOTS["status_message"], SLOTS["error_type"]
_MODEL, _ASKED, _PROVIDER = SLOTS["model"], SLOTS["request_model"], SLOTS["provider"]
_REASON, _TOTAL = SLOTS["finish_reason"], SLOTS["total_tokens"]
_PROMPT, _COMPLETION = SLOTS["prompt_tokens"], SLOTS["completion_tokens"]
_INPUT, _OUTPUT = SLOTS["input"], SLOTS["output"]
_INPUTS, _OUTPUTS = SLOTS["input_messages"], SLOTS["output_messages"]
_SYSTEM, _DOCUMENTS, _CAPTURED = (
    SLOTS["system_prompt"],
    SLOTS["documents"],
    SLOTS["content_captured"],
)
_TOOL, _ARGS, _RESULT, _TOOLS = (
    SLOTS["tool"],
    SLOTS["tool_args"],
    SLOTS["tool_result"],
    SLOTS["tool_definitions"],
)
_ATTRIBUTES, _RESOURCE, _EVENTS, _LINKS = (
    SLOTS[n] for n in ("attributes", "resource", "events", "links")
)
_FORMAT, _WARNINGS = SLOTS["source_format"], SLOTS["warnings"]


def _resource_cells(resource: Resource | None) -> list[Any]:
    said = pairs(resource.attributes) if resource else {}
    cells: list[Any] = [None] * len(SLOTS)
    service = said.pop("service.name", None)
    project = said.pop("openinference.project.name", None)
    cells[SLOTS["service"]] = _said(service)
    if project is None and not str(service).startswith("unknown_service"):
        project = service
    cells[SLOTS["project"]] = _said(project)
    cells[SLOTS["service_version"]] = _said(said.pop("service.version", None))
    environment = said.pop("deployment.environment.name", None) or said.pop(
        "deployment.environment", None
    )
    cells[SLOTS["environment"]] = _said(environment)
    cells[_RESOURCE] = _ENCODE(said).decode() if said else None
    return cells


def _said(value: Any) -> str | None:
    return (
        None
        if value in (None, "")
        else value
        if isinstance(value, str)
        else _ENCODE(value).decode()
    )


def _scope_cells(base: list[Any], scope: Scope | None) -> tuple[list[Any], str | None]:
    cells = base.copy()
    if scope is None or not scope.name:
        return cells, None
    cells[SLOTS["scope_name"]], cells[SLOTS["scope_version"]] = scope.name, scope.version or None
    return cells, _format_of(scope.name)


def _format_of(scope: str) -> str | None:
    longest = max(
        ((prefix, c.name) for c in conventions() for prefix in c.scopes if _matches(scope, prefix)),
        key=lambda found: len(found[0]),
        default=(None, None),
    )
    return longest[1]


def _matches(scope: str, prefix: str) -> bool:
    return scope == prefix or scope.startswith(prefix if prefix.endswith(".") else prefix + ".")


def _times(row: Row, span: Span) -> None:
    cells = row.cells
    start, end = microseconds(span.start_time_unix_nano), microseconds(span.end_time_unix_nano)
    cells[_START], cells[_END] = start, end
    if (start is None and span.start_time_unix_nano) or (end is None and span.end_time_unix_nano):
        row.warn("time_out_of_range")
    if start is None or end is None:
        return
    if end < start:
        row.warn("negative_duration")
    else:
        cells[_DURATION] = (end - start) / 1000


def _calls(row: Row) -> None:
    for key, (call, value) in row.calls.items():
        if not call(row, value) and value not in (None, ""):
            row.rest[key] = value


def _finish(row: Row, span: Span, events: Events, form: str | None) -> None:
    cells = row.cells
    cells[_KIND] = row.kind if cells[_KIND] else _guessed_kind(row)
    _status(row, span)
    _model(row)
    _content(row, events)
    if span.links:
        cells[_LINKS] = _ENCODE(
            [
                {
                    "trace_id": normal_id(li.trace_id),
                    "span_id": normal_id(li.span_id),
                    "attributes": pairs(li.attributes),
                }
                for li in span.links
            ]
        ).decode()
    if span.dropped_attributes_count:
        row.warn("attributes_dropped")
    cells[_EVENTS] = events.json()
    cells[_ATTRIBUTES] = _ENCODE(row.rest).decode() if row.rest else None
    cells[_FORMAT] = form or _format_by_keys(row)
    cells[_WARNINGS] = row.warnings
    digest(cells)


def _guessed_kind(row: Row) -> str:
    cells = row.cells
    if cells[_TOOL] is not None:
        return "tool"
    return "llm" if cells[_ASKED] is not None and cells[_PROMPT] is not None else "unknown"


def _status(row: Row, span: Span) -> None:
    cells = row.cells
    status = span.status
    code = status.code if status else None
    if status and status.message:
        if cells[_MESSAGE] is None or code in _ERRORS:
            cells[_MESSAGE] = status.message
    if code in _ERRORS or (
        code not in _OKS and cells[_ERROR] is not None and row.held.get(_ERROR) == "error.type"
    ):
        cells[_STATUS] = "error"
    elif cells[_STATUS] is None:
        cells[_STATUS] = "ok" if code in _OKS else "unset"


def _model(row: Row) -> None:
    cells = row.cells
    if cells[_MODEL] is None:
        cells[_MODEL] = cells[_ASKED]
    provider, reason, total = cells[_PROVIDER], cells[_REASON], cells[_TOTAL]
    if provider is not None:
        cells[_PROVIDER] = _PROVIDERS.get(provider, provider)
    if reason is not None:
        cells[_REASON] = _REASONS.get(reason.lower(), reason)
    if total is not None and total != (cells[_PROMPT] or 0) + (cells[_COMPLETION] or 0):
        row.rest[row.held[_TOTAL]] = total


def _content(row: Row, events: Events) -> None:
    content = Content(row.kind)
    candidates = [
        (text.rank, text.side, key, value, text.read) for key, (text, value) in row.texts.items()
    ]
    groups = row.groups
    for side in ("input", "output") if groups else ():
        if side in groups:
            candidates.append((_INDEXED_RANK, side, "", groups[side], read_indexed))
    if events.inputs:
        candidates.append((_EVENT_RANK, "input", "", events.inputs, read_messages))
    if events.outputs:
        candidates.append((_EVENT_RANK, "output", "", events.outputs, read_messages))
    if "documents" in groups:
        content.documents = indexed_documents(groups["documents"])
    if "tools" in groups:
        content.tools = indexed_tools(groups["tools"])
    if "embeddings" in groups:
        content.input = (
            "\n".join(
                str(item.get("text"))
                for _, item in sorted(groups["embeddings"].items())
                if item.get("text")
            )
            or None
        )
    if (
        not candidates
        and content.documents is None
        and content.tools is None
        and content.input is None
    ):
        row.cells[_CAPTURED] = False
        return
    candidates.sort(key=_rank)
    for _, side, key, value, read in candidates:
        if content.has(side):
            continue
        if not read(value, content, side):
            row.rest[key] = value
        elif content.left is not None:
            row.rest[key], content.left = content.left, None
    _store(row.cells, content)


def _rank(candidate: tuple[Any, ...]) -> int:
    return candidate[0]


def _store(cells: list[Any], content: Content) -> None:
    cells[_INPUT], cells[_OUTPUT] = content.input or None, content.output or None
    cells[_INPUTS], cells[_OUTPUTS] = (
        encode(content.input_messages or []),
        encode(content.output_messages or []),
    )
    cells[_SYSTEM], cells[_DOCUMENTS], cells[_TOOLS] = (
        content.system,
        content.documents,
        content.tools,
    )
    if content.kind == "tool":
        cells[_ARGS], cells[_RESULT] = cells[_INPUT], cells[_OUTPUT]
    said = (cells[_INPUT], cells[_OUTPUT], cells[_INPUTS], cells[_OUTPUTS], content.documents)
    cells[_CAPTURED] = any(text is not None and text not in _REDACTED for text in said)


def _format_by_keys(row: Row) -> str:
    formats = PLACES.formats
    holder = row.held.get(_KIND)
    if holder is not None:
        return formats.get(holder, "otlp")
    for key in row.held.values():
        if key in formats:
            return formats[key]
    return "otlp"
