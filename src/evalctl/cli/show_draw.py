"""The drawing of a trace: a tree with times beside it, at any width, of escaped text only."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from evalctl.core.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from evalctl.workflows.show import Shown
    from evalctl.workflows.show_tree import Line

_KIND, _TIME, _TOKENS, _GAP = 9, 8, 11, 2
_DEEPEST = 8
"""Levels that are drawn as rails; below them a number says the depth."""

_SIGNS = {"fail": "✗", "pass": "✓", "unknown": "?"}
_CONTENT = (("input", "in"), ("output", "out"), ("tool_args", "args"), ("tool_result", "result"))
_MESSAGES = frozenset(("input_messages", "output_messages"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where a time stands between the start and the end of the trace, on a bar of some cells."""

    start: datetime | None
    length: timedelta
    cells: int

    def bar(self, start: datetime | None, end: datetime | None) -> str:
        """Draw a span from ``start`` to ``end``: at least one cell, nothing where no start is known."""
        if self.start is None or start is None or not self.length:
            return ""
        first = min(int((start - self.start) / self.length * self.cells), self.cells - 1)
        until = start if end is None else end
        last = max(round((until - self.start) / self.length * self.cells), first + 1)
        return " " * first + "█" * (min(last, self.cells) - first)


def draw(shown: Shown, width: int) -> Iterator[str]:
    """Yield the lines of a trace's header, tree and scores."""
    yield from _header(shown.header, width)
    yield from _scores(shown.scores, "", width)
    cells = max(8, min(24, width - 64))
    room = max(width - cells - _KIND - _TIME - _TOKENS - 4 * _GAP, 16)
    scale = _scale(shown.header, cells)
    yield ""
    yield _row("span", "kind", "time".rjust(_TIME), "".ljust(cells), "tokens".rjust(_TOKENS), room)
    for line in shown.lines:
        span = line.span
        yield _row(
            _label(line, room),
            span["kind"],
            duration(span["duration_ms"]).rjust(_TIME),
            scale.bar(span["start_time"], span["end_time"]).ljust(cells),
            _tokens(span).rjust(_TOKENS),
            room,
        )
        indent = " " * (2 * min(line.depth, _DEEPEST) + 2)
        yield from _remarks(line, indent, width)
        yield from _scores(
            shown.span_scores.get((span["source"], span["span_id"]), ()), indent, width
        )


def draw_span(
    row: Mapping[str, Any], scores: Sequence[Mapping[str, Any]], width: int
) -> Iterator[str]:
    """Yield one span in full: every column that was recorded, text as it is but escaped."""
    size = max(len(name) for name, value in row.items() if _is_recorded(value))
    for name, value in row.items():
        if not _is_recorded(value):
            continue
        text = _messages(value) if name in _MESSAGES else _plain(value)
        if "\n" not in text and len(text) + size + 2 <= width:
            yield f"{name.ljust(size)}  {visible(text)}"
        else:
            yield name
            yield from (f"  | {visible(part)}" for part in text.splitlines())
    yield from _scores(scores, "", width)


def duration(milliseconds: float | None) -> str:
    """Write a duration in at most eight characters."""
    if milliseconds is None:
        return "-"
    if milliseconds < 1000:
        return f"{milliseconds:.3g} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f} s"
    if milliseconds < 3_600_000:
        return f"{milliseconds / 60_000:.1f} min"
    return f"{milliseconds / 3_600_000:.1f} h"


def _header(header: Mapping[str, Any], width: int) -> Iterator[str]:
    named = (
        ("source", "source"),
        ("session", "session_id"),
        ("user", "user_id"),
        ("service", "service"),
    )
    who = [f"{word} {one_line(header[name], 60)}" for word, name in named if header[name]]
    yield f"trace {one_line(header['trace_id'], 80)}"
    yield from _packed(who, width)
    start = header["start_time"]
    facts = [
        f"{start:%Y-%m-%d %H:%M:%S} UTC" if start else "no start recorded",
        duration(header["duration_ms"]),
        _plural(header["spans"], "span"),
        f"{_tokens(header)} tokens" if _tokens(header) else "",
        f"${header['cost_usd']:.4g}" if header["cost_usd"] is not None else "",
        _plural(header["errors"], "error") if header["errors"] else "",
        "complete" if header["complete"] else "incomplete",
    ]
    yield from _packed([fact for fact in facts if fact], width)


def _packed(parts: Sequence[str], width: int) -> Iterator[str]:
    """Put parts side by side, as many as a line holds."""
    line = ""
    for part in parts:
        longer = f"{line} · {part}" if line else part
        if line and _cells(longer) > width:
            yield line
            longer = part
        line = longer
    yield _cut(line, width)


def _scale(header: Mapping[str, Any], cells: int) -> Scale:
    length = timedelta(milliseconds=header["duration_ms"] or 0)
    return Scale(start=header["start_time"], length=length, cells=cells)


def _row(label: str, kind: str, time: str, bar: str, tokens: str, room: int) -> str:
    gap = " " * _GAP
    return gap.join((_pad(label, room), kind.ljust(_KIND), time, bar, tokens)).rstrip()


def _label(line: Line, room: int) -> str:
    rails = "".join("│ " if follows else "  " for follows in line.rails[1:-1])
    if line.depth > _DEEPEST:
        rails = f"·{line.depth} "
    own = "" if not line.depth else "├ " if line.rails[-1] else "└ "
    error = "✗ " if line.span["status"] == "error" else ""
    return _cut(rails + own + error + one_line(_title(line.span), 200), room)


def _title(span: Mapping[str, Any]) -> str:
    name = span["name"] or span["span_id"]
    model = span["model"] or ""
    if span["kind"] == "evaluator":
        return f"({name})"
    if span["kind"] == "tool":
        return span["tool"] or name
    is_named = any(model.startswith(word) for word in name.split() if len(word) > 3)
    return name if not model or is_named else f"{name} {model}"


def _remarks(line: Line, indent: str, width: int) -> Iterator[str]:
    span = line.span
    if line.mark == "orphan":
        yield _cut(
            f"{indent}· parent {one_line(span['parent_span_id'], 80)} is not in the lake", width
        )
    if line.mark == "cycle":
        yield _cut(f"{indent}· its parents go round in a circle", width)
    if span["status"] == "error":
        said = span["status_message"] or span["error_type"] or "no message recorded"
        yield _cut(f"{indent}✗ error: {one_line(said, 300)}", width)
    for column, word in _CONTENT:
        text = span.get(column)
        if text and not (
            column in ("input", "output") and span["kind"] == "tool" and _has_tool_text(span)
        ):
            yield from _wrapped(f"{word}: {one_line(text, 3 * width)}", indent, width)


def _has_tool_text(span: Mapping[str, Any]) -> bool:
    return bool(span.get("tool_args") or span.get("tool_result"))


def _scores(scores: Iterable[Mapping[str, Any]], indent: str, width: int) -> Iterator[str]:
    passed = [score for score in scores if score["verdict"] == "pass"]
    for score in scores:
        if score["verdict"] != "pass":
            yield _cut(indent + _score(score), width)
    if passed:
        names = " ".join(one_line(score["rubric"], 60) for score in passed)
        yield from wrap(f"✓ pass: {names}", width, initial_indent=indent, subsequent_indent=indent)


def _score(score: Mapping[str, Any]) -> str:
    sign = _SIGNS.get(score["verdict"], "·")
    outcome = score["verdict"] or (score["status"] if score["status"] != "ok" else "score")
    value = "" if score["value"] is None else f" {score['value']:g}"
    said = score["explanation"] or score["reason"] or ""
    about = f": {one_line(said, 200)}" if said else ""
    return f"{sign} {outcome} {one_line(score['rubric'], 60)}{value}{about}"


def _tokens(row: Mapping[str, Any]) -> str:
    counts = (row["prompt_tokens"], row["completion_tokens"])
    if counts == (None, None):
        return ""
    return "+".join("-" if count is None else _count(count) for count in counts)


def _count(count: int) -> str:
    return f"{count:,}" if count < 100_000 else f"{count / 1000:.0f}k"


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _is_recorded(value: Any) -> bool:
    return value is not None and value != []


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)


def _messages(text: str) -> str:
    import json

    try:
        messages = json.loads(text)
        return "\n".join(part for message in messages for part in _message(message))
    except (ValueError, AttributeError, TypeError):
        return text


def _message(message: dict[str, Any]) -> Iterator[str]:
    yield f"{message.get('role') or 'message'}: {message.get('content') or ''}".rstrip()
    for call in message.get("tool_calls") or ():
        yield f"  calls {call.get('name')} {call.get('arguments') or ''}".rstrip()


def _wrapped(text: str, indent: str, width: int) -> Iterator[str]:
    room = max(width - len(indent), 20)
    for start in range(0, len(text), room):
        yield indent + text[start : start + room]


def _cells(text: str) -> int:
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _cut(text: str, room: int) -> str:
    if _cells(text) <= room:
        return text
    kept, used = 0, 0
    for character in text:
        used += _cell(character)
        if used > room - 1:
            break
        kept += 1
    return text[:kept] + "…"


def _pad(text: str, room: int) -> str:
    return text + " " * (room - _cells(text))
