"""evalctl export: selected spans with what is known about them, streamed to a file or a pipe.

A format is one file, ``export_<format>.py``, with ``VIEW`` (whether it takes the span view with its
columns of scores, or stored columns with scores apart) and ``write`` (batches to bytes).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.schema import SPANS
from evalctl.core.views import view_schema
from evalctl.scoring.read import evaluation_columns, known_in, read_view, score_rows
from evalctl.workflows.export_rows import Batch, Scores

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from evalctl.core.selection import Selection
    from evalctl.lake.lake import Lake

ExportFormat = Literal["jsonl", "parquet", "otlp", "openinference"]
_AT_LEAST = 10_000
"""Rows that are gathered before they are written: looking up scores costs a pass over the ledger."""


class Sink(Protocol):
    """Where bytes go."""

    def writelines(self, pieces: Iterable[bytes], /) -> None:
        """Take pieces one after the other."""

    def flush(self) -> None:
        """Hand on what was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What to write: the spans that a selection keeps, in one format."""

    lake: Lake
    selection: Selection
    form: ExportFormat
    with_scores: bool = False

    def to_file(self, path: Path) -> int:
        """Write a file, which appears when it is whole; return the number of spans.

        Raises:
            UserError: nothing was selected, or the file cannot be written.
        """
        with _whole_file(path) as stream:
            return self.to_stream(stream)

    def to_stream(self, stream: Sink) -> int:
        """Write to a stream; return the number of spans.

        Raises:
            UserError: nothing was selected; nothing was written then.
        """
        counted = _Counted(self._batches())
        stream.writelines(import_module(f"evalctl.workflows.export_{self.form}").write(counted))
        if not counted.spans:
            raise UserError(
                "the selection has no spans: nothing to export; evalctl lake info shows what there is"
            )
        stream.flush()
        return counted.spans

    def _batches(self) -> Iterator[Batch]:
        is_view: bool = import_module(f"evalctl.workflows.export_{self.form}").VIEW
        columns = [n for n in view_schema("span") if is_view or n in SPANS.schema]
        if is_view and self.with_scores:
            columns += evaluation_columns(known_in(self.lake, "span"))
        view = read_view(self.lake, "span", self.selection, columns)
        for rows in _gathered(view.collect_batches(maintain_order=True)):
            apart = self.with_scores and not is_view
            yield Batch(rows=rows, scores=_scores(self.lake, rows) if apart else Scores())


class _Counted:
    """Batches as they go by, and how many spans they had."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self.spans = 0
        self._batches = batches

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            self.spans += batch.rows.height
            yield batch


def _gathered(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.height for part in waiting) >= _AT_LEAST:
            yield pl.concat(waiting)
            waiting = []
    if any(part.height for part in waiting):
        yield pl.concat(waiting)


def _scores(lake: Lake, spans: pl.DataFrame) -> Scores:
    traces = spans.select("source", "trace_id").unique().lazy()
    sessions = spans.filter("is_root").select("source", "session_id").drop_nulls().unique().lazy()
    rows = score_rows(lake)
    about = [
        rows.join(traces, on=["source", "trace_id"], how="semi"),
        rows.filter(pl.col("target") == "session").join(
            sessions, on=["source", "session_id"], how="semi"
        ),
    ]
    found = pl.concat(about).sort("rubric", "scored_at", "run").collect()
    return Scores(found.iter_rows(named=True))


@contextmanager
def _whole_file(path: Path) -> Generator[Sink]:
    """Open a file beside ``path`` that takes its name when all is written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as stream:
            yield stream
        part.replace(path)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or 'the write failed'}") from None
    finally:
        part.unlink(missing_ok=True)
