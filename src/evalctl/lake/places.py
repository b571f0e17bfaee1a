"""Where a lake and its tables stand: absolute local paths, or URIs of an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalctl.core.table import Table


def is_local(uri: str) -> bool:
    """Whether ``uri`` is a path of this machine."""
    return "://" not in uri


def resolve(uri: str) -> str:
    """Return ``uri`` without a trailing slash; a local path comes back absolute."""
    plain = uri.removeprefix("file://")
    return str(Path(plain).expanduser().absolute()) if is_local(plain) else plain.rstrip("/")


def table_uri(uri: str, table: Table) -> str:
    """Return the folder of a table."""
    return f"{uri}/{table.name}"


def filesystem(uri: str) -> tuple[Any, str]:
    """Return the pyarrow file system of ``uri``, and the path of ``uri`` in it."""
    from pyarrow import fs

    if is_local(uri):
        return fs.LocalFileSystem(), uri
    return fs.FileSystem.from_uri(uri)
