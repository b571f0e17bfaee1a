"""Span events and log events: messages, exceptions, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evalctl.formats.jsontext import json_text, parsed
from evalctl.formats.otlp.content import parsed_blocks
from evalctl.formats.otlp.feedback import EVALUATION, from_event
from evalctl.formats.otlp.places import PLACES, TEXT, resolve
from evalctl.formats.otlp.wire import Plain, pairs
from evalctl.formats.times import iso, microseconds

if TYPE_CHECKING:
    from evalctl.formats.otlp.feedback import Feedback
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Event

_DETAILS = "gen_ai.client.inference.operation.details"
_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_WHOLE = {
    "gen_ai.content.prompt": "gen_ai.prompt",
    "gen_ai.content.completion": "gen_ai.completion",
}


class Events:
    """What the events of one span hold, beside what went to its row."""

    __slots__ = ("feedback", "inputs", "kept", "outputs", "row", "start")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.start = row.start
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.kept: list[dict[str, Plain]] = []
        self.feedback: list[Feedback] = []

    def read(self, events: list[Event]) -> None:
        """Read events in order; what became content or feedback is not kept as an event."""
        for event in events:
            self._read(event, event.name or "", pairs(event.attributes))

    def json(self) -> str | None:
        """Return the events that are kept, as JSON."""
        return msgspec.json.encode(self.kept).decode() if self.kept else None

    def _read(self, event: Event, name: str, said: dict[str, Plain]) -> None:
        if name in _ROLES or name == "gen_ai.choice":
            self._message(name, said)
        elif name == _DETAILS or name in _WHOLE:
            self._texts(said)
        elif name == EVALUATION:
            self.feedback.append(from_event(said, microseconds(event.time_unix_nano)))
        else:
            self._other(event, name, said)

    def _message(self, name: str, said: dict[str, Plain]) -> None:
        choice = name == "gen_ai.choice"
        content = said.get("message") if choice else said.get("content")
        item = message_of(_ROLES.get(name, "assistant"), content, said)
        (self.outputs if choice else self.inputs).append(item)
        reason = said.get("finish_reason")
        if choice and isinstance(reason, str):
            self.row.fill("finish_reason", reason)

    def _texts(self, said: dict[str, Plain]) -> None:
        for key, value in said.items():
            op, slot, detail, rank = PLACES.get(key) or resolve(key)
            if op == TEXT and value not in (None, ""):
                self.row.texts.setdefault(key, (rank, slot, key, detail, value))

    def _other(self, event: Event, name: str, said: dict[str, Plain]) -> None:
        at = microseconds(event.time_unix_nano)
        if name == "exception":
            self.row.fill("error_type", _text(said.get("exception.type")))
            self.row.fill("status_message", _text(said.get("exception.message")))
        elif name == "First Token Stream Event" and at and self.start:
            self.row.fill("ttft_ms", (at - self.start) / 1000)
        self.kept.append({"name": name, "time": iso(at), "attributes": said})


def message_of(role: str, content: Plain, said: dict[str, Plain]) -> dict[str, Any]:
    """Put a message that came as an event into the form that other dialects have."""
    found = parsed(content) if isinstance(content, str) else content
    if isinstance(found, dict) and (
        "content" in found or "tool_calls" in found or "parts" in found
    ):
        return {"role": role, **found}
    item: dict[str, Any] = {"role": said.get("role") or role, "content": parsed_blocks(content)}
    if said.get("tool_calls"):
        item["tool_calls"] = parsed(said["tool_calls"])
    if said.get("id"):
        item["tool_call_id"] = said["id"]
    return item


def _text(value: Plain) -> str | None:
    return None if value is None else json_text(value)
