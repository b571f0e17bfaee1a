"""A trace lake: one folder of Delta tables with one sampling salt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.core.schema import SPANS
from evalctl.lake.birth import create_birth, read_birth
from evalctl.lake.delta import open_table
from evalctl.lake.places import resolve, table_uri
from evalctl.lake.snapshot import Moved, Snapshot
from evalctl.lake.staging import discard, stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import polars as pl

    from evalctl.core.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """A lake by its place and salt: cheap to build, safe to pickle, holds nothing open."""

    uri: str
    salt: bytes

    @classmethod
    def open(cls, uri: str) -> Lake:
        """Open the lake at a path or URI.

        Raises:
            UserError: there is none, or a newer evalctl wrote it.
        """
        place = resolve(uri)
        return cls(uri=place, salt=read_birth(place).salt)

    @classmethod
    def create(cls, uri: str) -> Lake:
        """Open the lake at a path or URI, creating it where there is none; any number of processes may.

        Raises:
            UserError: the folder holds other things, cannot be written, or a newer evalctl wrote it.
        """
        place = resolve(uri)
        return cls(uri=place, salt=create_birth(place).salt)

    def snapshot(self, table: Table) -> Snapshot:
        """Take hold of the newest version of a table; it may be absent."""
        handle = open_table(table_uri(self.uri, table))
        version = -1 if handle is None else handle.version()
        return Snapshot(uri=self.uri, table=table, version=version, handle=handle)

    def scan(self, table: Table) -> pl.LazyFrame:
        """Return all rows of a table, exactly its schema's columns, in no order; empty where absent."""
        return self.snapshot(table).scan()

    def spans(self, *, dates: Sequence[date] | None = None) -> pl.LazyFrame:
        """Return the newest revision of each span, of all dates or some, in no order.

        Predicates on pruned columns skip files where they compare with literals.
        """
        return self.snapshot(SPANS).spans(dates=dates)

    def files(self, table: Table) -> pl.DataFrame:
        """Return one row per live file, from the log; see ``Snapshot.files``.

        Columns: path, rows, size, date, bucket_min, bucket_max, start_min, start_max, revision_max,
        batch_max; null where the table has no such column.
        """
        return self.snapshot(table).files()

    def version(self, table: Table) -> int:
        """Return the Delta version of a table, -1 where it is absent."""
        return self.snapshot(table).version

    def append(self, table: Table, frame: pl.DataFrame) -> None:
        """Add rows unconditionally, in one commit; for small tables.

        Raises:
            ValueError: the rows do not fit the table's schema.
            UserError: the lake cannot be written.
        """
        files = stage(self.uri, table, frame)
        while True:
            try:
                self.snapshot(table).commit(files, {})
            except Moved:
                continue
            except UserError:
                discard(self.uri, files)
                raise
            return
