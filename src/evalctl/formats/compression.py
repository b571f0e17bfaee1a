"""What bytes are packed in, told by their first bytes and never by a file's name.

Gzip with any number of members, zstd with any number of frames, and the collector's older zstd, in
which every message is compressed for itself behind a length of four bytes.
"""

from __future__ import annotations

import io
import struct
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_LAYERS = 3
_BUFFER = 1 << 20
_PACKED = 64 << 10


def opened(stream: IO[bytes]) -> io.BufferedReader:
    """Return the innermost bytes of ``stream``, readable in pieces, with ``peek``.

    Broken or cut off compressed data raises ``EOFError``, ``OSError`` or ``zstandard.ZstdError``
    when it is read; ``broken()`` names them.
    """
    current = _buffered(stream)
    for _ in range(_MOST_LAYERS):
        layer = _layer(current.peek(8)[:8])
        if layer is None:
            break
        current = _buffered(layer(current))
    return current


def _buffered(stream: IO[bytes]) -> io.BufferedReader:
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast("io.RawIOBase", stream), _BUFFER)


def _layer(head: bytes) -> Callable[[IO[bytes]], IO[bytes]] | None:
    if head.startswith(_GZIP):
        return _gunzipped
    if head.startswith(_ZSTD):
        return _unzstd
    if head[4:8] == _ZSTD:
        return _legacy
    return None


def _gunzipped(stream: IO[bytes]) -> IO[bytes]:
    # gzip.GzipFile loses what it has read of a block when the file breaks off within it.
    return cast("IO[bytes]", io.BufferedReader(_Joined(_gunzip(stream)), _BUFFER))


def _gunzip(stream: IO[bytes]) -> Iterator[bytes]:
    import zlib

    packed = stream.read(_PACKED)
    while packed:
        member = zlib.decompressobj(wbits=31)
        while packed and not member.eof:
            yield member.decompress(packed, _BUFFER)
            packed = member.unconsumed_tail or member.unused_data or stream.read(_PACKED)
        if not member.eof:
            raise EOFError("gzip member cut off")
        packed = packed.lstrip(b"\0") or stream.read(_PACKED)


def _unzstd(stream: IO[bytes]) -> IO[bytes]:
    import zstandard

    # Without read_across_frames the reader stops after the first frame, and says nothing.
    return cast(
        "IO[bytes]", zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
    )


def _legacy(stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", io.BufferedReader(_Joined(_legacy_messages(stream)), _BUFFER))


def _legacy_messages(stream: IO[bytes]) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor()
    while len(prefix := stream.read(4)) == 4:
        (length,) = struct.unpack(">I", prefix)
        packed = stream.read(length)
        if len(packed) < length:
            raise EOFError("compressed message cut off")
        message = decompressor.decompressobj().decompress(packed)
        yield message + b"\n" if message[:1] == b"{" else struct.pack(">I", len(message)) + message


class _Joined(io.RawIOBase):
    """A stream over pieces that are made as they are needed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def broken() -> tuple[type[Exception], ...]:
    """Return what reading broken compressed data may raise."""
    import zlib

    import zstandard

    return (EOFError, OSError, zlib.error, zstandard.ZstdError)
