"""Conversations: objects with ``messages``, one per line or in a list."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from evalctl.formats.conversation import conversation
from evalctl.formats.peek import first_keys, is_binary, starts_with
from evalctl.formats.records import ForeignRecordError, Found, Object, decode_records, split_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.formats.batch import Batch, Chunk

PRIORITY = 60


def recognises(head: bytes) -> bool:
    """Objects that have ``messages`` at their top level."""
    return (
        not is_binary(head) and starts_with(head) in {b"{", b"["} and "messages" in first_keys(head)
    )


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut on line ends where there are lines."""
    return split_records(stream)


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode conversation by conversation."""
    return decode_records(chunk, _read)


def _read(record: Object, text: bytes) -> Found:
    messages = record.get("messages")
    if not isinstance(messages, list) or not all(isinstance(item, dict) for item in messages):
        raise ForeignRecordError("no list of messages")
    rows = conversation(record, messages, text, "messages", "chat_messages")
    return Found(rows=rows, feedback=[])
