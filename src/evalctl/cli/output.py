"""Everything that evalctl prints: data on stdout, words on stderr, hostile text escaped.

No other module prints. Tables fit 80 columns, need no colour, and fall back to ASCII where the
console cannot write UTF-8.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from evalctl.core.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Format = Literal["table", "json", "jsonl", "csv", "md"]
ENVELOPE = 1

_ASCII = str.maketrans(
    {
        "…": "~",
        "─": "-",
        "│": "|",
        "├": "|",
        "└": "`",
        "·": "-",
        "✓": "+",
        "✗": "x",
        "→": ">",
        "█": "#",
        "▏": "|",
    }
)


def width() -> int:
    """Columns to draw in: the terminal's, 80 when there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def say(text: str = "") -> None:
    """Print words for a person to stderr."""
    _write(sys.stderr, text + "\n")


def complain(text: str) -> None:
    """Print one sentence of error to stderr."""
    _write(sys.stderr, f"evalctl: {visible(text)}\n")


def emit(text: str) -> None:
    """Print finished data to stdout as it is; the caller has escaped what came from traces."""
    _write(sys.stdout, text + "\n")


def emit_rows(rows: Sequence[Mapping[str, Any]], *, form: Format, command: str) -> None:
    """Print rows as a table, a JSON envelope, JSON lines, CSV or Markdown.

    JSON is ``{"evalctl": 1, "command": ..., "data": [...]}``; columns are those of the first row.
    """
    if form == "json":
        emit_json(list(rows), command=command)
    elif form == "jsonl":
        for row in rows:
            emit(to_json(row))
    elif form == "csv":
        emit(_csv(rows).rstrip("\n"))
    elif form == "md":
        emit(_markdown(rows))
    else:
        emit(table(rows))


def emit_json(data: Any, *, command: str) -> None:
    """Print data in the documented, versioned envelope."""
    emit(to_json({"evalctl": ENVELOPE, "command": command, "data": data}))


def to_json(value: Any) -> str:
    """Encode as one line of ASCII-safe JSON; times are ISO 8601, nothing is lost silently."""
    return json.dumps(value, default=_plain, ensure_ascii=True, allow_nan=False)


def table(rows: Sequence[Mapping[str, Any]], *, limit: int | None = None) -> str:
    """Draw rows as aligned text: numbers right, text left, the widest text column shortened to fit."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    sizes = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    room = (limit or width()) - 2 * (len(names) - 1)
    while sum(sizes) > room and max(sizes) > 8:
        sizes[sizes.index(max(sizes))] -= 1
    right = [all(_is_number(row.get(name)) for row in rows) for name in names]
    head = [names, *cells]
    lines = [
        "  ".join(
            _fit(text, size, side) for text, size, side in zip(line, sizes, right, strict=True)
        ).rstrip()
        for line in head
    ]
    return "\n".join(lines)


def _fit(text: str, size: int, right: bool) -> str:
    cut = text if len(text) <= size else text[: size - 1] + "…"
    return cut.rjust(size) if right else cut.ljust(size)


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return one_line(str(value), 500)


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if rows:
        writer.writerow(rows[0])
        writer.writerows([_field(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _field(value: Any) -> Any:
    """Keep a spreadsheet from taking text of a trace for a formula."""
    if isinstance(value, str):
        return "'" + value if value[:1] in "=+-@\t\r" else value
    return value if isinstance(value, (int, float)) or value is None else _plain(value)


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    for row in rows:
        cells = (_cell(row.get(name)).replace("|", "\\|").replace("<", "&lt;") for name in names)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _write(stream: Any, text: str) -> None:
    encoding = stream.encoding or "ascii"
    if encoding.lower().replace("-", "") != "utf8":
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        leave_quietly()


def leave_quietly() -> NoReturn:
    """End with success because the reader of stdout has gone, as ``head`` does: it has what it wanted.

    Left to Typer the same would end with 1, which means that something failed.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def in_ci() -> bool:
    """Whether a CI system runs us: no progress bars then."""
    return bool(os.environ.get("CI"))
