"""Ids: hex in lower case, base64 turned to hex, anything else as it is given."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error

_OWN_LENGTHS = range(2, 16)
"""Zeros of such a length are an id: conversations number their spans ``0000``, ``0001`` ..."""
_BASE64_LENGTHS = (12, 24)
"""Characters of 8 and 16 bytes in base64; hex ids have 16 and 32."""


def normal_id(given: str | None) -> str | None:
    """Return an id in the form in which it is stored; null for none, ``""`` and all zeros."""
    if not given:
        return None
    if given.islower() and given[-1] != "=":  # all but one in ten million hex ids
        return given
    lower = given.lower()
    if given[-1] == "=" and len(given) in _BASE64_LENGTHS:
        lower = _from_base64(given)
    elif lower != given and not _is_hex(lower):
        lower = given
    return lower if lower.strip("0") or len(lower) in _OWN_LENGTHS else None


def _is_hex(text: str) -> bool:
    return not text.strip("0123456789abcdef")


def _from_base64(given: str) -> str:
    try:
        return b64decode(given.replace("-", "+").replace("_", "/"), validate=True).hex()
    except (Error, ValueError):
        return given
