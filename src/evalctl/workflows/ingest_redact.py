"""Personal data and secrets are masked before the first byte is written."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from evalctl.core.pii import redact
from evalctl.workflows.ingest_keys import CONTENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

_SPAN_TEXTS = (*CONTENT, "name", "error_type")
_FEEDBACK_TEXTS = ("explanation", "label")
_PEOPLE = ("user_id", "session_id")


def redact_spans(frame: pl.DataFrame, entities: Sequence[str], salt: bytes) -> pl.DataFrame:
    """Mask ``entities`` in every text column; JSON stays JSON.

    An id of a person that is itself personal data becomes a pseudonym, so that it still joins.
    """
    return _redact(frame, _SPAN_TEXTS, entities, salt)


def redact_feedback(frame: pl.DataFrame, entities: Sequence[str], salt: bytes) -> pl.DataFrame:
    """Mask ``entities`` in what people wrote; ids as in ``redact_spans``."""
    return _redact(frame, _FEEDBACK_TEXTS, entities, salt)


def _redact(
    frame: pl.DataFrame, texts: Sequence[str], entities: Sequence[str], salt: bytes
) -> pl.DataFrame:
    people = [name for name in _PEOPLE if name in frame.columns]
    return frame.with_columns(
        *(redact(frame[name], entities) for name in texts),
        *(_pseudonym(frame[name], entities, salt) for name in people),
    )


def _pseudonym(ids: pl.Series, entities: Sequence[str], salt: bytes) -> pl.Series:
    once = ids.drop_nulls().unique()
    personal = once.filter(redact(once, entities) != once).to_list()
    if not personal:
        return ids
    return ids.replace(personal, [_name(text, salt) for text in personal])


def _name(text: str, salt: bytes) -> str:
    return f"anon-{blake2b(text.encode(), key=salt, digest_size=6).hexdigest()}"
