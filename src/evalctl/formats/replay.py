"""Conversations that are told again from the start with every answer: only what is new is read.

Of the messages in a corpus of agents two thirds stood in an earlier span of the same trace. What a
trace said last is remembered; where the next list of messages begins with the same bytes, those are
compared and not decoded (a list of eight messages: 16 to 4 microseconds).
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from evalctl.formats.messages import encode
from evalctl.formats.semconv import Conversation, indexed, semconv

Fields = list[dict[str, Any]]
_MOST: Final = 8 << 20
"""Characters remembered, over all traces; then everything is forgotten."""


class Told(Struct, frozen=True, gc=False):
    """The input side of a call: the messages as JSON without brackets, and what columns take of them."""

    inner: str
    system: str | None
    user: str | None
    fallback: str | None

    @property
    def messages(self) -> str | None:
        """The messages as JSON, null where there are none."""
        return f"[{self.inner}]" if self.inner else None

    @property
    def asked(self) -> str | None:
        """The last turn of the user, else the last text of anybody."""
        return self.user or self.fallback


class _Memory:
    """What each trace said last, as text and as fields."""

    def __init__(self) -> None:
        self.texts: dict[str, tuple[str, Told]] = {}
        self.fields: dict[str, tuple[Fields, Told]] = {}
        self._size = 0

    def grow(self, size: int) -> None:
        """Count what is about to be remembered."""
        self._size += size
        if self._size > _MOST:
            self.texts.clear()
            self.fields.clear()
            self._size = size


_MEMORY: Final = _Memory()


def told(trace: str, text: str) -> Told | None:
    """Read GenAI messages from JSON text as ``semconv`` does; null where that is null."""
    before = _MEMORY.texts.get(trace)
    found = None
    if before is not None and text.startswith(before[0]):
        rest = text[len(before[0]) :].lstrip()
        if rest == "]":
            return before[1]
        found = _joined(before[1], semconv(f"[{rest[1:]}")) if rest[:1] == "," else None
    if found is None:
        found = _first(semconv(text))
    if found is not None and text[-1] == "]" and (found.inner or found.system):
        _MEMORY.grow(len(text) + len(found.inner))
        _MEMORY.texts[trace] = (text[:-1], found)
    return found


def told_in_fields(trace: str, items: Fields) -> Told | None:
    """Read messages from their fields as ``indexed`` does; null where that is null."""
    before = _MEMORY.fields.get(trace)
    found = None
    if before is not None and items[: len(before[0])] == before[0]:
        found = _joined(before[1], indexed(items[len(before[0]) :]))
    if found is None:
        found = _first(indexed(items))
    if found is not None:
        _MEMORY.grow(2 * len(found.inner))
        _MEMORY.fields[trace] = (items, found)
    return found


def _first(said: Conversation | None) -> Told | None:
    if said is None:
        return None
    return Told((encode(said.messages) or "[]")[1:-1], said.system, said.user, said.fallback)


def _joined(before: Told, said: Conversation | None) -> Told | None:
    """Add what is new; null where that is nothing, which a comma at the end of a list looks like."""
    new = _first(said)
    if new is None or not (new.inner or new.system):
        return None
    return Told(
        f"{before.inner},{new.inner}" if before.inner and new.inner else before.inner or new.inner,
        f"{before.system}\n{new.system}"
        if before.system and new.system
        else before.system or new.system,
        new.user or before.user,
        new.fallback or before.fallback,
    )
