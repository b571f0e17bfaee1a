"""OTLP/JSON as a document: pretty-printed, a list of requests, or an answer of Tempo or Phoenix.

Several documents may follow each other, as jq writes the lines of a file.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

import msgspec

from evalctl.formats.lines import BATCH, whole
from evalctl.formats.otlp.keys import REQUEST_KEYS
from evalctl.formats.otlp.requests import Requests
from evalctl.formats.peek import BOM, first_keys, has_key, starts_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.formats.batch import Batch, Chunk

PRIORITY = 20
_BETWEEN = re.compile(rb"(?<=\})\s*\n\s*(?=\{)")
"""Between documents: in one, objects are parted by a comma, and no text holds a line break."""
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def recognises(head: bytes) -> bool:
    """An object, or a list of objects, with a key of an export request; or one wrapped in another."""
    if starts_with(head) not in {b"{", b"["}:
        return False
    if has_key(head, REQUEST_KEYS):
        return True
    keys = first_keys(head)
    start = head[:4096]
    if "trace" in keys and b'"resourceSpans"' in start:
        return True
    return "data" in keys and b'"attributes"' in start and b'"string_value"' in start


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """One piece."""
    return whole(stream)


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode request by request where there is a list of them."""
    requests = Requests(chunk)
    for text in _requests(chunk.data.removeprefix(BOM).strip()):
        requests.read_json(text, 0, 0)
        if requests.size >= BATCH:
            yield requests.done()
            requests = Requests(chunk)
    yield requests.done()


def _requests(data: bytes) -> list[bytes]:
    if not data.startswith(b"["):
        return _BETWEEN.split(data) if data else []
    try:
        return [bytes(item) for item in _LIST.decode(data)]
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return [data]
