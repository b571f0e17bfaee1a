"""Times to microseconds since 1970 and back, and what is no time at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

LATEST = 253_402_300_800_000_000
"""Microseconds since 1970 of the year 10000, the first that no calendar here can say."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(nanoseconds: int | None) -> int | None:
    """Return microseconds since 1970; null for 0, for negative times and beyond the year 9999."""
    if not nanoseconds or nanoseconds < 0:
        return None
    whole = nanoseconds // 1000
    return whole if 0 < whole < LATEST else None


def iso_microseconds(text: str) -> int | None:
    """Return microseconds since 1970 of an ISO time; without a zone it is UTC; null for no time."""
    try:
        at = datetime.fromisoformat(text)
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        return (aware - _EPOCH) // _MICROSECOND if aware.year > 1 else None
    except (ValueError, OverflowError):
        return None


def iso(at: int | None) -> str | None:
    """Write microseconds since 1970 as an ISO time in UTC."""
    if at is None:
        return None
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")
