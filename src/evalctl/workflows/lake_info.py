"""evalctl lake info: what stands in a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalctl.lake.info import TableInfo, info

if TYPE_CHECKING:
    from evalctl.lake.lake import Lake


def lake_info(lake: Lake) -> list[TableInfo]:
    """Describe every table of the lake from its logs: rows, files, bytes, version, range of dates."""
    return info(lake)
