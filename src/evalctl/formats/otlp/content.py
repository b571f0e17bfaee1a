"""Content of a span: messages, plain text, documents, tools; and attributes that hold several facts.

Readers take (value, content, side) and say whether they took the value; calls take (row, value) and
say whether nothing of the value is left to keep as an attribute.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from evalctl.formats.messages import (
    Message,
    final_text,
    json_text,
    last_user_text,
    looks_like_messages,
    parsed,
    result_text,
    split_system,
    to_messages,
    unquoted,
)

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain

Object = dict[str, Any]
_WRAPPERS = (
    "inputs",
    "outputs",
    "input",
    "output",
    "query",
    "question",
    "prompt",
    "text",
    "answer",
    "result",
    "response",
    "content",
)
_PROVIDER_KEYS = frozenset(
    {
        "model",
        "temperature",
        "stream",
        "stream_options",
        "max_tokens",
        "id",
        "object",
        "created",
        "usage",
    }
)


class Content:
    """What was said, as far as readers have found it; null where they have not."""

    __slots__ = (
        "documents",
        "input",
        "input_messages",
        "kind",
        "left",
        "output",
        "output_messages",
        "system",
        "tools",
    )

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.input: str | None = None
        self.output: str | None = None
        self.input_messages: list[Message] | None = None
        self.output_messages: list[Message] | None = None
        self.system: str | None = None
        self.documents: str | None = None
        self.tools: str | None = None
        self.left: Plain = None

    def has(self, side: str) -> bool:
        """Tell whether a side is known already."""
        if side == "input":
            return self.input is not None or self.input_messages is not None
        if side == "output":
            return self.output is not None or self.output_messages is not None
        return getattr(self, side, None) is not None

    def say(self, side: str, text: str | None) -> bool:
        """Set plain text of a side."""
        if side == "input":
            self.input = text
        else:
            self.output = text
        return text is not None

    def converse(self, side: str, raw: object, messages: list[Message]) -> bool:
        """Set the messages of a side, and the plain text that follows from them."""
        if side == "input":
            system, self.input_messages = split_system(messages)
            self.system = self.system or system
            self.input = last_user_text(self.input_messages)
        else:
            self.output_messages = messages
            self.output = final_text(raw)
        return True


def nothing(value: Plain, content: Content, side: str) -> bool:  # noqa: ARG001 - a reader
    """Take a value that says nothing a column needs."""
    return True


def read_messages(value: Plain, content: Content, side: str) -> bool:
    """Read a list of messages, as JSON text or structured."""
    if content.kind == "tool":
        return read_text(value, content, side)
    found = parsed(value)
    messages = to_messages(found)
    if not messages:
        return read_text(value, content, side)
    return content.converse(side, found, messages)


def read_indexed(value: Any, content: Content, side: str) -> bool:
    """Read messages whose fields came in attributes of their own."""
    raw = [_assembled(value[index]) for index in sorted(value)]
    return content.converse(side, raw, to_messages(raw))


def read_system(value: Plain, content: Content, side: str) -> bool:  # noqa: ARG001 - a reader
    """Read system instructions: parts, or plain text."""
    found = parsed(value)
    content.system = final_text({"parts": found}) if isinstance(found, list) else json_text(found)
    return True


def read_text(value: Plain, content: Content, side: str) -> bool:
    """Read anything: messages if there are some in it, else the text that a person would read."""
    found = parsed(value)
    if content.kind == "tool":
        return content.say(side, _arguments(found) if side == "input" else result_text(found))
    raw = _conversation(found, content)
    if raw is not None:
        messages = to_messages(raw)
        if messages:
            return content.converse(side, raw, messages)
    if side == "output" and content.kind == "retriever" and content.documents is None:
        documents_in(value, content, side)
    if content.kind == "embedding" and side == "output":
        return True
    return content.say(side, _readable(found))


def documents_in(value: Plain, content: Content, side: str) -> bool:  # noqa: ARG001 - a reader
    """Read retrieved documents from JSON."""
    found = parsed(value)
    if isinstance(found, dict):
        found = found.get("documents")
    if not isinstance(found, list):
        return False
    documents = [_document(item) for item in found if isinstance(item, dict)]
    content.documents = json_text(documents) if documents else None
    return bool(documents)


def indexed_documents(items: dict[int, Object]) -> str | None:
    """Return documents whose fields came in attributes of their own, as JSON."""
    return json_text([_document(items[index]) for index in sorted(items)]) if items else None


def tools_in(value: Plain, content: Content, side: str) -> bool:  # noqa: ARG001 - a reader
    """Read tool definitions; clients repeat one text on every call, so it is remembered."""
    content.tools = tools_text(json_text(value))
    return content.tools is not None


def indexed_tools(items: dict[int, Object]) -> str | None:
    """Return tool definitions whose fields came in attributes of their own, as JSON."""
    tools = [items[index].get("json_schema", items[index]) for index in sorted(items)]
    return tools_text(json_text(tools))


def ai_tool_calls(value: Plain, content: Content, side: str) -> bool:  # noqa: ARG001 - a reader
    """Add Vercel's tool calls to the answer."""
    found = parsed(value)
    calls = (
        to_messages({"role": "assistant", "tool_calls": found}) if isinstance(found, list) else []
    )
    if not calls:
        return False
    calls[0].content = content.output
    content.output_messages = calls
    return True


def finish_reasons(row: Row, value: Plain) -> bool:
    """Take the last of the reasons that the choices finished with."""
    found = parsed(value)
    reasons = [reason for reason in found if reason] if isinstance(found, list) else [found]
    if reasons and isinstance(reasons[-1], str):
        row.fill("finish_reason", reasons[-1])
        return True
    return not reasons


def usage_details(row: Row, value: Plain) -> bool:
    """Fill token counts from an object in any vendor's words; the total is not kept."""
    found = parsed(value)
    if not isinstance(found, dict):
        return False
    for column, names in _USAGE.items():
        row.fill(column, next((found[n] for n in names if isinstance(found.get(n), int)), None))
    for word, column, name in _NESTED_USAGE:
        details = found.get(word)
        if isinstance(details, dict) and isinstance(details.get(name), int):
            row.fill(column, details[name])
    return True


def cost_details(row: Row, value: Plain) -> bool:
    """Fill the cost from an object; all zero means unknown."""
    found = parsed(value)
    total = found.get("total") if isinstance(found, dict) else None
    if isinstance(total, int | float) and total > 0:
        row.fill("cost_usd", float(total))
    return False


def level(row: Row, value: Plain) -> bool:
    """A level of ERROR is an error."""
    if value == "ERROR":
        row.fill("status", "error")
    return value in {"ERROR", "DEFAULT"}


def tool_status(row: Row, value: Plain) -> bool:
    """A tool that says it failed has failed."""
    if value == "error":
        row.fill("status", "error")
    return value in {"error", "success"}


def drop_pending(row: Row, value: Plain) -> bool:
    """Logfire announces open spans by placeholder spans, which are not operations."""
    if value == "pending_span":
        row.warn("pending")
    return value == "span"


def entity_name(row: Row, value: Plain) -> bool:
    """Traceloop's entity is the tool of a tool span and the agent of an agent span."""
    column = {"tool": "tool", "agent": "agent"}.get(row.kind)
    if column is None or not isinstance(value, str):
        return False
    row.fill(column, value)
    return True


def ai_provider(row: Row, value: Plain) -> bool:
    """``openai.chat`` is the provider ``openai``."""
    if isinstance(value, str):
        row.fill("provider", value.partition(".")[0])
    return False


def meta(row: Row, value: Plain) -> bool:
    """Find session and user in free metadata; it stays an attribute."""
    text = json_text(value)
    if "session" in text or "thread" in text or "user" in text or "conversation" in text:
        found = parsed(text)
        if isinstance(found, dict):
            for column, names in _META.items():
                row.fill(
                    column, next((found[n] for n in names if isinstance(found.get(n), str)), None)
                )
    return False


def quoted_model(row: Row, value: Plain) -> bool:
    """Take a model name that is JSON text."""
    return _quoted(row, "model", value)


def quoted_session(row: Row, value: Plain) -> bool:
    """Take a session id that is JSON text."""
    return _quoted(row, "session_id", value)


def quoted_user(row: Row, value: Plain) -> bool:
    """Take a user id that is JSON text."""
    return _quoted(row, "user_id", value)


def _quoted(row: Row, column: str, value: Plain) -> bool:
    if isinstance(value, str):
        row.fill(column, unquoted(value))
    return isinstance(value, str)


_META = {
    "session_id": ("session_id", "thread_id", "conversation_id"),
    "user_id": ("user_id",),
}
_USAGE = {
    "prompt_tokens": ("input", "input_tokens", "prompt_tokens"),
    "completion_tokens": ("output", "output_tokens", "completion_tokens"),
    "cache_read_tokens": ("cache_read_input_tokens", "input_cached_tokens", "cache_read"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_write_input_tokens"),
    "reasoning_tokens": ("output_reasoning_tokens", "reasoning_tokens"),
}
_NESTED_USAGE = (
    ("prompt_tokens_details", "cache_read_tokens", "cached_tokens"),
    ("input_tokens_details", "cache_read_tokens", "cached_tokens"),
    ("completion_tokens_details", "reasoning_tokens", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens", "reasoning_tokens"),
)


def _assembled(fields: Object) -> Object:
    """Turn the fields of an indexed message into an object as other dialects have it."""
    item: Object = {
        "role": fields.get("role"),
        "name": fields.get("name"),
        "tool_call_id": fields.get("tool_call_id"),
    }
    contents = fields.get("contents")
    content = fields.get("content")
    # Some clients say the same twice, as content and as its parts: the parts are then left out.
    if content is None and contents:
        content = [contents[index] for index in sorted(contents)]
    item["content"] = parsed_blocks(content)
    calls = fields.get("tool_calls")
    if calls:
        item["tool_calls"] = [calls[index] for index in sorted(calls)]
    if fields.get("function_name"):
        item["function_call"] = {
            "name": fields["function_name"],
            "arguments": fields.get("function_arguments"),
        }
    return item


def parsed_blocks(content: Any) -> Any:
    """Decode content that is JSON text of blocks; any other text is what was said."""
    if isinstance(content, str) and content.startswith("[{"):
        found = parsed(content)
        if isinstance(found, list) and all(isinstance(i, dict) and _is_block(i) for i in found):
            return found
    return content


def _is_block(item: Object) -> bool:
    return "type" in item or set(item) <= {"text", "toolUse", "toolResult"}


def _conversation(found: object, content: Content) -> object | None:
    """Find the messages in a request, a response or a state; leave the rest in ``content.left``."""
    if looks_like_messages(found):
        return found
    if not isinstance(found, dict):
        return None
    if "role" in found and ("content" in found or "parts" in found or "tool_calls" in found):
        return found
    for key in (
        "messages",
        "contents",
        "message",
        "input",
        "output",
        "prompt",
        "inputs",
        "outputs",
    ):
        inner = found.get(key)
        if looks_like_messages(inner):
            _mine(found, key, content)
            return inner
        if key in {"inputs", "outputs"} and isinstance(inner, dict):
            return _conversation(inner, content)
    return _choices(found, content)


def _choices(found: Object, content: Content) -> object | None:
    choices = found.get("choices") or found.get("generations") or found.get("candidates")
    if isinstance(choices, list) and choices:
        flat = choices[0] if isinstance(choices[0], list) else choices
        messages = [c.get("message") or c.get("content") for c in flat if isinstance(c, dict)]
        if messages and all(isinstance(m, dict) for m in messages):
            _mine(found, "choices", content)
            return messages
    return None


def _mine(found: Object, taken: str, content: Content) -> None:
    """Take system instructions and tools beside the messages; what no column holds stays."""
    system = found.get("system") or found.get("instructions")
    if isinstance(system, str) and content.system is None:
        content.system = system
    if found.get("tools") and content.tools is None:
        content.tools = tools_text(json_text(found["tools"]))
    known = {taken, "system", "instructions", "tools", "generations", "candidates"} | _PROVIDER_KEYS
    left = {key: value for key, value in found.items() if key not in known}
    if left and content.kind != "llm":
        content.left = left


def _readable(found: object) -> str | None:
    """Unwrap what instrumentation wraps arguments and results in."""
    if isinstance(found, str):
        return unquoted(found) or None
    if isinstance(found, dict):
        args = found.get("args")
        if set(found) <= {"args", "kwargs"} and isinstance(args, list) and not found.get("kwargs"):
            return _readable(args[0]) if len(args) == 1 else json_text(args)
        if len(found) == 1:
            key, inner = next(iter(found.items()))
            if key in _WRAPPERS and inner is not None:
                return _readable(inner)
    return None if found is None else json_text(found)


def _arguments(found: object) -> str:
    """Unwrap a tool's arguments to JSON text."""
    if isinstance(found, dict):
        if set(found) == {"args", "kwargs"} and isinstance(found["args"], list):
            objects = [item for item in found["args"] if isinstance(item, dict)]
            return json_text(
                found["kwargs"] or (objects[0] if len(objects) == 1 else found["args"])
            )
        if set(found) == {"name", "args"}:
            return json_text(found["args"])
    return unquoted(found) if isinstance(found, str) else json_text(found)


def _document(item: Object) -> Object:
    metadata = parsed(item.get("metadata"))
    text = item.get("content", item.get("page_content", item.get("text")))
    score = item.get("score")
    if score is None and isinstance(metadata, dict):
        score = metadata.get("score", metadata.get("relevance_score"))
    return {
        "id": item.get("id"),
        "content": text if text is None else json_text(text),
        "score": score,
        "metadata": metadata,
    }


@lru_cache(maxsize=256)
def tools_text(text: str) -> str | None:
    """Return tool definitions in JSON of any dialect as JSON of ours."""
    found = parsed(text)
    items = found if isinstance(found, list) else [found]
    tools = [tool for tool in (_tool(parsed(item)) for item in items) if tool]
    return msgspec.json.encode(tools).decode() if tools else None


def _tool(item: object) -> Object | None:
    if not isinstance(item, dict):
        return None
    inner = item.get("function") or item.get("toolSpec")
    said: Object = inner if isinstance(inner, dict) else item
    keys = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "json_schema")
    parameters = next((said[key] for key in keys if said.get(key) is not None), None)
    return {
        "name": said.get("name"),
        "description": said.get("description"),
        "parameters": parsed(parameters),
    }
