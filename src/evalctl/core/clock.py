"""The one place that reads the clock and understands what people write for a time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from evalctl.core.errors import UserError

_AGO = re.compile(r"([0-9]{1,6})\s*(s|m|h|d|w)")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
UNTIMED = date(1970, 1, 1)
"""The partition of spans whose start time was not recorded."""


def now() -> datetime:
    """Return the current time, UTC, aware."""
    return datetime.now(UTC)


def parse_time(text: str, *, at: datetime, flag: str) -> datetime:
    """Resolve ``7d``, ``2026-05-01`` or an ISO time to an aware UTC time.

    A date is its first instant; a time without a zone is UTC; ``7d`` counts back from ``at``.

    Raises:
        UserError: the text is none of these, or lies outside the years 1 to 9999.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return at - timedelta(**{_UNIT[ago[2]]: int(ago[1])})
        parsed = datetime.fromisoformat(text.strip())
        aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(
            f"{flag} {text!r} is not a time: write 7d, 12h, 2026-05-01 or 2026-05-01T10:00:00Z"
        ) from None
