"""Where each attribute goes: the tables of all conventions merged into one look-up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from evalctl.formats.batch import SPAN_SCHEMA
from evalctl.formats.cells import SLOTS as STORED
from evalctl.formats.conventions import Convention, Indexed, Kinds, conventions

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
ITEMS: Final = 1_000_000
"""More than any index: see ``GROUPS``."""

_REMEMBERED = 65_536
"""Keys remembered; clients that put ids into keys would otherwise grow the table without end."""


PLACES: Final[dict[str, Place]] = {}
"""The merged table. A plain dict, because looking up in a subclass of it is slower."""

FORMATS: Final[dict[str, str]] = {}
"""Attribute to the convention that knows it."""

GROUPS: Final[list[str]] = []
"""Names of the groups of indexed attributes; one's number times ``ITEMS`` plus an index is a code."""

_INDEXED: dict[str, Indexed] = {}


def resolve(key: str) -> Place:
    """Place a key that is not in the table, and remember it."""
    place = _numbered(key) or (KEEP, 0, None, 0)
    if len(PLACES) < _REMEMBERED:
        PLACES[key] = place
    return place


def grouped(items: dict[int, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return {group: fields of its items in order} from {code: fields}."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for code in sorted(items):
        groups.setdefault(GROUPS[code // ITEMS], []).append(items[code])
    return groups


def _numbered(key: str) -> Place | None:
    found = _NUMBERED.search(key)
    indexed = _INDEXED.get(key[: found.start()]) if found else None
    if found is None or indexed is None:
        return None
    rest, numbers = _NUMBERED.subn(".*.", key[found.end() :])
    field = indexed.fields.get(rest.rstrip("."))
    if field is None or numbers > 1:
        return None
    if field == "":
        return (DROP, 0, None, 0)
    second = _NUMBERED.search(key, found.end() - 1)
    code = GROUPS.index(indexed.group) * ITEMS + int(found[1])
    if second is None:
        return (INDEXED, code, field, 0)
    name, _, part = field.partition(".")
    return (INDEXED, code, (name, int(second[1]), part), 0)


def _entries(convention: Convention) -> Iterator[tuple[str, Place]]:
    for key, (column, rank) in convention.columns.items():
        dtype = SPAN_SCHEMA.get(column)
        yield key, (COLUMN, SLOTS[column], _TYPES[str(dtype)] if dtype else int, rank)
    for key, kinds in convention.kinds.items():
        yield key, (KIND, SLOTS["kind"], _words(kinds), kinds.rank)
    for key, text in convention.texts.items():
        yield key, (TEXT, SLOTS[text.column], text.read, text.rank)
    for key, call in convention.calls.items():
        yield key, (CALL, 0, call, 0)
    for key in convention.dropped:
        yield key, (DROP, 0, None, 0)


def _words(kinds: Kinds) -> dict[str, tuple[str, bool]]:
    """Word to kind, and whether the word says more than the kind; upper case is as frequent."""
    words = {word: (kind, False) for word, kind in kinds.exact.items()}
    words.update({word: (kind, True) for word, kind in kinds.broad.items()})
    return words | {word.upper(): found for word, found in words.items()}


def _merge() -> None:
    for convention in conventions():
        for prefix, indexed in convention.indexed.items():
            _INDEXED[prefix] = indexed
            FORMATS.setdefault(prefix, convention.name)
            if indexed.group not in GROUPS:
                GROUPS.append(indexed.group)
        for key, place in _entries(convention):
            PLACES[key] = place
            FORMATS.setdefault(key, convention.name)


_merge()
