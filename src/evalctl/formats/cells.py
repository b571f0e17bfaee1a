"""The cells of a row, and what follows from them, whatever they were read from."""

from __future__ import annotations

from typing import Any, Final

from evalctl.formats.batch import SPAN_SCHEMA

SLOTS: Final = {name: slot for slot, name in enumerate(SPAN_SCHEMA)}
"""Column name to its index in a row's cells."""


def finished(**columns: Any) -> list[Any]:
    """Return a row with these columns, and what follows from them; times are microseconds."""
    cells: list[Any] = [None] * len(SLOTS)
    for name, value in columns.items():
        cells[SLOTS[name]] = value if value != "" else None
    cells[SLOTS["is_root"]] = columns.get("parent_span_id") is None
    cells[SLOTS["status"]] = columns.get("status", "unset")
    start, end = columns.get("start_time"), columns.get("end_time")
    if start is not None and end is not None and end >= start:
        cells[SLOTS["duration_ms"]] = (end - start) / 1000
    cells[SLOTS["content_captured"]] = any(
        columns.get(name) for name in ("input", "output", "output_messages")
    )
    return cells
