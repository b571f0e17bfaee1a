"""The shape of a record that was refused: enough to find it, nothing of what it says."""

from __future__ import annotations

import re

_LETTER = re.compile("[^\\W\\d_]")
_DIGIT = re.compile("\\d")


def shape(data: bytes, length: int = 80) -> str:
    """Return the first characters with letters as ``a`` and digits as ``0``."""
    text = data[:length].decode("utf-8", "replace")
    return _DIGIT.sub("0", _LETTER.sub("a", text))
