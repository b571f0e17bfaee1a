"""Where each attribute goes: the tables of all conventions merged into one look-up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.batch import SPAN_SCHEMA
from evalctl.formats.cells import SLOTS as STORED
from evalctl.formats.conventions import Convention, Indexed, conventions

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN: Final = 0
INDEXED: Final = 1
KEEP: Final = 2
TEXT: Final = 3
KIND: Final = 4
CALL: Final = 5
DROP: Final = 6

SLOTS: Final = {**STORED, "total_tokens": len(STORED)}
"""Column name to its index in a row's cells; ``total_tokens`` is only compared, never stored."""

Place = tuple[int, int, Any, int]
"""What to do, the column's index, what it needs to do it, and the rank."""

_TYPES = {"Int64": int, "Float64": float, "String": str}
_NUMBERED = re.compile(r"\.([0-9]{1,6})(?:\.|$)")
_REMEMBERED = 65_536
"""Keys remembered; clients that put ids into keys would otherwise grow the table without end."""


class Places(dict[str, Place]):
    """The merged table; indexed and unknown keys are resolved once and then remembered."""

    def __init__(self, known: tuple[Convention, ...]) -> None:
        super().__init__()
        self._indexed: dict[str, Indexed] = {}
        self.formats: dict[str, str] = {}
        for convention in known:
            self._indexed.update(convention.indexed)
            for key, place in _entries(convention):
                self[key] = place
                self.formats.setdefault(key, convention.name)
            for prefix in convention.indexed:
                self.formats.setdefault(prefix, convention.name)

    def resolve(self, key: str) -> Place:
        """Place a key that is not in the table."""
        place = self._numbered(key) or (KEEP, 0, None, 0)
        if len(self) < _REMEMBERED:
            self[key] = place
        return place

    def _numbered(self, key: str) -> Place | None:
        found = _NUMBERED.search(key)
        indexed = self._indexed.get(key[: found.start()]) if found else None
        if found is None or indexed is None:
            return None
        rest, numbers = _NUMBERED.subn(".*.", key[found.end() :])
        field = indexed.fields.get(rest.rstrip("."))
        if field is None or numbers > 1:
            return None
        if field == "":
            return (DROP, 0, None, 0)
        second = _NUMBERED.search(key, found.end() - 1)
        at = int(second[1]) if second else None
        return (INDEXED, 0, (indexed.group, int(found[1]), field, at), 0)


def _entries(convention: Convention) -> Iterator[tuple[str, Place]]:
    for key, (column, rank) in convention.columns.items():
        dtype = SPAN_SCHEMA[column] if column in SPAN_SCHEMA else None
        yield key, (COLUMN, SLOTS[column], _TYPES[str(dtype)] if dtype else int, rank)
    for key, kinds in convention.kinds.items():
        yield key, (KIND, SLOTS["kind"], kinds, kinds.rank)
    for key, text in convention.texts.items():
        yield key, (TEXT, 0, text, text.rank)
    for key, call in convention.calls.items():
        yield key, (CALL, 0, call, 0)
    for key in convention.dropped:
        yield key, (DROP, 0, None, 0)


PLACES: Final = Places(conventions())
