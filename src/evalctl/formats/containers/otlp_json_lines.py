"""OTLP/JSON, one export request per line: what the collector's file exporter writes."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from msgspec import MsgspecError

from evalctl.formats.batch import Batch, Chunk, Reject
from evalctl.formats.frame import feedback_frame, spans_frame
from evalctl.formats.lines import BATCH, BOM, lines_of, split_lines
from evalctl.formats.otlp.spans import Rows
from evalctl.formats.otlp.tolerant import Unreadable, tolerant
from evalctl.formats.otlp.wire import REQUEST
from evalctl.formats.shape import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.formats.otlp.wire import Request

PRIORITY = 20


def recognises(head: bytes) -> bool:
    """A first line that is an object with a key of OTLP."""
    line = head.removeprefix(BOM).lstrip().partition(b"\n")[0]
    start = line[:200]
    return start.startswith(b"{") and any(
        key in start
        for key in (
            b'"resourceSpans"',
            b'"resource_spans"',
            b'"resourceLogs"',
            b'"resource_logs"',
            b'"batches"',
        )
    )


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut on line ends."""
    return split_lines(stream)


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode some lines at a time."""
    batch = _Batch(chunk)
    for start, number, text in lines_of(chunk.data):
        batch.read(start, number, text)
        if batch.size >= BATCH:
            yield batch.done()
            batch = _Batch(chunk)
    yield batch.done()


class _Batch:
    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._rows = Rows()
        self._rejects: list[Reject] = []
        self._truncated = False
        self.size = 0

    def read(self, start: int, number: int, text: bytes) -> None:
        self.size += len(text)
        text = text.removeprefix(BOM)
        try:
            request = REQUEST.decode(text)
        except (MsgspecError, UnicodeError, RecursionError):
            try:
                request = tolerant(text, self._rows.refused)
            except Unreadable as error:
                self._unreadable(start, number, text, str(error))
                return
        self._take(request, start, number, text)

    def done(self) -> Batch:
        return Batch(
            spans=spans_frame(self._rows.rows),
            feedback=feedback_frame(self._rows.feedback),
            rejects=self._rejects,
            truncated=self._truncated,
        )

    def _take(self, request: Request, start: int, number: int, text: bytes) -> None:
        self._rows.read(request)
        for reason in self._rows.refused:
            self._reject(start, number, text, reason)
        self._rows.refused.clear()

    def _unreadable(self, start: int, number: int, text: bytes, reason: str) -> None:
        chunk = self._chunk
        rest = chunk.data[start:]
        if chunk.is_last and b"\n" not in rest:
            self._truncated = True
        else:
            self._reject(start, number, text, reason)

    def _reject(self, start: int, number: int, text: bytes, reason: str) -> None:
        chunk = self._chunk
        self._rejects.append(
            Reject(
                offset=chunk.offset + start,
                line=chunk.line + number,
                reason=reason,
                head=shape(text),
            )
        )
