"""A progress bar on stderr with rate and time left; nothing where nobody watches."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evalctl.cli.output import in_ci

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_EVERY = 0.1
_BAR = 24


@contextmanager
def progress_bar(label: str, *, unit: str = "B") -> Generator[Callable[[int, int], None]]:
    """Yield a function of (done, total) that draws; a total of 0 is not known.

    ``unit`` "B" counts bytes. Draws nothing in CI, or where stderr is no terminal.
    """
    if in_ci() or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda done, total: None  # noqa: ARG005  (the shape of a progress function)
        return
    bar = _Bar(label, unit)
    try:
        yield bar.show
    finally:
        bar.clear()


class _Bar:
    def __init__(self, label: str, unit: str) -> None:
        self._label, self._unit = label, unit
        self._started = self._last = time.monotonic()

    def show(self, done: int, total: int) -> None:
        at = time.monotonic()
        if at - self._last < _EVERY and done < total:
            return
        self._last = at
        self._write(line(self._label, self._unit, done, total, at - self._started))

    def clear(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()


def line(label: str, unit: str, done: int, total: int, seconds: float) -> str:
    """Return one line such as ``ingest [#####-----]  50%  1.0 of 2.0 GB  120 MB/s  9 s left``."""
    rate = done / seconds if seconds > 0 else 0.0
    speed = f"{amount(rate, unit)}/s"
    if not total:
        return f"{label}  {amount(done, unit)}  {speed}"
    share = min(done / total, 1.0)
    bar = ("#" * round(share * _BAR)).ljust(_BAR, "-")
    left = f"  {duration((total - done) / rate)} left" if rate and done < total else ""
    return f"{label} [{bar}] {share:4.0%}  {speed}{left}"


def amount(count: float, unit: str) -> str:
    """Return a count in at most six characters and its unit: ``1.2 GB``, ``340k spans``."""
    space = " " if unit == "B" else ""
    for power, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= power:
            figure = f"{count / power:.3g}{space}{prefix}"
            return figure + unit if unit == "B" else f"{figure} {unit}"
    return f"{count:.0f} {unit}"


def duration(seconds: float) -> str:
    """Return seconds as ``9 s``, ``2 min`` or ``1 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
