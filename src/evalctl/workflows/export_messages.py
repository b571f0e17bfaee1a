"""Messages on their way out: split into the parts that both conventions write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalctl.workflows.export_wire import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message: its texts (more than one where only the last is the answer), thought and calls."""

    role: str | None
    texts: tuple[str, ...]
    reasoning: str | None
    calls: tuple[dict[str, Any], ...]
    tool_call_id: str | None
    name: str | None


def said(text: str | None, answer: str | None = None) -> list[Said]:
    """Read a column of messages; ``answer`` is the plain text that must be its last part."""
    found = decoded(text, [])
    messages = [_said(message) for message in found if isinstance(message, dict)]
    if messages and answer:
        messages[-1] = _ending_with(messages[-1], answer)
    return messages


def _said(message: dict[str, Any]) -> Said:
    content = message.get("content")
    return Said(
        role=message.get("role"),
        texts=(content,) if isinstance(content, str) and content else (),
        reasoning=message.get("reasoning"),
        calls=tuple(message.get("tool_calls") or ()),
        tool_call_id=message.get("tool_call_id"),
        name=message.get("name"),
    )


def _ending_with(message: Said, answer: str) -> Said:
    """Part the last text where the answer was a part of its own; the parts were joined by a newline."""
    whole = message.texts[0] if message.texts else ""
    before = whole.removesuffix("\n" + answer)
    if before == whole:
        return message
    return Said(
        role=message.role,
        texts=(before, answer),
        reasoning=message.reasoning,
        calls=message.calls,
        tool_call_id=message.tool_call_id,
        name=message.name,
    )


def flat(prefix: str, values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values that were recorded under ``prefix.<name>``."""
    for name, value in values.items():
        if value is not None:
            yield f"{prefix}.{name}", value
