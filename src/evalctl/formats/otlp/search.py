"""What a person would read in a request, a response or a state that some client wrote whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.cells import SLOTS
from evalctl.formats.definitions import tools_text
from evalctl.formats.jsontext import json_text, unquoted
from evalctl.formats.messages import looks_like_messages

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row

Object = dict[str, Any]
_SYSTEM: Final = SLOTS["system_prompt"]
_TOOLS: Final = SLOTS["tool_definitions"]
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
_BESIDE = ("tags", "metadata", "kwargs")
"""What LangChain's instrumentations put beside the inputs and outputs of a step."""

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


def conversation_in(row: Row, found: object) -> object | None:
    """Find the messages in a request, a response or a state; leave the rest in ``row.left``."""
    found = _update(found)
    if looks_like_messages(found) or (isinstance(found, dict) and _is_message(found)):
        return found
    if not isinstance(found, dict):
        return None
    for key in _HOLDERS:
        inner = found.get(key)
        if looks_like_messages(inner):
            _mine(row, found, key)
            return inner
        if key in {"inputs", "outputs"} and isinstance(inner, dict | list):
            return conversation_in(row, inner)
    return _choices(row, found)


def _update(found: object) -> object:
    """Take the change of state out of the command that a LangGraph node returns."""
    only = found[0] if isinstance(found, list) and len(found) == 1 else None
    change = only.get("update") if isinstance(only, dict) and "graph" in only else None
    return change if isinstance(change, dict) else found


def _is_message(found: Object) -> bool:
    said = "content" in found or "parts" in found or "tool_calls" in found
    return ("role" in found and said) or looks_like_messages([found])


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
    if isinstance(system, str) and cells[_SYSTEM] is None:
        cells[_SYSTEM] = system
    if found.get("tools") and cells[_TOOLS] is None:
        cells[_TOOLS] = tools_text(json_text(found["tools"]))
    known = {taken, "system", "instructions", "tools"} | _PROVIDER_KEYS
    left = {key: value for key, value in found.items() if key not in known}
    if left and row.kind != "llm":
        row.left = left


def readable(row: Row, found: object) -> str | None:
    """Return the text of a value, without what instrumentation wraps it in; JSON where it is data."""
    if isinstance(found, str):
        return unquoted(found) or None
    if isinstance(found, dict):
        inner = _inside(row, found)
        if inner is not found:
            return readable(row, inner)
    return None if found is None else json_text(found)


def _inside(row: Row, found: Object) -> object:
    """Return what a wrapper holds, and the object itself where it is none."""
    args, keys = found.get("args"), found.keys()
    if keys <= {"args", "kwargs"} and isinstance(args, list) and not found.get("kwargs"):
        return args[0] if len(args) == 1 else args
    if keys == {"system", "prompt"} and isinstance(found["prompt"], str):
        row.fill("system_prompt", found["system"])
        return found["prompt"]
    if len(found) == 1:
        key, inner = next(iter(found.items()))
        if key in _WRAPPERS and inner is not None:
            return inner
    return _of_step(row, found)


def _of_step(row: Row, found: Object) -> object:
    """Return the task of a smolagents run, or what went in or out of a step of LangChain."""
    task = found.get("task")
    if row.kind == "agent" and isinstance(task, str) and task:
        row.left = {k: v for k, v in found.items() if k != "task" and v is not None} or None
        return task
    for key in ("inputs", "outputs"):
        if key in found and found.keys() <= {key, *_BESIDE}:
            return found[key]
    return found
