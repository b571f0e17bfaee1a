"""One span while it is being read: attributes fall into columns, content, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.jsontext import json_text
from evalctl.formats.otlp.places import (
    CALL,
    COLUMN,
    INDEXED,
    KEEP,
    KIND,
    PLACES,
    SLOTS,
    TEXT,
    resolve,
)
from evalctl.formats.otlp.wire import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalctl.formats.otlp.wire import Pair, Plain

KIND_SLOT: Final = SLOTS["kind"]
_START: Final = SLOTS["start_time"]
_UNRANKED: Final = 1_000
Candidate = tuple[int, int, str, Any, Any]
"""Rank, slot, key, reader and value of an attribute with content."""
_INT64: Final = 2**63


class Row:
    """The cells of one span, in the order of ``SLOTS``, and what is not in a cell (yet).

    ``held`` says which attribute filled a cell, ``texts`` holds attributes with content, ``items``
    those with an index by code, ``calls`` those that a function reads, ``rest`` all that no column takes.
    ``left`` is what a reader leaves of an attribute, ``pending`` marks a span that is none.
    """

    __slots__ = (
        "calls",
        "cells",
        "held",
        "items",
        "kind_rank",
        "left",
        "pending",
        "rest",
        "texts",
        "warnings",
    )

    def __init__(self, template: list[Any]) -> None:
        self.cells: list[Any] = template.copy()
        self.held: dict[int, str] = {}
        self.rest: dict[str, Plain] = {}
        self.texts: dict[str, Candidate] = {}
        self.items: dict[int, dict[str, Any]] = {}
        self.calls: dict[str, tuple[Callable[[Row, Plain], bool], Plain]] | None = None
        self.warnings: list[str] | None = None
        self.kind_rank = _UNRANKED
        self.left: Plain = None
        self.pending = False

    @property
    def kind(self) -> str:
        """The kind as far as it is known."""
        return self.cells[KIND_SLOT] or "unknown"

    @property
    def start(self) -> int | None:
        """Microseconds since 1970 of the start."""
        return self.cells[_START]

    def read(self, attributes: list[Pair]) -> None:  # noqa: C901, PLR0912, PLR0915 - each call costs 3 %
        """Sort the attributes of a span; of equal keys the last wins.

        This loop is most of what decoding costs beyond parsing: one look-up per attribute.
        """
        cells, held, rest, items, places = self.cells, self.held, self.rest, self.items, PLACES
        code, item = -1, {}  # fields of one item come one after another
        for pair in attributes:
            key, value = pair.key, pair.value
            said = value.string_value if value else None
            if said is None:
                said = plain(value)
            try:
                op, slot, detail, rank = places[key]
            except KeyError:
                op, slot, detail, rank = resolve(key)
            if op == COLUMN:
                if cells[slot] is None and said.__class__ is detail and (said or detail is not str):
                    cells[slot] = said
                    held[slot] = key
                else:
                    self.claim(key, said, slot, detail, rank)
            elif op == INDEXED:
                if slot != code:
                    code, item = slot, items.setdefault(slot, {})
                if detail.__class__ is str:
                    item[detail] = said
                else:
                    name, second, part = detail
                    item.setdefault(name, {}).setdefault(second, {})[part] = said
            elif op == KEEP:
                rest[key] = said
            elif op == TEXT:
                if said is not None and said != "":
                    self.texts[key] = (rank, slot, key, detail, said)
            elif op == KIND:
                self._kind(key, said, detail, rank)
            elif op == CALL:
                self._call(key, said, detail)

    def claim(self, key: str, said: Plain, slot: int, wanted: type, rank: int) -> None:
        """Put a value into a column that may be taken: the lower rank wins, what differs is kept."""
        value = converted(said, wanted)
        if value is None:
            if said not in (None, ""):
                self.rest[key] = said
            return
        holder = self.held.get(slot)
        before = self.cells[slot]
        if holder is not None and holder != key:
            if PLACES[holder][3] <= rank:
                if before != value:
                    self.rest[key] = said
                return
            if before != value:
                self.rest[holder] = before
        self.cells[slot] = value
        self.held[slot] = key

    def fill(self, column: str, value: Any) -> None:
        """Set a column that nothing has filled yet."""
        slot = SLOTS[column]
        if self.cells[slot] is None and value is not None and value != "":
            self.cells[slot] = value

    def warn(self, word: str) -> None:
        """Note once that something about the record is odd."""
        if self.warnings is None:
            self.warnings = [word]
        elif word not in self.warnings:
            self.warnings.append(word)

    def _call(self, key: str, said: Plain, call: Callable[[Row, Plain], bool]) -> None:
        if self.calls is None:
            self.calls = {}
        self.calls[key] = (call, said)

    def _kind(self, key: str, said: Plain, words: dict[str, tuple[str, bool]], rank: int) -> None:
        found = None
        if isinstance(said, str):
            found = words.get(said) or words.get(said.strip('"').lower())
        if found is None or found[1]:
            self.rest[key] = said
        if found is not None and rank < self.kind_rank:
            self.cells[KIND_SLOT] = found[0]
            self.held[KIND_SLOT] = key
            self.kind_rank = rank


def converted(said: Plain, wanted: type) -> str | int | float | None:
    """Turn a value into what a column holds; null where it says nothing of the kind."""
    if said is None or said == "" or isinstance(said, bool):
        return None if wanted is not str or not isinstance(said, bool) else json_text(said)
    if wanted is str:
        return json_text(said)
    if isinstance(said, list | dict):
        return None
    try:
        number = float(said)
        if wanted is float:
            return number if number - number == 0.0 else None
        return int(said) if number == int(number) and abs(number) < _INT64 else None
    except (ValueError, OverflowError):
        return None
