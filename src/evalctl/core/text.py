"""Doors that text from traces passes on its way out: it is hostile until it is escaped."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, bidirectional overrides and isolates, zero-width and line separators.
_HOSTILE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
# What a CI runner obeys in a log: "::command::" first on a line, "##[command]" and "##vso[" anywhere.
_COMMANDS = re.compile(r"^([^\S\n]*):(?=:)|#(?=#(?:\[|vso\[))", re.MULTILINE)


def visible(text: str) -> str:
    """Replace what a terminal or a CI log would obey by its visible escape, as in JSON; idempotent."""
    return _COMMANDS.sub(_defuse, _HOSTILE.sub(_escape, text))


def one_line(text: str, width: int) -> str:
    """Fold white space, make the text visible and cut it to ``width`` characters with an ellipsis."""
    folded = visible(" ".join(text.split()))
    return folded if len(folded) <= width else folded[: max(width - 1, 0)] + "…"


def _defuse(match: re.Match[str]) -> str:
    return "\\x23" if match[0] == "#" else f"{match[1]}\\x3a"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
