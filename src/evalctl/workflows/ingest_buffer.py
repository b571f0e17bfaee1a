"""Rows that wait for their file, per date, within a budget of bytes."""

from __future__ import annotations

import io
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

SMALL = 8
"""When even the largest date holds less than this part of the budget, dates come in random order:
rows then go to a scratch file per date, so that they do not become thousands of small files."""


@dataclass(slots=True)
class _Day:
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    size: int = 0
    spilled: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    spilled_size: int = 0


class Buffer:
    """Frames by date. ``add`` them, then take what is ``due``; at the end take the ``rest``."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._days: dict[date, _Day] = {}
        self._size = 0
        self._scratch: Path | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Take over rows that have a ``date``."""
        for part in _by_date(frame):
            size = int(part.estimated_size())
            day = self._days.setdefault(part["date"][0], _Day())
            day.frames.append(part)
            day.size += size
            self._size += size

    def due(self) -> Iterator[pl.DataFrame]:
        """Yield the rows of whole dates until the rest is within the budget."""
        while self._size > self._budget:
            name, day = max(self._days.items(), key=lambda item: item[1].size)
            if day.size * SMALL < self._budget:
                self._spill()
            else:
                yield from self._take(name)

    def rest(self) -> Iterator[pl.DataFrame]:
        """Yield all rows that are left, date by date, none larger than about the budget."""
        for name in sorted(self._days):
            yield from self._take(name)
        self.close()

    def close(self) -> None:
        """Forget what is left and remove scratch files."""
        self._days.clear()
        self._size = 0
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def _take(self, name: date) -> Iterator[pl.DataFrame]:
        day = self._days.pop(name)
        self._size -= day.size
        frames, size = day.frames, day.size
        for start, length in day.spilled:
            frames.append(self._read(name, start, length))
            size += int(frames[-1].estimated_size())
            if size > self._budget:
                yield pl.concat(frames)
                frames, size = [], 0
        if frames:
            yield pl.concat(frames)

    def _spill(self) -> None:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="evalctl-"))
        for name, day in self._days.items():
            if not day.frames:
                continue
            with (self._scratch / str(name)).open("ab") as file:
                start = file.tell()
                pl.concat(day.frames).write_ipc_stream(file, compression="lz4")
                day.spilled.append((start, file.tell() - start))
            day.frames, day.size = [], 0
        self._size = 0

    def _read(self, name: date, start: int, length: int) -> pl.DataFrame:
        assert self._scratch is not None  # noqa: S101  (a spilled piece has a file)
        with (self._scratch / str(name)).open("rb") as file:
            file.seek(start)
            return pl.read_ipc_stream(io.BytesIO(file.read(length)))


def _by_date(frame: pl.DataFrame) -> list[pl.DataFrame]:
    if frame["date"].n_unique() <= 1:
        return [frame] if frame.height else []
    return frame.partition_by("date", maintain_order=True)
