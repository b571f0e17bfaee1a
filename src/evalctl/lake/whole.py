"""A look at live files before they are read: one that was cut short makes the engine panic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.lake.places import is_local

if TYPE_CHECKING:
    import polars as pl


def require_whole(folder: str, files: pl.DataFrame) -> None:
    """Compare live files (``path``, ``size``) of a local table with what stands on the disk; 2 us a file.

    Raises:
        UserError: a file is gone or has another size, as after a copy that broke off.
    """
    if not is_local(folder):
        return
    for path, size in files.select("path", "size").iter_rows():
        file = Path(folder, path)
        try:
            found = file.stat().st_size
        except OSError as error:
            raise _damaged(file, f"cannot be read ({error.strerror})") from None
        if found != size:
            raise _damaged(file, f"has {found:,} bytes instead of {size:,}")


def _damaged(file: Path, what: str) -> UserError:
    return UserError(f"{file} {what}: restore it from a backup, or ingest into a new lake")
