"""Readers of content: each takes (row, slot, value) and says whether it took the value.

What they find goes into the cells of the row: plain text and messages of a side, and beside them
system instructions, tool definitions and documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.cells import SLOTS
from evalctl.formats.definitions import documents_text, tools_text
from evalctl.formats.jsontext import json_text, parsed, unquoted
from evalctl.formats.messages import (
    Message,
    encode,
    final_text,
    result_text,
    to_messages,
)
from evalctl.formats.otlp.calls import arguments_text, tool_result
from evalctl.formats.otlp.search import conversation_in, readable
from evalctl.formats.otlp.words import REASONS
from evalctl.formats.replay import Told, told, told_in_fields
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
TRACE: Final = SLOTS["trace_id"]

REASON: Final = SLOTS["finish_reason"]


def converse(row: Row, slot: int, said: Conversation) -> bool:
    """Set the messages of a side, and the plain text that follows from them."""
    cells = row.cells
    if slot == INPUT:
        return _asked(cells, encode(said.messages), said)
    cells[OUTPUTS] = encode([m for m in said.messages if m.content or m.tool_calls or m.reasoning])
    cells[OUTPUT] = said.last
    return True


def _asked(cells: list[Any], messages: str | None, said: Conversation | Told) -> bool:
    cells[INPUTS] = messages
    cells[INPUT] = said.asked
    if cells[SYSTEM] is None:
        cells[SYSTEM] = said.system
    return True


def read_messages(row: Row, slot: int, value: Plain) -> bool:
    """Read a list of messages, as JSON text or structured."""
    if row.cells[KIND] == "tool":
        return _read_call(row, slot, value)
    if slot == OUTPUT and row.cells[REASON] is None:
        _finished(row, _reason_in(value))
    if slot == INPUT and isinstance(value, str):
        again = told(row.cells[TRACE], value)
        if again is not None:
            return _asked(row.cells, again.messages, again)
    said = semconv(value) if isinstance(value, str) and slot != INPUT else None
    if said is None:
        found = parsed(value)
        messages = to_messages(found)
        if not messages:
            return read_text(row, slot, value)
        said = heard(messages, final_text(found))
    return converse(row, slot, said)


def read_indexed(row: Row, slot: int, value: Any) -> bool:
    """Read messages whose fields came in attributes of their own."""
    if slot == OUTPUT:
        _finished(row, value[-1].get("finish_reason"))
    again = told_in_fields(row.cells[TRACE], value) if slot == INPUT else None
    if again is not None:
        return _asked(row.cells, again.messages, again)
    said = indexed(value) if slot != INPUT else None
    if said is None:
        raw = [_assembled(fields) for fields in value]
        said = heard(to_messages(raw), final_text(raw))
    return converse(row, slot, said)


def _read_call(row: Row, slot: int, value: Plain) -> bool:
    """Read a tool's arguments or result out of a message's part, else as they are."""
    cells = row.cells
    for message in reversed(to_messages(parsed(value))):
        if slot == INPUT and message.tool_calls:
            cells[slot] = message.tool_calls[-1].arguments
        elif slot == OUTPUT and message.role == "tool":
            cells[slot] = message.content
        if cells[slot] is not None:
            return True
    return read_text(row, slot, value)


def _reason_in(value: Plain) -> Plain:
    if isinstance(value, str) and '"finish_reason"' not in value:
        return None
    found = parsed(value)
    last = found[-1] if isinstance(found, list) and found else None
    return last.get("finish_reason") if isinstance(last, dict) else None


def _finished(row: Row, reason: Plain) -> None:
    if isinstance(reason, str):
        row.fill("finish_reason", REASONS.get(reason.lower(), reason))


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
        cells[slot] = arguments_text(value) if slot == INPUT else tool_result(row, value)
        return True
    if slot == OUTPUT and _repeats(cells, kind, value):
        return True
    found = parsed(value)
    if isinstance(found, str):
        cells[slot] = text = unquoted(found) or None
        if kind == "llm" and slot == OUTPUT and text is not None:
            cells[OUTPUTS] = encode([Message("assistant", text)])
        return True
    raw = conversation_in(row, found)
    messages = to_messages(raw) if raw is not None else None
    if messages:
        return converse(row, slot, heard(messages, final_text(raw)))
    cells[slot] = readable(row, found)
    return True


def read_tool_events(row: Row, slot: int, items: Any) -> bool:
    """Read a tool's arguments or result, where they came as the last of some messages."""
    content = items[-1].get("content")
    if content is not None:
        row.cells[slot] = arguments_text(content) if slot == INPUT else result_text(content)
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
    """Read Vercel's tool calls, and the text that stands beside them in another attribute."""
    found = parsed(value)
    if not isinstance(found, list) or not found:
        return False
    calls = to_messages({"role": "assistant", "tool_calls": found})
    text = row.texts.get("ai.response.text")
    if text is not None and isinstance(text[4], str):
        calls[0].content = row.cells[OUTPUT] = text[4]
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


def _repeats(cells: list[Any], kind: str | None, value: Plain) -> bool:
    """Tell an output that another column holds, or that is vectors; documents are taken from it."""
    if kind == "embedding":
        return True
    if kind != "retriever":
        return False
    if cells[DOCUMENTS] is None:
        cells[DOCUMENTS] = documents_text(parsed(value))
    return cells[DOCUMENTS] is not None


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
