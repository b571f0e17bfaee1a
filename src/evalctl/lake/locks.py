"""Locks between the evalctl processes of one machine: a file that the system frees when its owner dies."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.lake.places import is_local

if TYPE_CHECKING:
    from collections.abc import Generator

MAINTENANCE = "maintenance"
"""What optimize, vacuum, rewrite and delete hold: the engine lets two of them double rows."""


@contextmanager
def exclusive(uri: str, name: str, wait_s: float = 0.0) -> Generator[None]:
    """Hold the lock ``name`` of a lake; at most one process, and one thread of it, does.

    Raises:
        UserError: somebody else still holds it after ``wait_s`` seconds; the text names the process.
    """
    with _opened(_folder(uri) / f"{name}.lock") as file:
        _acquire(file, uri, wait_s)
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _folder(uri: str) -> Path:
    if is_local(uri):
        return Path(uri) / ".locks"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "evalctl" / "locks" / sha256(uri.encode()).hexdigest()[:16]


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="ascii")
    except OSError as error:
        raise UserError(f"cannot lock {path}: {error.strerror}") from None


def _acquire(file: IO[str], uri: str, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise _held(file, uri) from None
            time.sleep(0.05)
        else:
            return


def _held(file: IO[str], uri: str) -> UserError:
    file.seek(0)
    pid = file.read().strip() or "unknown"
    return UserError(
        f"{uri} is being maintained by another evalctl (pid {pid}): run this again when it has ended"
    )
