"""Rows of the span view as JSON lines; columns that hold JSON stay JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evalctl.workflows.export_rows import Batch

VIEW = True


def write(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Write batches of rows."""
    for batch in batches:
        for rows in batch.rows.iter_slices(1_000):
            yield rows.write_ndjson().encode()
