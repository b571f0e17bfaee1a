"""The tree of a trace in the order in which it is drawn; whatever the parents say, no span is lost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Mark = Literal["", "orphan", "cycle"]
Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One span of the drawing.

    ``rails`` has one entry per level above it, whether a later sibling follows there; the last entry
    is the span's own. ``mark`` says why a span that names a parent stands at the top: the parent is
    not in the lake, or the parents go round in a circle.
    """

    span: Mapping[str, Any]
    rails: tuple[bool, ...]
    mark: Mark

    @property
    def depth(self) -> int:
        """Levels between the span and the top."""
        return len(self.rails) - 1


def tree(spans: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Order spans, given in order of start, as a tree: parents before children, siblings by start."""
    by_key = {_key(span): span for span in spans}
    children: defaultdict[Key, list[Key]] = defaultdict(list)
    tops: list[tuple[Key, Mark]] = []
    for key, span in by_key.items():
        parent = (span["source"], span["parent_span_id"])
        if span["parent_span_id"] is None:
            tops.append((key, ""))
        elif parent in by_key:
            children[parent].append(key)
        else:
            tops.append((key, "orphan"))
    tops += _circles(by_key, children, [key for key, _ in tops])
    return _draw(by_key, children, tops)


def _circles(
    keys: Iterable[Key], children: Mapping[Key, Sequence[Key]], tops: Iterable[Key]
) -> list[tuple[Key, Mark]]:
    """Return one span, the earliest, of each circle of parents."""
    seen = _reached(children, tops, set())
    found: list[tuple[Key, Mark]] = []
    for key in keys:
        if key not in seen:
            found.append((key, "cycle"))
            seen = _reached(children, [key], seen)
    return found


def _reached(
    children: Mapping[Key, Sequence[Key]], tops: Iterable[Key], seen: set[Key]
) -> set[Key]:
    waiting = list(tops)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += children.get(key, ())
    return seen


def _draw(
    by_key: Mapping[Key, Mapping[str, Any]],
    children: Mapping[Key, Sequence[Key]],
    tops: Sequence[tuple[Key, Mark]],
) -> list[Line]:
    lines: list[Line] = []
    drawn: set[Key] = set()
    waiting: list[tuple[Key, tuple[bool, ...], Mark]] = [
        (key, (i > 0,), mark) for i, (key, mark) in enumerate(reversed(tops))
    ]
    while waiting:
        key, rails, mark = waiting.pop()
        if key in drawn:
            continue
        drawn.add(key)
        lines.append(Line(span=by_key[key], rails=rails, mark=mark))
        below = [child for child in children.get(key, ()) if child not in drawn]
        waiting.extend((child, (*rails, i > 0), "") for i, child in enumerate(reversed(below)))
    return lines


def _key(span: Mapping[str, Any]) -> Key:
    return span["source"], span["span_id"]
