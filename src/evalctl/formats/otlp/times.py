"""Nanoseconds to microseconds, and what is no time at all."""

from __future__ import annotations

LATEST = 253_402_300_800_000_000
"""Microseconds since 1970 of the year 10000, the first that no calendar here can say."""


def microseconds(nanoseconds: int | None) -> int | None:
    """Return microseconds since 1970; null for 0, for negative times and beyond the year 9999."""
    if not nanoseconds or nanoseconds < 0:
        return None
    whole = nanoseconds // 1000
    return whole if 0 < whole < LATEST else None
