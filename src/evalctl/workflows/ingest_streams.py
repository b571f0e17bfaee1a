"""The decompressed bytes of one unit of work, and how far into its file they are."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from evalctl.core.errors import UserError
from evalctl.formats.compression import broken, opened
from evalctl.formats.decode import HEAD, sniff

if TYPE_CHECKING:
    from evalctl.workflows.ingest_inputs import Unit

_BLOCK = 1 << 20


class _Reader(io.RawIOBase):
    """Fills whole buffers, so that a peek sees the head of a slow pipe too; ends after ``limit`` bytes.

    Compressed data that breaks off ends there, and ``cut_off`` says so.
    """

    def __init__(self, inner: io.BufferedReader, limit: int | None = None) -> None:
        super().__init__()
        self._inner = inner
        self._left = limit
        self.cut_off = False

    def readable(self) -> bool:
        return True

    def readinto(self, view: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  (what io passes)
        view = memoryview(view)  # read() to the end passes a bytearray, whose slices are copies
        wanted = len(view) if self._left is None else min(self._left, len(view))
        done = 0
        while done < wanted and (count := self._next(view[done:wanted])):
            done += count
        if self._left is not None:
            self._left -= done
        return done

    def _next(self, view: memoryview) -> int:
        if self.cut_off:
            return 0
        try:
            # readinto, and readinto1 of more than the buffer, would lose what came before an error.
            return self._inner.readinto1(view[:_BLOCK])
        except broken() as error:
            if isinstance(error, OSError) and error.errno:
                raise  # the disk, not the data
            self.cut_off = True
            return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The plain bytes of a unit, read from ``raw``."""

    stream: io.BufferedReader
    raw: io.BufferedReader
    reader: _Reader
    start: int
    seekable: bool
    compressed: bool

    @property
    def position(self) -> int:
        """Bytes of the unit consumed on disk; 0 for a stream that cannot be sought."""
        return self.raw.tell() - self.start if self.seekable else 0

    @property
    def cut_off(self) -> bool:
        """Whether compressed data broke off."""
        return self.reader.cut_off

    def container(self) -> str:
        """Name the container by the first bytes, which stay unread; ``unknown`` where it is none."""
        head = self.stream.peek(HEAD)
        return sniff(head) if head.strip() else "unknown"

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.raw is not sys.stdin.buffer:
            self.stream.close()
            self.raw.close()


def open_unit(unit: Unit) -> Opened:
    """Open a unit and decompress it by its first bytes.

    Raises:
        UserError: the file is gone or cannot be read.
    """
    path = unit.input.path
    try:
        raw = cast("io.BufferedReader", sys.stdin.buffer if path == "-" else open(path, "rb"))  # noqa: SIM115, PTH123  (Opened closes it)
        if unit.end is None:
            return _whole(raw, seekable=not unit.input.is_stream)
        raw.seek(unit.start)
        reader = _Reader(raw, unit.end - unit.start)
        stream = _buffered(reader)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or 'input error'}") from None
    return Opened(
        stream=stream, raw=raw, reader=reader, start=unit.start, seekable=True, compressed=False
    )


def _whole(raw: io.BufferedReader, *, seekable: bool) -> Opened:
    slow = raw if seekable else _buffered(_Reader(raw))
    plain = opened(slow)
    reader = _Reader(plain)
    return Opened(
        stream=_buffered(reader),
        raw=raw,
        reader=reader,
        start=0,
        seekable=seekable,
        compressed=plain is not slow,
    )


def _buffered(reader: Any) -> io.BufferedReader:
    return io.BufferedReader(reader, _BLOCK)
