"""The fast way through messages in their two most frequent forms; the slow way reads the rest.

GenAI messages are decoded into typed structs, indexed attributes are put together without building
objects in between: 4x faster than ``messages.to_messages``, which gives the same.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from evalctl.formats.jsontext import json_text
from evalctl.formats.messages import ROLES, Message, ToolCall, result_text


class Conversation(Struct, frozen=True, gc=False):
    """Messages without the system's, and the texts that columns of their own hold."""

    messages: list[Message]
    system: str | None
    user: str | None
    fallback: str | None
    last: str | None

    @property
    def asked(self) -> str | None:
        """The last turn of the user, else the last text of anybody."""
        return self.user or self.fallback


_NO_VALUE = Raw()


class _Part(Struct, gc=False):
    type: str
    content: str | None = None
    id: str | None = None
    name: str | None = None
    # Raw cannot be a member of a union; an empty one stands for null.
    arguments: Raw = _NO_VALUE
    response: Raw = _NO_VALUE
    result: Raw = _NO_VALUE


class _Item(Struct, gc=False):
    role: str
    parts: list[_Part]
    name: str | None = None
    tool_call_id: str | None = None


_TEXT = msgspec.json.Decoder(str)
_QUOTE = ord('"')
_DECODER = msgspec.json.Decoder(list[_Item])


def semconv(text: str) -> Conversation | None:
    """Read GenAI messages from JSON text; null where it holds anything out of the ordinary."""
    try:
        items = _DECODER.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    messages: list[Message] = []
    last = None
    for item in items:
        parts = item.parts
        part = parts[0] if len(parts) == 1 else None
        if part is not None and part.type == "text":
            content = part.content or None
            role = item.role
            call = item.tool_call_id if role == "tool" else None
            messages.append(Message(ROLES.get(role, role), content, None, call, item.name))
            last = content or last
        elif part is not None and part.type == "tool_call_response":
            messages.append(_answer(part))
        else:
            several = _several(item, messages)
            if several is None:
                return None
            last = several or last
    return heard(messages, last)


def indexed(items: list[dict[str, Any]]) -> Conversation | None:
    """Read messages from their fields; null where one is out of the ordinary."""
    messages: list[Message] = []
    last: str | None = None
    for fields in items:
        role, content = fields.get("role"), fields.get("content")
        if not isinstance(role, str) or "function_name" in fields:
            return None
        if isinstance(content, str):
            if content.startswith("[{"):
                return None
            last = content or last
            if len(fields) == 2:
                messages.append(Message(ROLES.get(role, role), content or None))
                continue
        elif content is not None or "contents" in fields:
            return None
        messages.append(_message(fields, ROLES.get(role, role), content or None))
    return heard(messages, last)


def heard(messages: list[Message], last: str | None) -> Conversation:
    """Part the system's messages from the others, and find the last turn of the user."""
    system: str | None = None
    user: str | None = None
    fallback: str | None = None
    rest: list[Message] = []
    for message in messages:
        role, content = message.role, message.content
        if role == "system":
            if content:
                system = f"{system}\n{content}" if system else content
            continue
        rest.append(message)
        if content:
            fallback = content
            if role == "user":
                user = content
    return Conversation(rest, system, user, fallback, last)


def _message(fields: dict[str, Any], role: str, content: str | None) -> Message:
    calls = fields.get("tool_calls")
    return Message(
        role,
        content,
        _calls(calls) if calls else None,
        fields.get("tool_call_id"),
        fields.get("name"),
    )


def _calls(calls: dict[int, dict[str, Any]]) -> list[ToolCall]:
    return [
        ToolCall(call.get("id"), call.get("name"), _text(call.get("arguments")))
        for call in (calls[index] for index in sorted(calls))
    ]


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json_text(value)


def _several(item: _Item, messages: list[Message]) -> str | None:
    """Append a message of any parts; return its last text, ``""`` for none, null for odd parts."""
    texts: list[str] = []
    calls: list[ToolCall] = []
    reasoning: list[str] = []
    answered = False
    for part in item.parts:
        kind = part.type
        if kind == "text":
            texts.append(part.content or "")
        elif kind == "tool_call":
            calls.append(ToolCall(part.id, part.name, _raw_text(part.arguments)))
        elif kind == "tool_call_response":
            messages.append(_answer(part))
            answered = True
        elif kind == "reasoning":
            reasoning.append(part.content or "")
        else:
            return None
    said = [text for text in texts if text] if texts else texts
    if not answered or texts or calls:
        content = "\n".join(said) or None
        thought = "\n".join(text for text in reasoning if text) or None if reasoning else None
        role = ROLES.get(item.role, item.role)
        messages.append(Message(role, content, calls or None, None, item.name, thought))
    return said[-1] if said else ""


def _answer(part: _Part) -> Message:
    result = _raw_text(part.response) or _raw_text(part.result)
    content = result_text(result) or None if result else None
    return Message("tool", content, None, part.id, part.name)


def _raw_text(raw: Raw) -> str | None:
    data = memoryview(raw)
    if not data:
        return None
    if data[0] == _QUOTE:
        return _TEXT.decode(data)
    text = str(data, "utf-8")
    return None if text == "null" else text
