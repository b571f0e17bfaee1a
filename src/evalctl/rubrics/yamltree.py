"""YAML read strictly: every value with its place, and none of YAML's surprises.

``on``, ``no`` and ``2026-05-01`` are the texts they look like; duplicate keys, tags and a second
document are errors; aliases are bounded, so that a small file cannot grow into a large one.
PyYAML's pure loader, not its C one: they disagree about a ``?`` inside braces, and a rubric must mean
the same on every machine. It costs a millisecond a file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from evalctl.core.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 256 * 1024
_MAX_VALUES = 20_000
_MAX_DEPTH = 32
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}

Place = tuple[str | int, ...]
"""Keys and indexes from the top of the document down to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file: its value, and where each part of it stands."""

    path: Path
    text: str
    value: Any
    spans: dict[Place, tuple[int, int]]

    def line(self, place: Place) -> int:
        """Return the 1-based line of a value, or of the closest thing around it that was written."""
        while place and place not in self.spans:
            place = place[:-1]
        return self.text.count("\n", 0, self.spans.get(place, (0, 0))[0]) + 1

    def locate(self, place: Place, offset: int) -> tuple[int, int | None]:
        """Return line and column of a character of a text value; column None where YAML folded it."""
        value: Any = self.value
        for step in place:
            value = value[step]
        start, end = self.spans[place]
        before, _, _ = str(value)[:offset].rpartition("\n")
        line = str(value)[len(before) :].lstrip("\n").split("\n")[0]
        found = self.text.find(line, start, end)
        if not line or found < 0:
            return self.line(place), None
        at = found + min(offset - (len(before) + 1 if before else 0), len(line))
        return self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at)


def read_yaml(path: Path) -> Document:
    """Read one YAML file.

    Raises:
        RubricError: it cannot be read, is too large, is not UTF-8, or is not one YAML document.
    """
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise RubricError(path, None, f"cannot be read: {error.strerror}") from None
    if raw is None:
        raise RubricError(
            path, None, f"larger than {MAX_BYTES // 1024} KiB: a rubric is one question"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RubricError(path, line, "not UTF-8: save the file as UTF-8") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Parse YAML text; ``path`` is for errors.

    Raises:
        RubricError: as ``read_yaml``.
    """
    text = text.replace("\r\n", "\n")
    try:
        return _Builder(text, path).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise RubricError(
            path, line, "holds a control character that YAML does not allow"
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise RubricError(
            path, line, f"not valid YAML: {error.problem or error.context}{_quote_hint(error)}"
        ) from None


def _quote_hint(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    if "mapping values" in problem or "special" in problem or "cannot start any token" in problem:
        return " (quote the text, or write it as a block after '|')"
    return ""


class _Builder:
    """Builds values from parser events, counting what aliases expand to."""

    def __init__(self, text: str, path: Path) -> None:
        self._text, self._path = text, path
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._spans: dict[Place, tuple[int, int]] = {}
        self._count = 0

    def document(self) -> Document:
        value: Any = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if () in self._spans:
                    self._fail(event, "a second document ('---') in one file: one rubric a file")
                value = self._value(next(self._events), ())
        return Document(path=self._path, text=self._text, value=value, spans=self._spans)

    def _value(self, event: Any, place: Place) -> Any:
        self._spans[place] = (event.start_mark.index, event.end_mark.index)
        if len(place) > _MAX_DEPTH:
            self._fail(event, f"nested deeper than {_MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in (None, "!"):
            self._fail(event, f"tag {event.tag}: tags are not read; quote a text instead")
        before = self._count
        self._add(event, 1)
        value = self._built(event, place)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before)
        return value

    def _built(self, event: Any, place: Place) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place)
        return self._mapping(place)

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            self._fail(event, f"alias *{event.anchor} has no finished anchor before it")
        value, size = self._anchors[event.anchor]
        self._add(event, size)
        return value

    def _add(self, event: Any, size: int) -> None:
        self._count += size
        if self._count > _MAX_VALUES:
            self._fail(event, f"more than {_MAX_VALUES} values: a rubric is one question")

    def _sequence(self, place: Place) -> list[Any]:
        items: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, (*place, len(items))))
        return items

    def _mapping(self, place: Place) -> dict[str, Any]:
        built: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event)
            if key in built:
                self._fail(event, f"'{key}' stands twice; the first is on line {lines[key]}")
            lines[key] = event.start_mark.line + 1
            built[key] = self._value(next(self._events), (*place, key))
            start, end = self._spans[*place, key]
            self._spans[*place, key] = (start, max(end, start))
        return built

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent) or event.tag not in (None, "!"):
            self._fail(event, "a key must be a plain text")
        if event.value == "<<" and event.implicit[0]:
            self._fail(event, "merge keys (<<) are not read: write the keys out")
        return event.value

    def _fail(self, event: Any, message: str) -> NoReturn:
        raise RubricError(self._path, event.start_mark.line + 1, message)


def _scalar(text: str) -> Any:
    """Resolve a plain scalar as JSON would: null, true, false, numbers; everything else is text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text
