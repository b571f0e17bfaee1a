"""evalctl lake optimize: few sorted files instead of many small ones, with scores folded into spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalctl.core.schema import SCORES
from evalctl.lake.optimize import optimize
from evalctl.scoring.fold import folding

if TYPE_CHECKING:
    from evalctl.lake.lake import Lake
    from evalctl.lake.replace import Replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """What optimize did to one table; ``folded`` counts superseded revisions that went."""

    table: str
    dates: int
    files_before: int
    files_after: int
    bytes_after: int
    rows: int
    folded: int


def lake_optimize(lake: Lake) -> list[Optimized]:
    """Compact every table that is worth it; one row per table that was rewritten.

    Spans of the dates that are rewritten get the ledger's newest answers as ``evaluations``.

    Raises:
        UserError: another process maintains the lake, or a table cannot be read or written.
    """
    done: dict[str, list[Replaced]] = {}
    fold = folding(lake) if lake.version(SCORES) >= 0 else None
    for table, replaced in optimize(lake, fold=fold):
        done.setdefault(table.name, []).append(replaced)
    return [_total(name, parts) for name, parts in done.items()]


def _total(table: str, parts: list[Replaced]) -> Optimized:
    rows = sum(part.rows_after for part in parts)
    return Optimized(
        table=table,
        dates=len(parts),
        files_before=sum(part.files_before for part in parts),
        files_after=sum(part.files_after for part in parts),
        bytes_after=sum(part.bytes_after for part in parts),
        rows=rows,
        folded=sum(part.rows_before for part in parts) - rows,
    )
