"""Export requests of a chunk, collected into a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import MsgspecError

from evalctl.formats.batch import Batch, Chunk, Reject
from evalctl.formats.frame import feedback_frame, spans_frame
from evalctl.formats.otlp.spans import Rows
from evalctl.formats.otlp.tolerant import UnreadableError, tolerant
from evalctl.formats.otlp.wire import REQUEST
from evalctl.formats.peek import BOM
from evalctl.formats.shape import shape

if TYPE_CHECKING:
    from evalctl.formats.otlp.wire import Request


_HEAD = 400
"""Bytes of a record that are enough to show its shape."""


class Requests:
    """What has been read of a chunk since the last batch; ``size`` counts bytes of input."""

    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._rows = Rows()
        self._rejects: list[Reject] = []
        self._truncated = False
        self.size = 0

    def read_json(self, text: bytes | memoryview, start: int, number: int) -> None:
        """Read a request that begins at byte ``start``, line ``number`` of the chunk."""
        self.size += len(text)
        try:
            request = REQUEST.decode(text)
        except (MsgspecError, UnicodeError, RecursionError):
            request = None
        if request is None or (request.resource_spans is None and request.resource_logs is None):
            text = bytes(text).removeprefix(BOM)
            try:
                request = tolerant(text, self._rows.refused)
            except UnreadableError as error:
                self.unreadable(str(error), text, start, number)
                return
        self.read(request, text, start, number)

    def read(
        self, request: Request, text: bytes | memoryview, start: int, number: int | None
    ) -> None:
        """Read a decoded request; ``text`` is what a reject shows the shape of."""
        self._rows.read(request)
        for reason in self._rows.refused:
            self.reject(reason, bytes(text[:_HEAD]), start, number)
        self._rows.refused.clear()

    def unreadable(self, reason: str, text: bytes, start: int, number: int | None) -> None:
        """Note a record that could not be read: the end of a file that is still written, or a reject."""
        if self._chunk.is_last and b"\n" not in self._chunk.data[start:] and number is not None:
            self._truncated = True
        else:
            self.reject(reason, text, start, number)

    def reject(self, reason: str, text: bytes, start: int, number: int | None) -> None:
        """Note a record, or a span of it, that could not be read."""
        chunk = self._chunk
        line = None if number is None else chunk.line + number
        self._rejects.append(
            Reject(offset=chunk.offset + start, line=line, reason=reason, head=shape(text))
        )

    def truncated(self) -> None:
        """Note that the input broke off."""
        self._truncated = True

    def done(self) -> Batch:
        """Return what was read; nothing of it is held any longer."""
        rows, self._rows = self._rows, Rows()
        return Batch(
            spans=spans_frame(rows.rows),
            feedback=feedback_frame(rows.feedback),
            rejects=self._rejects,
            truncated=self._truncated,
        )
