"""Doors that text from traces passes on its way out: it is hostile until it is escaped."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, bidirectional overrides and isolates, zero-width and line separators.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Replace what a terminal would obey by its visible escape, as in JSON; idempotent."""
    return _HOSTILE.sub(_escape, text)


def one_line(text: str, width: int) -> str:
    """Fold white space, make the text visible and cut it to ``width`` characters with an ellipsis."""
    folded = visible(" ".join(text.split()))
    return folded if len(folded) <= width else folded[: max(width - 1, 0)] + "…"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
