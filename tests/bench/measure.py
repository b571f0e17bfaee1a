"""Whole processes measured from outside: wall, CPU of all children, peak memory of the whole tree."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

EVALCTL = (sys.executable, "-m", "evalctl")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY_S = 0.02
_PROC = Path("/proc")


@dataclass(slots=True, kw_only=True)
class Measured:
    """One run of one command.

    ``rss_mb`` is the largest sum of resident sizes over the tree of processes, sampled every 20 ms:
    pages that processes share count once for each. ``read_mb`` is what read calls brought in, from
    the page cache too; it leaves out mapped files.
    """

    wall: float
    cpu: float
    rss_mb: float
    read_mb: float
    output: str


@dataclass(slots=True)
class _Watch:
    """Samples a tree of processes until it is told to stop."""

    pid: int
    peak: int = 0
    read: dict[int, int] = field(default_factory=dict[int, int])
    done: Event = field(default_factory=Event)

    def run(self) -> None:
        while not self.done.wait(_EVERY_S):
            self.sample()

    def sample(self) -> None:
        tree = _tree(self.pid)
        self.peak = max(self.peak, sum(_resident(pid) for pid in tree))
        for pid in tree:
            self.read[pid] = max(self.read.get(pid, 0), _bytes_read(pid))


def run(command: Sequence[str], *, cwd: Path | None = None) -> Measured:
    """Run one command to its end and keep its output; a command that fails ends the benchmark."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=subprocess.STDOUT)
        watch = _Watch(process.pid)
        thread = Thread(target=watch.run, daemon=True)
        thread.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        watch.done.set()
        thread.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        sys.exit(f"exit {process.returncode}: {' '.join(command)}\n{text[-2000:]}")
    return Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        rss_mb=max(watch.peak, usage.ru_maxrss * 1024) / 1e6,
        read_mb=sum(watch.read.values()) / 1e6,
        output=text,
    )


def interleaved(
    variants: Mapping[str, Callable[[], Measured]], rounds: int
) -> dict[str, list[Measured]]:
    """Run each variant once a round, in turn, so that noise of the machine falls on all alike."""
    runs: dict[str, list[Measured]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, variant in variants.items():
            print(f"round {number + 1}/{rounds}: {name}", file=sys.stderr, flush=True)
            runs[name].append(variant())
    return runs


def median(runs: Iterable[Measured]) -> Measured:
    """Return the medians of each figure; the output is the last run's."""
    every = list(runs)
    return Measured(
        wall=statistics.median(r.wall for r in every),
        cpu=statistics.median(r.cpu for r in every),
        rss_mb=statistics.median(r.rss_mb for r in every),
        read_mb=statistics.median(r.read_mb for r in every),
        output=every[-1].output,
    )


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print one table in Markdown."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    sizes = [max(len(line[n]) for line in lines) for n in range(len(head))]
    lines.insert(1, ["-" * size for size in sizes])
    print(f"\n{title}\n")
    for line in lines:
        cells = (cell.ljust(size) for cell, size in zip(line, sizes, strict=True))
        print(f"| {' | '.join(cells)} |")


def folder_mb(folder: Path) -> float:
    """Return the size of all files under a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def _tree(root: int) -> list[int]:
    found, waiting = list[int](), [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for task in _listed(_PROC / f"{pid}/task"):
            waiting += [int(child) for child in _text(task / "children").split()]
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _resident(pid: int) -> int:
    fields = _text(_PROC / f"{pid}/statm").split()
    return int(fields[1]) * _PAGE if fields else 0


def _bytes_read(pid: int) -> int:
    lines = _text(_PROC / f"{pid}/io").splitlines()
    return int(lines[0].split()[1]) if lines else 0


def _text(file: Path) -> str:
    """Read a file of /proc; a process that has just ended has none."""
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        return ""
