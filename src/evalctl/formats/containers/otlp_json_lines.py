"""OTLP/JSON, one export request per line: what the collector's file exporter writes."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from evalctl.formats.lines import BATCH, lines_of, split_lines
from evalctl.formats.otlp.keys import REQUEST_KEYS
from evalctl.formats.otlp.requests import Requests
from evalctl.formats.peek import first_line, has_key, starts_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.formats.batch import Batch, Chunk

PRIORITY = 10


def recognises(head: bytes) -> bool:
    """A first line that is a whole object, with a key of an export request."""
    if starts_with(head) != b"{":
        return False
    line = first_line(head)
    return (line is None or line.endswith(b"}")) and has_key(line or head, REQUEST_KEYS)


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut on line ends."""
    return split_lines(stream)


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode some lines at a time."""
    requests = Requests(chunk)
    for start, number, text in lines_of(chunk.data):
        requests.read_json(text, start, number)
        if requests.size >= BATCH:
            yield requests.done()
            requests = Requests(chunk)
    yield requests.done()
