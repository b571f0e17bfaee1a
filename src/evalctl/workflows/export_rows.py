"""What an export writes, some spans at a time, and the scores that belong to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

Span = dict[str, Any]
"""A row of the span view."""
Score = dict[str, Any]
"""A row of the view ``scores``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of the span view, and the scores about them where the format writes these apart."""

    rows: pl.DataFrame
    scores: Scores


class Scores:
    """Scores by what they are about."""

    def __init__(self, rows: Iterable[Score] = ()) -> None:
        self._rows: defaultdict[tuple[Any, ...], list[Score]] = defaultdict(list)
        for row in rows:
            self._rows[_about(row)].append(row)

    def of(self, span: Span) -> list[Score]:
        """Return the scores of a span; on a root span those of its trace and session too."""
        source, trace_id = span["source"], span["trace_id"]
        found = [*self._rows.get(("span", source, trace_id, span["span_id"]), ())]
        if span["is_root"]:
            found += self._rows.get(("trace", source, trace_id), ())
            found += self._rows.get(("session", source, span["session_id"]), ())
        return found


def _about(row: Score) -> tuple[Any, ...]:
    target, source = row["target"], row["source"]
    if target == "span":
        return target, source, row["trace_id"], row["span_id"]
    return target, source, row["trace_id" if target == "trace" else "session_id"]
