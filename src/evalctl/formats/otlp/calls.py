"""Arguments and results of tool calls, without what instrumentation wraps them in."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.cells import SLOTS
from evalctl.formats.jsontext import json_text, parsed, unquoted
from evalctl.formats.messages import result_text

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain

Object = dict[str, Any]
_STATUS: Final = SLOTS["status"]
_CALL_KEYS = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
_LANGCHAIN_KEYS = frozenset({"input_str", "inputs", "tags", "metadata", "kwargs"})
_WRAPPED_RESULTS = ('{"type"', '{"output"', '{"lc"')
_WRAPPED_ARGUMENTS = ('{"args"', '{"name"', '{"kwargs"', '{"input_str"', '"')


def arguments_text(value: Plain) -> str:
    """Return a tool's arguments as JSON text, without what instrumentation wraps them in."""
    if isinstance(value, str):
        if value.startswith("{'"):
            value = _from_python(value)
        elif not value.startswith(_WRAPPED_ARGUMENTS):
            return value
    found = parsed(value)
    if isinstance(found, dict):
        keys = found.keys()
        if {"args", "kwargs"} <= keys <= _CALL_KEYS and isinstance(found["args"], list):
            return _of_call(found["args"], found["kwargs"])
        if keys == {"name", "args"}:
            return json_text(found["args"])
        if "input_str" in keys <= _LANGCHAIN_KEYS and isinstance(found["input_str"], str):
            inputs = found.get("inputs")
            return json_text(inputs) if inputs else _from_python(found["input_str"])
    return unquoted(value) if isinstance(value, str) else json_text(value)


def _of_call(args: list[Any], kwargs: Any) -> str:
    if kwargs:
        return json_text({"args": args, "kwargs": kwargs} if args else kwargs)
    objects = [item for item in args if isinstance(item, dict)]
    return json_text(objects[0] if len(objects) == 1 else args)


def tool_result(row: Row, value: Plain) -> str | None:
    """Return a tool's result, out of the message that LangChain's instrumentations put it in."""
    if isinstance(value, str) and not value.startswith(_WRAPPED_RESULTS):
        return result_text(value)
    found = parsed(value)
    if isinstance(found, dict) and found.keys() == {"output", "kwargs"}:
        found = value = found["output"]
    said = _tool_message(found) if isinstance(found, dict) else None
    if said is None:
        return None if value is None else result_text(value)
    row.fill("tool_call_id", said.get("tool_call_id"))
    if said.get("status") == "error":
        row.cells[_STATUS] = "error"
    return result_text(said["content"]) if said["content"] else None


def _tool_message(found: Object) -> Object | None:
    said = found.get("data") if found.get("type") == "tool" else found.get("kwargs")
    is_one = isinstance(said, dict) and said.get("type") == "tool" and "content" in said
    return said if is_one else None


def _from_python(text: str) -> str:
    """Turn the repr of a dict, as LangGraph's instrumentation writes arguments, into JSON."""
    try:
        found = literal_eval(text)
        return json_text(found) if isinstance(found, dict) else text
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, UnicodeError):
        return text
