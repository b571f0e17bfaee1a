"""Rows of the span view as one Parquet file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evalctl.workflows.export_rows import Batch

VIEW = True


def write(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Write batches of rows, each as a row group or more, and the footer at the end."""
    import pyarrow.parquet as pq

    pieces, writer = _Pieces(), None
    for batch in batches:
        # Readers other than Polars stumble over string views: the oldest Arrow types are written.
        table = batch.rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(pieces, table.schema, compression="zstd")
        writer.write_table(table)
        yield pieces.take()
    if writer is not None:
        writer.close()
        yield pieces.take()


class _Pieces(io.RawIOBase):
    """A file that only grows, handed on piece by piece: a pipe has no positions."""

    def __init__(self) -> None:
        super().__init__()
        self._written = 0
        self._waiting = bytearray()

    def take(self) -> bytes:
        """Return what was written since the last time."""
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._waiting += data
        self._written += size
        return size
