"""JSON text within text: clients encode values once, twice or not at all."""

from __future__ import annotations

import msgspec

_ENCODER = msgspec.json.Encoder()


def json_text(value: object) -> str:
    """Return ``value`` as JSON text; a text is returned as it is."""
    return value if isinstance(value, str) else _ENCODER.encode(value).decode()


def parsed(value: object) -> object:
    """Decode text that holds a JSON object or list; return anything else as it is."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return value
    return value


def unquoted(value: str) -> str:
    """Decode text that is a JSON string once more, as several clients write scalars."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            inner = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeError):
            return value
        return inner if isinstance(inner, str) else value
    return value
