"""A conversation as a trace: an agent span, an llm span per answer, a tool span per tool's result.

The history is not repeated: an llm span holds only the messages since the llm span before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from evalctl.formats.cells import SLOTS, finished
from evalctl.formats.definitions import tools_text
from evalctl.formats.jsontext import json_text
from evalctl.formats.messages import Message, ToolCall, encode, result_text, to_messages
from evalctl.formats.times import iso_microseconds

Object = dict[str, Any]
_TRACE_KEYS = ("trace_id", "conversation_id", "id")
_SESSION_KEYS = ("session_id", "conversation_id", "thread_id")
_USER_KEYS = ("user_id", "user")
_TIME_KEYS = ("timestamp", "created_at", "create_time", "time", "ts")
_COLUMNS = frozenset({"tools", "functions", "model", *_TRACE_KEYS, *_SESSION_KEYS, "user_id"})
_MILLISECONDS = 100_000_000_000
"""Seconds since 1970 that are the year 5138: a greater number counts milliseconds."""


def trace_of(record: Object, text: bytes) -> str:
    """Return the id that the record gives, else a hash of the record."""
    given = _first_text(record, _TRACE_KEYS)
    return given or sha256(text.strip()).hexdigest()[:32]


def conversation(
    record: Object, raw: list[Object], text: bytes, key: str, form: str
) -> list[list[Any]]:
    """Turn a record with the messages ``raw`` under ``key`` into the rows of one trace."""
    told = _Told(record=record, trace_id=trace_of(record, text), form=form, width=_width(len(raw)))
    for index, item in enumerate(raw):
        told.at = _time(item)
        for message in to_messages(item):
            told.hear(message, index + 1)
        told.before = told.at or told.before
    return [told.root(key), *told.rows]


def _width(messages: int) -> int:
    return max(4, len(str(messages)))


@dataclass(slots=True, kw_only=True)
class _Told:
    """A conversation as far as it has been heard."""

    record: Object
    trace_id: str
    form: str
    width: int
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    since: list[Message] = field(default_factory=list[Message])
    calls: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    system: list[str] = field(default_factory=list[str])
    first_user: str | None = None
    last_user: str | None = None
    answer: str | None = None
    at: int | None = None
    before: int | None = None
    start: int | None = None

    def hear(self, message: Message, index: int) -> None:
        """Take the next message."""
        self.start = self.start if self.start is not None else self.at
        if message.role == "system":
            self.system.extend([message.content] if message.content else [])
        elif message.role == "assistant":
            self._answered(message, index)
        else:
            self._heard(message, index)

    def _heard(self, message: Message, index: int) -> None:
        if message.role == "tool":
            self.rows.append(self._tool(message, index))
        elif message.role == "user" and message.content:
            self.first_user = self.first_user or message.content
            self.last_user = message.content
        self.since.append(message)

    def _answered(self, message: Message, index: int) -> None:
        first = not self.calls and self.answer is None
        self.rows.append(
            self._row(
                index,
                kind="llm",
                name="assistant",
                model=_first_text(self.record, ("model",)),
                request_model=_first_text(self.record, ("model",)),
                input=self.last_user,
                output=message.content,
                input_messages=encode(self.since),
                output_messages=encode([message]),
                system_prompt="\n".join(self.system) or None if first else None,
                tool_definitions=_tools(self.record),
                finish_reason="tool_calls" if message.tool_calls else None,
            )
        )
        for call in message.tool_calls or ():
            self.calls[call.id or call.name or ""] = call
        self.answer = message.content or self.answer
        self.since = []

    def _tool(self, message: Message, index: int) -> list[Any]:
        call = self.calls.get(message.tool_call_id or message.name or "", ToolCall())
        result = None if message.content is None else result_text(message.content)
        name = call.name or message.name
        return self._row(
            index,
            kind="tool",
            name=name or "tool",
            tool=name,
            tool_call_id=message.tool_call_id,
            tool_args=call.arguments,
            tool_result=result,
            input=call.arguments,
            output=result,
        )

    def root(self, key: str) -> list[Any]:
        """Return the agent span over the whole conversation."""
        rest = {k: v for k, v in self.record.items() if k != key and k not in _COLUMNS}
        return self._row(
            0,
            kind="agent",
            name="conversation",
            input=self.first_user,
            output=self.answer,
            system_prompt="\n".join(self.system) or None,
            attributes=msgspec.json.encode(rest).decode() if rest else None,
        )

    def _row(self, index: int, **columns: Any) -> list[Any]:
        root = index == 0
        start, end = (self.start, self.before) if root else (self.before, self.at)
        span_id = f"{index:0{self.width}d}"
        # One message can be answers of several tools: each is a span of its own.
        if any(row[SLOTS["span_id"]] == span_id for row in self.rows[-1:]):
            span_id += "b"
        return finished(
            trace_id=self.trace_id,
            span_id=span_id,
            parent_span_id=None if root else "0" * self.width,
            session_id=_first_text(self.record, _SESSION_KEYS),
            user_id=_first_text(self.record, _USER_KEYS),
            start_time=start if start is not None else end,
            end_time=end,
            source_format=self.form,
            **columns,
        )


def _tools(record: Object) -> str | None:
    tools = record.get("tools") or record.get("functions")
    return tools_text(json_text(tools)) if isinstance(tools, list) and tools else None


def _first_text(record: Object, keys: tuple[str, ...]) -> str | None:
    return next(
        (record[key] for key in keys if isinstance(record.get(key), str) and record[key]), None
    )


def _time(item: Object) -> int | None:
    for key in _TIME_KEYS:
        value = item.get(key)
        if isinstance(value, str):
            found = iso_microseconds(value)
        elif isinstance(value, int | float) and 0 < value < _MILLISECONDS * 1000:
            found = int(value * 1_000_000) if value < _MILLISECONDS else int(value * 1000)
        else:
            found = None
        if found is not None:
            return found
    return None
