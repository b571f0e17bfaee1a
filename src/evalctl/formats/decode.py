"""The door of formats: what is it, where may it be cut, what does it say.

``compression.opened`` peels what the bytes are packed in; what is left is given to ``sniff`` and
``split``; each chunk, in any process, to ``decode``.
"""

from __future__ import annotations

import gc
from typing import IO, TYPE_CHECKING

from evalctl.formats.batch import FEEDBACK_SCHEMA, SPAN_SCHEMA, Batch, Chunk, Reject
from evalctl.formats.containers import container as container_named
from evalctl.formats.containers import names

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "FEEDBACK_SCHEMA",
    "HEAD",
    "SPAN_SCHEMA",
    "UNKNOWN",
    "Batch",
    "Chunk",
    "Reject",
    "decode",
    "sniff",
    "split",
]

HEAD = 64 << 10
"""Bytes that ``sniff`` wants to see; fewer where the input has fewer."""

UNKNOWN = "unknown"


def sniff(head: bytes) -> str:
    """Name the container of decompressed input by its first bytes; ``unknown`` if it is none."""
    for name in names():
        if container_named(name).recognises(head):
            return name
    return UNKNOWN


def split(stream: IO[bytes], container: str) -> Iterator[Chunk]:
    """Cut decompressed input into chunks of whole records, in order.

    Containers of lines and of messages with a length give pieces of some 32 MB, however long the
    input; the others one chunk with all of it. Nothing is yielded for empty input.
    """
    for data, offset, line, is_last in container_named(container).split(stream):
        yield Chunk(data=data, offset=offset, line=line, container=container, is_last=is_last)


def decode(chunk: Chunk, container: str) -> Iterator[Batch]:
    """Decode a chunk, 2-3 MB of input a batch.

    Never raises over what the input says: a record is spans and feedback, or a reject. The garbage
    collector rests while a batch is decoded (1.8x faster: nothing here makes cycles) and is back
    between batches.
    """
    batches = container_named(container).decode(chunk)
    while True:
        was_on = gc.isenabled()
        gc.disable()
        try:
            batch = next(batches, None)
        finally:
            if was_on:
                gc.enable()
        if batch is None:
            return
        yield batch
