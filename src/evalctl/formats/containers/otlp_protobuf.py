"""OTLP as protobuf: one message, or messages behind a length of four bytes or of a varint.

Pieces always hold messages behind four bytes, whatever the input has, so that a piece need not be
recognised again.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from evalctl.formats.lines import BATCH, PIECE
from evalctl.formats.otlp.requests import Requests
from evalctl.formats.peek import is_binary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalctl.formats.batch import Batch, Chunk

PRIORITY = 5
_MESSAGE = 0x0A
_INNER = frozenset({0x0A, 0x12, 0x1A})
_MOST = 2**31


def recognises(head: bytes) -> bool:
    """Bytes that are no text, with a message of OTLP in one of three frames."""
    return is_binary(head) and _frame(head) is not None


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut between messages; a message that broke off is kept as far as it goes."""
    head = stream.peek(16)[:16] if hasattr(stream, "peek") else b""  # type: ignore[attr-defined]
    frame = _frame(head) or _single
    piece, size, offset = bytearray(), 0, 0
    ready: tuple[bytes, int] | None = None
    for message, taken in frame(stream):
        piece += struct.pack(">I", len(message)) + message
        size += taken
        if size >= PIECE:
            if ready:
                yield ready[0], ready[1], 1, False
            ready, piece = (bytes(piece), offset), bytearray()
            offset, size = offset + size, 0
    if ready:
        yield ready[0], ready[1], 1, not piece
    if piece:
        yield bytes(piece), offset, 1, True


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode some messages at a time."""
    requests = Requests(chunk)
    at = 0
    while at + 4 <= len(chunk.data):
        (length,) = struct.unpack_from(">I", chunk.data, at)
        message = bytes(chunk.data[at + 4 : at + 4 + length])
        _read(requests, chunk, message, at)
        at += 4 + length
        if requests.size >= BATCH:
            yield requests.done()
            requests = Requests(chunk)
    yield requests.done()


def _read(requests: Requests, chunk: Chunk, message: bytes, at: int) -> None:
    from evalctl.formats.otlp.protobuf import MalformedError, request_of  # protobuf takes 60 ms

    requests.size += len(message)
    try:
        request = request_of(message)
    except MalformedError as error:
        if chunk.is_last and at + 4 + len(message) >= len(chunk.data) and at > 0:
            requests.truncated()
        else:
            requests.reject(str(error), message, at, None)
        return
    requests.read(request, message, at, None)


def _frame(head: bytes) -> Callable[[IO[bytes]], Iterator[tuple[bytes, int]]] | None:
    if head[:1] == b"\x0a" and _is_message(head):
        return _single
    if len(head) > 6 and head[4] == _MESSAGE and _is_message(head[4:]):
        (length,) = struct.unpack_from(">I", head)
        if 0 < length < _MOST:
            return _prefixed
    length, used = _varint(head)
    return _delimited if length and _is_message(head[used:]) else None


def _is_message(head: bytes) -> bool:
    length, used = _varint(head[1:])
    rest = head[1 + used :]
    return head[:1] == b"\x0a" and length > 0 and used > 0 and bool(rest) and rest[0] in _INNER


def _varint(data: bytes) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[:10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, index + 1
    return 0, 0


def _single(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    data = stream.read()
    if data:
        yield data, len(data)


def _prefixed(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    while len(prefix := stream.read(4)) == 4:
        (length,) = struct.unpack(">I", prefix)
        message = stream.read(length)
        yield message, 4 + len(message)


def _delimited(stream: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    while True:
        prefix = b""
        while (byte := stream.read(1)) and byte[0] >= 0x80 and len(prefix) < 9:
            prefix += byte
        if not byte:
            return
        length, used = _varint(prefix + byte)
        message = stream.read(length)
        yield message, used + len(message)
