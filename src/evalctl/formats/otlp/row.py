"""One span while it is being read: attributes fall into columns, content, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.messages import json_text
from evalctl.formats.otlp.places import CALL, COLUMN, INDEXED, KEEP, KIND, PLACES, SLOTS, TEXT
from evalctl.formats.otlp.wire import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalctl.formats.conventions import Kinds, Text
    from evalctl.formats.otlp.wire import Pair, Plain

KIND_SLOT: Final = SLOTS["kind"]
_UNRANKED: Final = 1_000
_INT64: Final = 2**63


class Row:
    """The cells of one span, in the order of ``SLOTS``, and what is not in a cell (yet).

    ``held`` says which attribute filled a cell, ``texts`` holds attributes with content, ``groups``
    those with an index, ``rest`` all that no column takes.
    """

    __slots__ = ("calls", "cells", "groups", "held", "kind_rank", "rest", "texts", "warnings")

    def __init__(self, template: list[Any]) -> None:
        self.cells: list[Any] = template.copy()
        self.held: dict[int, str] = {}
        self.rest: dict[str, Plain] = {}
        self.texts: dict[str, tuple[Text, Plain]] = {}
        self.groups: dict[str, dict[int, dict[str, Any]]] = {}
        self.calls: dict[str, tuple[Callable[[Row, Plain], bool], Plain]] = {}
        self.warnings: list[str] | None = None
        self.kind_rank = _UNRANKED

    def read(self, attributes: list[Pair]) -> None:
        """Sort the attributes of a span; of equal keys the last wins.

        This loop is most of what decoding costs beyond parsing: one look-up per attribute.
        """
        cells, held, rest, groups, places = self.cells, self.held, self.rest, self.groups, PLACES
        for pair in attributes:
            key, value = pair.key, pair.value
            said = None if value is None else value.string_value
            if said is None:
                said = plain(value)
            place = places.get(key) or places.resolve(key)
            op, slot, detail, _ = place
            if op == COLUMN:
                if cells[slot] is None and said.__class__ is detail and said != "":
                    cells[slot] = said
                    held[slot] = key
                else:
                    self.claim(key, said, place)
            elif op == INDEXED:
                put(groups, detail, said)
            elif op == KEEP:
                rest[key] = said
            else:
                self._special(place, key, said)

    def claim(self, key: str, said: Plain, place: tuple[int, int, Any, int]) -> None:
        """Put a value into a column that may be taken: the lower rank wins, what differs is kept."""
        _, slot, wanted, rank = place
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

    @property
    def kind(self) -> str:
        """The kind as far as it is known."""
        return self.cells[KIND_SLOT] or "unknown"

    def warn(self, word: str) -> None:
        """Note once that something about the record is odd."""
        if self.warnings is None:
            self.warnings = [word]
        elif word not in self.warnings:
            self.warnings.append(word)

    def _special(self, place: tuple[int, int, Any, int], key: str, said: Plain) -> None:
        op, _, detail, rank = place
        if op == TEXT:
            if said not in (None, ""):
                self.texts[key] = (detail, said)
        elif op == KIND:
            self._kind(key, said, detail, rank)
        elif op == CALL:
            self.calls[key] = (detail, said)

    def _kind(self, key: str, said: Plain, kinds: Kinds, rank: int) -> None:
        word = str(said).strip('"').lower()
        kind = kinds.exact.get(word)
        if kind is None:
            self.rest[key] = said
            kind = kinds.broad.get(word)
        if kind is not None and rank < self.kind_rank:
            self.cells[KIND_SLOT] = kind
            self.held[KIND_SLOT] = key
            self.kind_rank = rank


def put(
    groups: dict[str, dict[int, dict[str, Any]]],
    detail: tuple[str, int, str, int | None],
    said: Plain,
) -> None:
    """File a value of an indexed attribute under its group, index and field."""
    group, index, field, second = detail
    items = groups.get(group)
    if items is None:
        items = groups[group] = {}
    item = items.get(index)
    if item is None:
        item = items[index] = {}
    if second is None:
        item[field] = said
    else:
        name, _, part = field.partition(".")
        item.setdefault(name, {}).setdefault(second, {})[part] = said


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
