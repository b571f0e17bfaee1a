"""Readers of content: each takes (row, slot, value) and says whether it took the value.

What they find goes into the cells of the row: plain text and messages of a side, and beside them
system instructions, tool definitions and documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.cells import SLOTS
from evalctl.formats.definitions import documents_text, tools_text
from evalctl.formats.messages import (
    encode,
    final_text,
    json_text,
    looks_like_messages,
    parsed,
    result_text,
    to_messages,
    unquoted,
)
from evalctl.formats.semconv import Conversation, heard, indexed, semconv

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain

Object = dict[str, Any]
INPUT: Final = SLOTS["input"]
OUTPUT: Final = SLOTS["output"]
INPUTS: Final = SLOTS["input_messages"]
OUTPUTS: Final = SLOTS["output_messages"]
SYSTEM: Final = SLOTS["system_prompt"]
DOCUMENTS: Final = SLOTS["documents"]
TOOLS: Final = SLOTS["tool_definitions"]
KIND: Final = SLOTS["kind"]

_WRAPPERS = frozenset(
    [
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
    ]
)
_PROVIDER_KEYS = frozenset(
    [
        "model",
        "temperature",
        "stream",
        "stream_options",
        "max_tokens",
        "id",
        "object",
        "created",
        "usage",
    ]
)
_HOLDERS = ("messages", "contents", "message", "input", "output", "prompt", "inputs", "outputs")


def converse(row: Row, slot: int, said: Conversation) -> bool:
    """Set the messages of a side, and the plain text that follows from them."""
    cells = row.cells
    if slot == INPUT:
        cells[INPUTS] = encode(said.messages)
        cells[INPUT] = said.user
        if cells[SYSTEM] is None:
            cells[SYSTEM] = said.system
    else:
        cells[OUTPUTS] = encode(said.messages)
        cells[OUTPUT] = said.last
    return True


def read_messages(row: Row, slot: int, value: Plain) -> bool:
    """Read a list of messages, as JSON text or structured."""
    if row.cells[KIND] == "tool":
        return read_text(row, slot, value)
    said = semconv(value) if isinstance(value, str) else None
    if said is None:
        found = parsed(value)
        messages = to_messages(found)
        if not messages:
            return read_text(row, slot, value)
        said = heard(messages, final_text(found))
    return converse(row, slot, said)


def read_indexed(row: Row, slot: int, value: Any) -> bool:
    """Read messages whose fields came in attributes of their own."""
    said = indexed(value)
    if said is None:
        raw = [_assembled(fields) for fields in value]
        said = heard(to_messages(raw), final_text(raw))
    return converse(row, slot, said)


def read_system(row: Row, slot: int, value: Plain) -> bool:
    """Read system instructions: parts, or plain text."""
    found = parsed(value)
    if isinstance(found, list):
        parts = to_messages({"role": "system", "parts": found})
        row.cells[slot] = parts[0].content if parts else None
    else:
        row.cells[slot] = json_text(found)
    return True


def read_text(row: Row, slot: int, value: Plain) -> bool:
    """Read anything: messages if there are some in it, else the text that a person would read."""
    cells = row.cells
    kind = cells[KIND]
    if kind == "tool":
        cells[slot] = arguments_text(value) if slot == INPUT else result_text(value)
        return True
    if kind == "embedding" and slot == OUTPUT:  # vectors
        return True
    found = parsed(value)
    if found.__class__ is str:
        cells[slot] = unquoted(value) if value.__class__ is str else value
        return True
    if kind == "retriever" and slot == OUTPUT and cells[DOCUMENTS] is None:
        cells[DOCUMENTS] = documents_text(found)
        if cells[DOCUMENTS] is not None:
            return True
    raw = _conversation(row, found)
    messages = to_messages(raw) if raw is not None else None
    if messages:
        return converse(row, slot, heard(messages, final_text(raw)))
    cells[slot] = _readable(found)
    return True


def documents_in(row: Row, slot: int, value: Plain) -> bool:
    """Read retrieved documents from JSON."""
    row.cells[slot] = documents_text(parsed(value))
    return row.cells[slot] is not None


def tools_in(row: Row, slot: int, value: Plain) -> bool:
    """Read tool definitions."""
    row.cells[slot] = tools_text(json_text(value))
    return row.cells[slot] is not None


def ai_tool_calls(row: Row, slot: int, value: Plain) -> bool:
    """Add Vercel's tool calls to the answer."""
    found = parsed(value)
    calls = (
        to_messages({"role": "assistant", "tool_calls": found}) if isinstance(found, list) else []
    )
    if not calls:
        return False
    calls[0].content = row.cells[OUTPUT]
    row.cells[slot] = encode(calls)
    return True


def take_groups(row: Row, groups: dict[str, list[Object]]) -> None:
    """Store documents, tool definitions and embedded texts whose fields came one by one."""
    cells = row.cells
    documents, tools, embedded = (groups.get(n) for n in ("documents", "tools", "embeddings"))
    if documents:
        cells[DOCUMENTS] = documents_text(documents)
    if tools:
        said = [tool.get("json_schema", tool) for tool in tools]
        one = len(said) == 1 and isinstance(said[0], str)
        cells[TOOLS] = tools_text(said[0] if one else json_text(said))
    if embedded:
        texts = (item.get("text") for item in embedded)
        cells[INPUT] = "\n".join(str(text) for text in texts if text) or None


def arguments_text(value: Plain) -> str:
    """Return a tool's arguments as JSON text, without what instrumentation wraps them in."""
    if isinstance(value, str) and not value.startswith(('{"args"', '{"name"', '{"kwargs"', '"')):
        return value
    found = parsed(value)
    if isinstance(found, dict):
        if set(found) == {"args", "kwargs"} and isinstance(found["args"], list):
            objects = [item for item in found["args"] if isinstance(item, dict)]
            return json_text(
                found["kwargs"] or (objects[0] if len(objects) == 1 else found["args"])
            )
        if set(found) == {"name", "args"}:
            return json_text(found["args"])
    return unquoted(value) if isinstance(value, str) else json_text(value)


def parsed_blocks(content: Any) -> Any:
    """Decode content that is JSON text of blocks; any other text is what was said."""
    if isinstance(content, str) and content.startswith("[{"):
        found = parsed(content)
        if isinstance(found, list) and all(isinstance(i, dict) and _is_block(i) for i in found):
            return found
    return content


def _is_block(item: Object) -> bool:
    return "type" in item or set(item) <= {"text", "toolUse", "toolResult"}


def _assembled(fields: Object) -> Object:
    """Turn the fields of an indexed message into an object as other dialects have it."""
    item: Object = {key: fields.get(key) for key in ("role", "name", "tool_call_id")}
    contents, content = fields.get("contents"), fields.get("content")
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


def _conversation(row: Row, found: object) -> object | None:
    """Find the messages in a request, a response or a state; leave the rest in ``row.left``."""
    if looks_like_messages(found):
        return found
    if not isinstance(found, dict):
        return None
    if "role" in found and ("content" in found or "parts" in found or "tool_calls" in found):
        return found
    for key in _HOLDERS:
        inner = found.get(key)
        if looks_like_messages(inner):
            _mine(row, found, key)
            return inner
        if key in {"inputs", "outputs"} and isinstance(inner, dict):
            return _conversation(row, inner)
    return _choices(row, found)


def _choices(row: Row, found: Object) -> object | None:
    for key in ("choices", "generations", "candidates"):
        choices = found.get(key)
        if isinstance(choices, list) and choices:
            flat = choices[0] if isinstance(choices[0], list) else choices
            messages = [c.get("message") or c.get("content") for c in flat if isinstance(c, dict)]
            if messages and all(isinstance(m, dict) for m in messages):
                _mine(row, found, key)
                return messages
    return None


def _mine(row: Row, found: Object, taken: str) -> None:
    """Take system instructions and tools beside the messages; what no column holds stays."""
    cells = row.cells
    system = found.get("system") or found.get("instructions")
    if isinstance(system, str) and cells[SYSTEM] is None:
        cells[SYSTEM] = system
    if found.get("tools") and cells[TOOLS] is None:
        cells[TOOLS] = tools_text(json_text(found["tools"]))
    known = {taken, "system", "instructions", "tools"} | _PROVIDER_KEYS
    left = {key: value for key, value in found.items() if key not in known}
    if left and row.kind != "llm":
        row.left = left


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
