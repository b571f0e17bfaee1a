"""One trace by its id or the beginning of it: which files and row groups are opened decides the time.

The bucket follows from the id, and files are sorted by it, so a whole id opens one or two row groups
a file. A beginning has no bucket: it costs one pass over the ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.core.identity import coordinate
from evalctl.core.schema import SPANS
from evalctl.scoring.read_few import scan_buckets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.lake.lake import Lake

_SHOWN = 10
_LIST_THEM = "evalctl query 'SELECT trace_id FROM traces' lists them"
_LAST_CHARACTER = "\U0010ffff"


def read_trace(lake: Lake, word: str, columns: Sequence[str]) -> pl.DataFrame:
    """Return the newest revision of every span of the trace whose id is ``word`` or begins with it.

    ``columns`` are stored columns; the rows are sorted by start (unknown starts last) and span id.

    Raises:
        UserError: no trace or several have such an id.
    """
    if not word.strip():
        raise UserError(f"a trace id is needed; {_LIST_THEM}")
    for trace_id in dict.fromkeys((word, word.lower())):
        found = _whole(lake, trace_id, columns)
        if not found.is_empty():
            return found
    return _whole(lake, _unique_match(lake, word), columns)


def find_span(spans: pl.DataFrame, word: str) -> str:
    """Return the span id of a trace that is ``word`` or begins with it.

    Raises:
        UserError: no span or several have such an id.
    """
    ids: list[str] = spans["span_id"].to_list()
    found = [word] if word in ids else [name for name in ids if name.startswith(word)]
    trace_id = spans["trace_id"][0]
    if len(found) > 1:
        listed = " ".join(found[:_SHOWN])
        raise UserError(f"{word} begins {len(found):,} span ids: {listed}; give more of the id")
    if not found:
        hint = nearest(word, ids)
        listing = f"evalctl show {trace_id} --format jsonl lists them"
        raise UserError(f"no span {word} in trace {trace_id}{hint}; {listing}")
    return found[0]


def in_trace(lake: Lake, trace_id: str) -> pl.Expr:
    """Return the condition that one trace's rows meet, in spans and in the ledger, as files can use it."""
    return (pl.col("bucket") == bucket_of(lake, trace_id)) & (pl.col("trace_id") == trace_id)


def bucket_of(lake: Lake, trace_id: str) -> int:
    """Return the bucket in which all rows of a trace lie."""
    return coordinate(trace_id, lake.salt)[1]


def _whole(lake: Lake, trace_id: str, columns: Sequence[str]) -> pl.DataFrame:
    asked = {"source", "trace_id", "span_id", "start_time", *columns}
    wanted = [name for name in SPANS.schema if name in asked]
    spans = scan_buckets(lake, SPANS, [bucket_of(lake, trace_id)])
    rows = spans.filter(in_trace(lake, trace_id)).select(wanted).collect()
    return rows.sort("start_time", "span_id", nulls_last=True)


def _unique_match(lake: Lake, word: str) -> str:
    found = _beginning_with(lake, word) or _beginning_with(lake, word.lower())
    if len(found) == 1:
        return found[0]
    if found:
        more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
        listed = " ".join(found[:_SHOWN])
        raise UserError(
            f"{word} begins {len(found):,} trace ids: {listed}{more}; give more of the id"
        )
    alike = _beginning_with(lake, word[:4])[:500] if len(word) > 4 else []
    raise UserError(f"no trace {word} in {lake.uri}{nearest(word, alike)}; {_LIST_THEM}")


def _beginning_with(lake: Lake, word: str) -> list[str]:
    """Return the sorted trace ids that begin with ``word``: a range, because files can skip by it."""
    trace_id = pl.col("trace_id")
    rows = lake.scan(SPANS).filter(trace_id >= word, trace_id < word + _LAST_CHARACTER)
    return rows.select(trace_id.unique()).collect()["trace_id"].sort().to_list()
