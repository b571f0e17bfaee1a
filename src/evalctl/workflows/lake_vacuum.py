"""evalctl lake vacuum: delete files that no reader needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalctl.lake.vacuum import Vacuumed, vacuum

if TYPE_CHECKING:
    from evalctl.lake.lake import Lake


def lake_vacuum(lake: Lake, *, older_than_h: int = 24, dry_run: bool = False) -> list[Vacuumed]:
    """Delete, or with ``dry_run`` only count, files that left the tables or never were in them.

    Raises:
        UserError: another process maintains the lake, or a table cannot be read or written.
    """
    return vacuum(lake, older_than_h=older_than_h, dry_run=dry_run)
