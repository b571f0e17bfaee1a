"""Messages of every dialect in one form: role, content, tool calls, tool call id, name.

Read are: OpenAI chat and responses items, GenAI parts, Anthropic and Bedrock blocks, Gemini parts,
Vercel parts and LangChain's serialised messages. Text parts are joined by a newline; pictures and
files become a word in brackets, so that base64 never reaches a lake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from evalctl.formats.jsontext import json_text, parsed, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ToolCall(Struct, gc=False, omit_defaults=True):
    """A call that the model asked for; ``arguments`` is JSON text, as the model wrote it."""

    id: str | None = None
    name: str | None = None
    arguments: str | None = None


class Message(Struct, gc=False, omit_defaults=True):
    """One message; what was not recorded is left out."""

    role: str | None = None
    content: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning: str | None = None


Object = dict[str, Any]
_ENCODER = msgspec.json.Encoder()
ROLES = {
    "human": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "function": "tool",
    "developer": "system",
}
_ITEM_KEYS = ("content", "data", "output", "arguments")
_ITEM_ROLES = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function_call_output": "tool",
    "function_call": "assistant",
}


def encode(messages: list[Message]) -> str | None:
    """Return the JSON of ``messages``, null where there are none."""
    return _ENCODER.encode(messages).decode() if messages else None


def to_messages(value: object) -> list[Message]:
    """Read a message, or a list of messages in any mixture of dialects; empty where there are none."""
    items = value if isinstance(value, list) else [value]
    if len(items) == 1 and isinstance(items[0], list):  # LangChain wraps a batch of conversations
        items = items[0]
    return [message for item in items if isinstance(item, dict) for message in _messages(item)]


def looks_like_messages(value: object) -> bool:
    """Tell whether ``value`` is a list of messages rather than any other data."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and ("role" in item or _is_item(item)) for item in value)


def _is_item(item: Object) -> bool:
    serialised = item.get("kwargs")
    if isinstance(serialised, dict):  # LangChain's constructor form
        return "content" in serialised
    return item.get("type") in _ITEM_ROLES and not item.keys().isdisjoint(_ITEM_KEYS)


def final_text(value: object) -> str | None:
    """Return the last text part of the last message in ``value`` that has text."""
    items = value if isinstance(value, list) else [value]
    for item in reversed(items):
        if isinstance(item, dict):
            texts = [text for text in _texts(_unwrapped(item)) if text]
            if texts:
                return texts[-1]
    return None


def _unwrapped(item: Object) -> Object:
    inner = item.get("kwargs") or item.get("data") or item.get("message")
    if isinstance(inner, dict) and ("role" not in item):
        return {"role": item.get("type"), "finish_reason": item.get("finish_reason"), **inner}
    return item


def _texts(item: Object) -> Iterator[str]:
    content = item.get("content")
    if isinstance(content, str):
        yield content
    for part in _parts(item):
        text = _text_of(part)
        if text is not None:
            yield text


def _parts(item: Object) -> Iterable[Any]:
    for key in ("parts", "content"):
        found = item.get(key)
        if isinstance(found, list):
            return found
        if isinstance(found, dict):
            return [found]
    return ()


def _messages(item: Object) -> Iterator[Message]:
    item = _unwrapped(item)
    role = _role(item)
    reader = _Parts()
    content = item.get("content")
    if item.get("type") == "function_call_output" and item.get("output") is not None:
        content = result_text(item["output"])
    if isinstance(content, str):
        reader.texts.append(content)
    for part in _parts(item):
        reader.read(part)
    reader.calls.extend(_openai_calls(item))
    yield from reader.answers
    if reader.answers and not (reader.texts or reader.calls):
        return
    yield Message(
        role=role,
        content="\n".join(text for text in reader.texts if text) or None,
        tool_calls=reader.calls or None,
        tool_call_id=_text(item.get("tool_call_id") or item.get("call_id"))
        if role == "tool"
        else None,
        name=_text(item.get("name")) if "arguments" not in item else None,
        reasoning="\n".join(reader.reasoning) or None,
    )


def _role(item: Object) -> str | None:
    role = item.get("role")
    if isinstance(role, str):
        return ROLES.get(role, role)
    return _ITEM_ROLES.get(str(item.get("type")), "assistant" if "tool_calls" in item else None)


def _openai_calls(item: Object) -> Iterator[ToolCall]:
    calls = item.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield _call(call)
    legacy = item.get("function_call")
    if isinstance(legacy, dict):
        yield _call(legacy)
    if item.get("type") == "function_call":
        yield _call({**item, "id": item.get("call_id") or item.get("id")})


def _call(call: Object) -> ToolCall:
    function = call.get("function")
    said: Object = function if isinstance(function, dict) else call
    arguments = next(
        (said[key] for key in ("arguments", "args", "input") if said.get(key) is not None), None
    )
    return ToolCall(
        id=_text(call.get("id") or call.get("toolCallId") or call.get("toolUseId")),
        name=_text(said.get("name") or said.get("toolName")),
        arguments=None if arguments is None else json_text(arguments),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _text_of(part: object) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return None
    if part.get("type", "text") in {"text", "input_text", "output_text"}:
        text = part.get("text", part.get("content"))
        return text if isinstance(text, str) else None
    return None


class _Parts:
    """What the parts of one message hold."""

    __slots__ = ("answers", "calls", "reasoning", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.calls: list[ToolCall] = []
        self.answers: list[Message] = []
        self.reasoning: list[str] = []

    def read(self, part: object) -> None:
        text = _text_of(part)
        if text is not None:
            self.texts.append(text)
        elif isinstance(part, dict):
            self._read_typed(part, str(part.get("type") or next(iter(part), "")))

    def _read_typed(self, part: Object, word: str) -> None:
        read = _READERS.get(word)
        if read is not None:
            read(self, part)
        elif word:
            self.texts.append(f"[{word}]")

    def called(self, part: Object) -> None:
        self.calls.append(_call(part))

    def called_within(self, part: Object) -> None:
        self.calls.append(_call(part.get("toolUse") or part.get("functionCall") or {}))

    def answered(self, part: Object) -> None:
        result = next((part[k] for k in _RESULT_KEYS if part.get(k) not in (None, "")), None)
        self.answers.append(
            Message(
                role="tool",
                content=None if result is None else result_text(result),
                tool_call_id=_text(next((part[k] for k in _ANSWER_IDS if part.get(k)), None)),
                name=_text(part.get("name") or part.get("toolName")),
            )
        )

    def answered_within(self, part: Object) -> None:
        inner = part.get("toolResult") or part.get("functionResponse")
        if isinstance(inner, dict):
            self.answered(inner)

    def thought(self, part: Object) -> None:
        text = part.get("content") or part.get("text") or part.get("thinking")
        if isinstance(text, str) and text:
            self.reasoning.append(text)


_RESULT_KEYS = ("response", "result", "output", "content")
_ANSWER_IDS = ("id", "tool_call_id", "tool_use_id", "toolCallId", "toolUseId", "call_id")
_READERS = {
    "tool_call": _Parts.called,
    "tool-call": _Parts.called,
    "tool_use": _Parts.called,
    "toolUse": _Parts.called_within,
    "functionCall": _Parts.called_within,
    "tool_call_response": _Parts.answered,
    "tool-result": _Parts.answered,
    "tool_result": _Parts.answered,
    "toolResult": _Parts.answered_within,
    "functionResponse": _Parts.answered_within,
    "reasoning": _Parts.thought,
    "thinking": _Parts.thought,
}


def result_text(value: object) -> str:
    """Return a tool's result as text: blocks of text joined, a JSON string unquoted, else JSON."""
    if isinstance(value, str):
        if not value.startswith(("[{", '{"type"', '"')):
            return value
        found = parsed(value)
    else:
        found = value
    if isinstance(found, list) and found:
        texts = [_text_of(part) for part in found]
        if all(text is not None for text in texts):
            return "\n".join(text for text in texts if text is not None)
    if isinstance(found, dict) and set(found) == {"type", "value"}:  # Vercel: {"type": "text", ...}
        return json_text(found["value"])
    return unquoted(value) if isinstance(value, str) else json_text(value)
