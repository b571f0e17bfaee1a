"""Records that are JSON objects: one per line, in a list, or a single document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec

from evalctl.formats.batch import Batch, Chunk, Reject
from evalctl.formats.frame import feedback_frame, spans_frame
from evalctl.formats.lines import BATCH, lines_of, split_lines, whole
from evalctl.formats.otlp.tolerant import UnreadableError, any_json
from evalctl.formats.peek import BOM, first_line, starts_with
from evalctl.formats.shape import shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from evalctl.formats.otlp.feedback import Feedback

_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_HEAD = 64 << 10
Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a record says: rows in the order of ``SLOTS``, and feedback."""

    rows: list[list[Any]]
    feedback: list[Feedback]


class ForeignRecordError(Exception):
    """A record that does not have the shape that its container promises; says why."""


def split_records(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut lines where the first line is a whole object; keep a document whole."""
    head = stream.peek(_HEAD) if hasattr(stream, "peek") else b""  # type: ignore[attr-defined]
    line = first_line(head)
    if starts_with(head) == b"{" and (line is None or line.endswith(b"}")):
        return split_lines(stream)
    return whole(stream)


def decode_records(chunk: Chunk, read: Callable[[Object, bytes], Found]) -> Iterator[Batch]:
    """Decode records with ``read``, which gets the object and its bytes."""
    taken = _Taken(chunk)
    for start, number, text in _records(chunk.data):
        taken.take(start, number, text, read)
        if taken.size >= BATCH:
            yield taken.done()
            taken = _Taken(chunk)
    yield taken.done()


def _records(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    text = data.removeprefix(BOM).strip()
    if not text:
        return
    if not text.startswith(b"["):
        first = first_line(text + b"\n") or b""
        if first.endswith(b"}"):
            for start, number, line in lines_of(data):
                yield start, number, bytes(line)
            return
    try:
        items = _LIST.decode(text) if text.startswith(b"[") else [text]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        items = _loose_items(text)
    for item in items:
        yield 0, 0, bytes(item)


def _loose_items(text: bytes) -> list[bytes]:
    """Take a list apart that only the tolerant decoder can read."""
    try:
        found = any_json(text)
        return [msgspec.json.encode(item) for item in found] if isinstance(found, list) else [text]
    except (UnreadableError, UnicodeError, RecursionError, TypeError):
        return [text]


class _Taken:
    def __init__(self, chunk: Chunk) -> None:
        self._chunk = chunk
        self._rows: list[list[Any]] = []
        self._feedback: list[Feedback] = []
        self._rejects: list[Reject] = []
        self._truncated = False
        self.size = 0

    def take(
        self, start: int, number: int, text: bytes, read: Callable[[Object, bytes], Found]
    ) -> None:
        self.size += len(text)
        try:
            found = read(_object(text.removeprefix(BOM)), text)
        except (UnreadableError, ForeignRecordError) as error:
            self._refuse(start, number, text, str(error))
        except RecursionError:
            self._refuse(start, number, text, "JSON nested too deep")
        else:
            self._rows.extend(found.rows)
            self._feedback.extend(found.feedback)

    def done(self) -> Batch:
        return Batch(
            spans=spans_frame(self._rows),
            feedback=feedback_frame(self._feedback),
            rejects=self._rejects,
            truncated=self._truncated,
        )

    def _refuse(self, start: int, number: int, text: bytes, reason: str) -> None:
        chunk = self._chunk
        if reason == "not JSON" and chunk.is_last and b"\n" not in chunk.data[start:]:
            self._truncated = True
            return
        self._rejects.append(
            Reject(
                offset=chunk.offset + start,
                line=chunk.line + number,
                reason=reason,
                head=shape(text),
            )
        )


def _object(text: bytes) -> Object:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError):
        found = any_json(text)
    if not isinstance(found, dict):
        raise ForeignRecordError("not an object")
    return found
