"""One version of one table: what to read, and the only way to add to it."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.table import UTC_TIME
from evalctl.lake.commits import Change, attempt, writes
from evalctl.lake.delta import columns_of, live_files, make_table
from evalctl.lake.places import table_uri
from evalctl.lake.revisions import newest
from evalctl.lake.verify import add_actions
from evalctl.lake.whole import require_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from deltalake import DeltaTable

    from evalctl.core.table import Table
    from evalctl.lake.staging import StagedFile

_ATTEMPTS = 60
"""At 20 to 35 commits a second and full jitter, most of a minute of bad luck."""
_BROKEN = 3
"""Times that a commit is tried again which failed for another reason than a lost race."""

FILES: dict[str, tuple[str, pl.DataType]] = {
    "path": ("path", pl.String()),
    "rows": ("num_records", pl.Int64()),
    "size": ("size_bytes", pl.Int64()),
    "date": ("partition.date", pl.Date()),
    "bucket_min": ("min.bucket", pl.Int16()),
    "bucket_max": ("max.bucket", pl.Int16()),
    "start_min": ("min.start_time", UTC_TIME),
    "start_max": ("max.start_time", UTC_TIME),
    "revision_max": ("max.revision", pl.Int16()),
    "batch_max": ("max.ingest_batch", pl.String()),
}
"""Columns of ``files()``, and what the engine calls them."""


class Moved(Exception):  # noqa: N818  (not an error: the caller looks again and commits again)
    """Somebody else committed data since the snapshot was taken: check again on a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A table as it was when the snapshot was taken; ``version`` is -1 where there was no table."""

    uri: str
    table: Table
    version: int
    handle: DeltaTable | None

    def files(self) -> pl.DataFrame:
        """Return one row per live file from the log, no file is opened; ordered by date and path."""
        schema = {name: dtype for name, (_, dtype) in FILES.items()}
        if self.handle is None:
            return pl.DataFrame(schema=schema)
        log = live_files(self.handle)
        found = (
            pl.col(name).cast(dtype) if name in log.columns else pl.lit(None, dtype)
            for name, dtype in FILES.values()
        )
        named = zip(FILES, found, strict=True)
        return log.select(expr.alias(name) for name, expr in named).sort("date", "path")

    def scan(self) -> pl.LazyFrame:
        """Return all rows, exactly the table's columns; columns added since are typed nulls.

        Raises:
            UserError: a live file is gone or cut short.
        """
        require_whole(table_uri(self.uri, self.table), self.files())
        return self._rows()

    def spans(self, *, dates: Sequence[date] | None = None) -> pl.LazyFrame:
        """Return the newest revision of each span; see ``Lake.spans``.

        Raises:
            UserError: a live file of these dates is gone or cut short.
        """
        files = self.files()
        wanted = files if dates is None else files.filter(pl.col("date").is_in(list(dates)))
        require_whole(table_uri(self.uri, self.table), wanted)
        return newest(self._rows(), files, dates)

    def _rows(self) -> pl.LazyFrame:
        if self.handle is None:
            return pl.LazyFrame(schema=self.table.schema)
        have = set(columns_of(self.handle))
        return pl.scan_delta(self.handle).select(
            name if name in have else pl.lit(None, dtype).alias(name)
            for name, dtype in self.table.schema.items()
        )

    def commit(self, files: Sequence[StagedFile], metadata: Mapping[str, str]) -> None:
        """Add staged files in one commit; without files there is none.

        ``metadata`` stands in the log in clear text: counts and ids of runs, nothing from traces.

        Leave the files alone after any other exception: the commit may have been made.

        Raises:
            Moved: somebody else committed data since the snapshot; nothing was added.
            UserError: a file is not what was staged, or the log cannot be written; nothing was added.
        """
        if not files:
            return
        actions = add_actions(self.uri, self.table, files)
        path = table_uri(self.uri, self.table)
        before = writes(self.handle)
        change = Change(actions=actions, metadata=metadata, number=before + 1)
        for number in range(_ATTEMPTS):
            handle = make_table(path, self.table)
            if writes(handle) != before:
                raise Moved
            outcome = attempt(path, handle, change)
            if outcome == "done":
                return
            if outcome == "broken" and number >= _BROKEN:
                break
            time.sleep(random.uniform(0, min(0.02 * 2**number, 1.0)))  # noqa: S311  (jitter)
        raise UserError(f"cannot commit to {path}: the disk is full, read-only, or too busy")
