"""From what the user named to units of work: files, folders, globs and streams."""

from __future__ import annotations

import glob
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from evalctl.core.errors import UserError
from evalctl.workflows.ingest_streams import open_unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RANGE = 16 << 20
"""A plain line file is cut into ranges of this many bytes, a third of a second of work: processes end
together. Fixed, so that the same bytes give the same chunks, and the same hashes, whatever their
number; one and a half of it fit into one ``formats.lines.PIECE``."""

_SEARCH = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file or stream. ``skipped`` says why it is not read; null where it is."""

    index: int
    path: str
    name: str
    size: int = 0
    is_stream: bool = False
    compressed: bool = False
    container: str = ""
    skipped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What one worker reads at a time: a whole input, or a range of lines of a large one."""

    input: Input
    start: int = 0
    end: int | None = None

    @property
    def size(self) -> int:
        """Bytes on disk; 0 where that is not known."""
        return (self.input.size if self.end is None else self.end) - self.start

    @property
    def is_tail(self) -> bool:
        """Whether the input ends with the unit."""
        return self.end is None or self.end >= self.input.size


@dataclass(slots=True, kw_only=True)
class _Found:
    """Paths in order, each with why it cannot be read."""

    paths: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def add(self, path: Path, reason: str | None = None) -> None:
        self.paths.setdefault(str(path), reason)


def is_lines(container: str) -> bool:
    """Whether records of the container are lines, so that a file may be cut at any line break."""
    return container.endswith("_lines")


def find_inputs(words: Sequence[str]) -> list[Input]:
    """Resolve files, folders (recursive, hidden names left out), globs and ``-`` to inputs.

    What a folder or glob brought in and cannot be read, or is no trace export, is ``skipped``;
    whether anything is left to read is for the caller to see.

    Raises:
        UserError: a path does not exist or cannot be read, or a folder holds no file.
    """
    if not words:
        raise UserError("nothing to ingest: name files, folders or globs, or - for standard input")
    found = _Found()
    for word in words:
        _find(word, found)
    once: dict[str, tuple[str, str | None]] = {}
    for path, reason in found.paths.items():
        once.setdefault(path if path == "-" else os.path.realpath(path), (path, reason))
    return [_look(index, *one) for index, one in enumerate(once.values())]


def plan_units(inputs: Sequence[Input]) -> list[Unit]:
    """Cut inputs into units, in order; large ones that cannot be cut come first, so that none is last."""
    units = [unit for source in inputs if source.skipped is None for unit in _units(source)]
    return sorted(units, key=lambda unit: -unit.size if unit.size > 2 * RANGE else 0)


def _find(word: str, found: _Found) -> None:
    path = Path(word)
    if word == "-":
        found.add(path)
    elif path.is_dir():
        _walk(path, found)
    elif os.path.lexists(path):
        _check(path)
        found.add(path)
    elif glob.has_magic(word):
        _match(word, found)
    else:
        raise UserError(f"{word}: no such file or folder")


def _check(path: Path) -> None:
    reason = _unreadable(path)
    if reason:
        raise UserError(f"{path}: {reason}")


def _match(word: str, found: _Found) -> None:
    names = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  (takes absolute patterns too)
    matches = [path for path in map(Path, names) if not path.is_dir()]
    if not matches:
        raise UserError(f"{word}: no file matches the pattern")
    for path in matches:
        found.add(path, _unreadable(path))


def _walk(folder: Path, found: _Found) -> None:
    before = len(found.paths)

    def note(error: OSError) -> None:
        found.add(Path(error.filename), f"cannot be read: {error.strerror}")

    for base, folders, names in os.walk(folder, onerror=note):
        if "evalctl.json" in names:
            folders.clear()  # a lake is not an export
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            found.add(Path(base) / name, _unreadable(Path(base) / name))
    if len(found.paths) == before:
        raise UserError(f"{folder}: there is no file in this folder; hidden files are not read")


def _unreadable(path: Path) -> str | None:
    if not path.exists():
        return "a link to a file that does not exist"
    return None if os.access(path, os.R_OK) else "cannot be read: permission denied"


def _look(index: int, path: str, reason: str | None) -> Input:
    """Sniff the first bytes of a regular file; a stream is sniffed when it is read."""
    source = Input(index=index, path=path, name=Path(path).name, skipped=reason)
    if reason:
        return source
    status = None if path == "-" else Path(path).stat()
    if status is None or not stat.S_ISREG(status.st_mode):
        return replace(source, is_stream=True)
    source = replace(source, size=status.st_size)
    try:
        opened = open_unit(Unit(input=source))
        container = opened.container()
        opened.close()
    except UserError as error:
        return replace(source, skipped=str(error).partition(": ")[2])
    if container == "unknown":
        return replace(source, skipped="not a trace export" if source.size else "empty")
    return replace(source, compressed=opened.compressed, container=container)


def _units(source: Input) -> Iterator[Unit]:
    splits = not source.compressed and not source.is_stream and is_lines(source.container)
    if not splits or source.size <= RANGE * 3 // 2:
        yield Unit(input=source)
        return
    start = 0
    for end in _cuts(source):
        yield Unit(input=source, start=start, end=end)
        start = end


def _cuts(source: Input) -> Iterator[int]:
    """Yield the end of each range: the first line break at or after each multiple of ``RANGE``."""
    end = 0
    with Path(source.path).open("rb") as file:
        for mark in range(RANGE, source.size, RANGE):
            if mark <= end:
                continue
            end = _after_line(file, mark - 1, source.size)
            if end < source.size:
                yield end
    yield source.size


def _after_line(file: BinaryIO, start: int, size: int) -> int:
    file.seek(start)
    while block := file.read(_SEARCH):
        found = block.find(b"\n")
        if found >= 0:
            return start + found + 1
        start += len(block)
    return size
