"""The tree of spans as parent rows: ways up, what stands above, what stands below.

Every function is a few passes of numpy over the whole frame: the number of passes grows with the
logarithm of the depth on the way up, and each row is visited once on the way down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """The way up of each row: ``rise`` steps to row ``top``; ``looped`` where it never ends."""

    rise: Rows
    top: Rows
    looped: Flags


def parent_rows(spans: pl.DataFrame) -> Rows:
    """Return the row of each span's parent, -1 where it has none or it is not in the frame.

    ``spans`` has ``_trace``, ``span_id`` and ``parent_span_id``.
    """
    ids = spans.select("_trace", "span_id", _parent=pl.int_range(pl.len()))
    wanted = spans.select("_trace", span_id="parent_span_id")
    found = wanted.join(ids, on=["_trace", "span_id"], how="left", maintain_order="left")
    return found["_parent"].fill_null(-1).to_numpy().astype(np.int64)


def climb(parents: Rows) -> Climb:
    """Follow parents up by doubling: circles are found after as many rounds as a chain could need."""
    rows = np.arange(len(parents))
    top = np.where(parents < 0, rows, parents)
    rise = (parents >= 0).astype(np.int64)
    for _ in range(len(parents).bit_length()):
        if (parents[top] < 0).all():
            break
        rise, top = rise + rise[top], top[top]
    return Climb(rise=rise, top=top, looped=parents[top] >= 0)


def any_above(parents: Rows, flags: Flags) -> Flags:
    """Return where any ancestor is flagged; ``parents`` has no circles."""
    up = parents.copy()
    hit = np.append(flags, False)[up]  # row -1 is the sentinel at the end
    while (up >= 0).any():
        hit = hit | np.append(hit, False)[up]
        up = np.append(up, -1)[up]
    return hit


def any_below(parents: Rows, flags: Flags) -> Flags:
    """Return where any descendant is flagged; ``parents`` has no circles."""
    below = np.zeros(len(parents), dtype=np.bool_)
    front = parents[flags]
    while True:
        front = np.unique(front[front >= 0])
        front = front[~below[front]]
        if not len(front):
            return below
        below[front] = True
        front = parents[front]
