"""The shape of a record that was refused: enough to find it, nothing of what it says."""

from __future__ import annotations

import re

_LETTER = re.compile("[^\\W\\d_]")
_DIGIT = re.compile("\\d")
_OTHER = re.compile("[^ -~]")


def shape(data: bytes, length: int = 80) -> str:
    """Return the first characters with letters as ``a``, digits as ``0`` and all but ASCII as ``?``."""
    text = data[:length].decode("utf-8", "replace")
    return _OTHER.sub("?", _DIGIT.sub("0", _LETTER.sub("a", text)))
