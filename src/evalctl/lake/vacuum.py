"""Deletion of files that no reader needs: removed by commits, or left by writers that died."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.core.schema import TABLES
from evalctl.lake.delta import open_table, unreadable
from evalctl.lake.locks import MAINTENANCE, exclusive
from evalctl.lake.places import is_local, table_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

    from evalctl.core.table import Table
    from evalctl.lake.lake import Lake

_DRAFT = re.compile(r"\.(parquet|json)#[0-9]+$|^_commit_.*\.tmp$")
"""Names that the engine writes under before it renames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacuumed:
    """Files of one table that went, or would go; ``size`` is null where they are not local."""

    table: str
    files: int
    size: int | None


def vacuum(
    lake: Lake, *, older_than_h: int = 24, dry_run: bool = False, wait_s: float = 0.0
) -> list[Vacuumed]:
    """Delete files that left the tables, or never were in them, more than ``older_than_h`` hours ago.

    It must be longer than the longest write and the longest query: their files are not live yet, or
    not any more. Live files are never touched.

    Raises:
        UserError: another process maintains the lake, or a table cannot be read or written.
    """
    if older_than_h < 0:
        raise UserError(
            f"--older-than {older_than_h} is negative: write a number of hours such as 24"
        )
    with exclusive(lake.uri, MAINTENANCE, wait_s):
        return [_vacuum_table(lake.uri, table, older_than_h, dry_run=dry_run) for table in TABLES]


def _vacuum_table(uri: str, table: Table, hours: int, *, dry_run: bool) -> Vacuumed:
    folder = table_uri(uri, table)
    handle = open_table(folder)
    litter = list(_litter(folder, hours, has_log=handle is not None))
    removed = _engine(folder, handle, hours, dry_run=True)
    gone = {*litter, *removed}
    size = sum((Path(folder) / path).stat().st_size for path in gone) if is_local(uri) else None
    if not dry_run:
        if removed:  # else its two entries in the log would say nothing
            _engine(folder, handle, hours, dry_run=False)
        for path in litter:
            (Path(folder) / path).unlink(missing_ok=True)
    return Vacuumed(table=table.name, files=len(gone), size=size)


def _engine(folder: str, handle: DeltaTable | None, hours: int, *, dry_run: bool) -> list[str]:
    """Ask the engine: it knows when each file was removed from the table."""
    from deltalake.exceptions import DeltaError

    if handle is None:
        return []
    try:
        return handle.vacuum(
            retention_hours=hours, dry_run=dry_run, enforce_retention_duration=False, full=True
        )
    except (DeltaError, OSError):
        raise unreadable(folder) from None


def _litter(folder: str, hours: int, *, has_log: bool) -> Iterator[str]:
    """List what the engine overlooks: half-written files, and all files where no commit was ever made."""
    if not is_local(folder):
        return
    before = time.time() - hours * 3600
    for path in Path(folder).rglob("*"):
        is_orphan = path.suffix == ".parquet" and not has_log
        if (is_orphan or _DRAFT.search(path.name)) and path.stat().st_mtime < before:
            yield str(path.relative_to(folder))
