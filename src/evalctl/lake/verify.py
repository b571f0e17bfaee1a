"""Staged files as Delta add-actions, each looked at first: the engine validates nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from evalctl.core.errors import UserError
from evalctl.lake.arrow import file_schema
from evalctl.lake.places import filesystem, table_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.core.table import Table
    from evalctl.lake.staging import StagedFile


def add_actions(uri: str, table: Table, files: Sequence[StagedFile]) -> list[Any]:
    """Check every file against what was staged, and return the actions that add them.

    Raises:
        UserError: a file is gone, cut short, or has other rows or columns than were staged.
    """
    from deltalake.transaction import AddAction

    system, root = filesystem(table_uri(uri, table))
    wanted = file_schema(table)
    now = int(time.time() * 1000)
    for file in files:
        _check(system, f"{root}/{file.path}", file, wanted)
    return [
        AddAction(
            path=file.path,
            size=file.size,
            partition_values={"date": str(file.date)} if table.partition_by else {},
            modification_time=now,
            data_change=True,
            stats=file.stats,
        )
        for file in files
    ]


def _check(system: Any, path: str, file: StagedFile, wanted: Any) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    wrong = UserError(f"{path} is not the file that was staged; nothing was added, run it again")
    try:
        if system.get_file_info(path).size != file.size:
            raise wrong
        footer = parquet.read_metadata(path, filesystem=system)
    except (OSError, pa.ArrowInvalid):
        raise wrong from None
    if footer.num_rows != file.rows or not footer.schema.to_arrow_schema().equals(wanted):
        raise wrong
