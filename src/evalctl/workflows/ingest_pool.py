"""Worker processes that share the units of a run, and what happens when one of them dies.

This process is one of the workers: it is started already, and would only wait (0.4 CPU seconds and
100 MB less than one more process). Between batches it attends to the pipes of the others. Such a one
asks for a unit by being idle, reports while it works, and stages the rest of its rows when it is told
to flush. Only this process ever deletes a staged file: a worker whose parent was killed cannot know
whether its files were committed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from contextlib import closing, contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from evalctl.core.errors import UserError
from evalctl.workflows.ingest_worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from multiprocessing.context import SpawnProcess
    from types import TracebackType

    from evalctl.workflows.ingest_events import Event, Job
    from evalctl.workflows.ingest_inputs import Unit

_FLUSH, _STOP = "flush", "stop"
_IDLE, _FLUSHED, _USER, _BUG = "idle", "flushed", "user", "bug"
_GRACE = 5.0
_MANY = 4
"""Units left per other worker, above which one is given ahead; with fewer the last would wait long."""


class Local:
    """Works in this process: for small inputs, where starting others costs more than they save."""

    def __init__(self, job: Job, emit: Callable[[Event], None]) -> None:
        self._worker = Worker(job, emit)

    def run(self, units: Sequence[Unit]) -> None:
        """Read all units and stage their rows."""
        for unit in units:
            self._worker.read(unit)
        self._worker.flush()

    def stop(self, *, early: bool) -> None:  # noqa: ARG002  (as of a pool)
        """Drop what is not staged."""
        self._worker.close()


class Pool:
    """Works in ``count`` processes; ``run`` as often as there are commits, then ``stop``."""

    def __init__(self, job: Job, emit: Callable[[Event], None], count: int) -> None:
        self._emit = emit
        self._worker = Worker(job, emit, self._attend)
        self._left: deque[Unit] = deque()
        self._held: dict[Connection, int] = {}
        self._pipes: dict[Connection, SpawnProcess] = {}
        context = multiprocessing.get_context("spawn")
        with _few_threads(count), _no_interrupts():
            for _ in range(count - 1):
                here, there = context.Pipe()
                process = context.Process(target=_work, args=(job, there), daemon=True)
                process.start()
                there.close()
                self._pipes[here] = process
            import pyarrow.parquet  # pyright: ignore[reportUnusedImport]  # noqa: F401 - without threads here too

    def run(self, units: Sequence[Unit]) -> None:
        """Read all units and stage their rows; returns when every worker has flushed.

        Raises:
            UserError: an input cannot be read, the disk is full, or a worker was killed.
        """
        self._left.extend(units)
        self._held = dict.fromkeys(self._pipes, 0)
        for pipe in self._pipes:
            self._give(pipe)
        while self._left:
            self._worker.read(self._left.popleft())
        self._worker.flush()
        while self._held:
            self._attend(None)

    def stop(self, *, early: bool) -> None:
        """End all workers; an ``early`` end is at once, and each removes the file that it is writing.

        What they have reported is still taken, so that every staged file is known.
        """
        for pipe, process in self._pipes.items():
            if early:
                process.terminate()
            else:
                self._tell(pipe, _STOP)
        self._worker.close()
        for pipe, process in self._pipes.items():
            self._drain(pipe)
            process.join(_GRACE)
            if process.is_alive():
                process.kill()

    def _drain(self, pipe: Connection) -> None:
        with suppress(EOFError, OSError):
            while pipe.poll(_GRACE):
                message = pipe.recv()
                if not isinstance(message, tuple):
                    self._emit(message)
        pipe.close()

    def _attend(self, wait_s: float | None = 0) -> None:
        """Hear workers that have something to say; by default without waiting for one."""
        for pipe in wait(list(self._held), wait_s):
            assert isinstance(pipe, Connection)  # noqa: S101  (for the type: only pipes are waited on)
            self._hear(pipe)
            while pipe in self._held and pipe.poll():
                self._hear(pipe)

    def _hear(self, pipe: Connection) -> None:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            raise UserError(_obituary(self._pipes[pipe])) from None
        if not isinstance(message, tuple):
            self._emit(message)
            return
        word, text = message
        if word == _USER:
            raise UserError(text)
        if word == _BUG:
            raise RuntimeError(f"in a worker process:\n{text}")
        if word == _IDLE:
            self._held[pipe] -= 1
            self._give(pipe)
        else:
            del self._held[pipe]

    def _give(self, pipe: Connection) -> None:
        """Keep a worker busy: one unit ahead while there are many, so that it need not wait for us."""
        while self._left and self._held[pipe] < 1 + (len(self._left) > _MANY * len(self._held)):
            self._held[pipe] += 1
            self._tell(pipe, self._left.popleft())
        if not self._held[pipe]:
            self._tell(pipe, _FLUSH)

    def _tell(self, pipe: Connection, order: Unit | str) -> None:
        try:
            pipe.send(order)
        except OSError:
            raise UserError(_obituary(self._pipes[pipe])) from None


def _obituary(process: SpawnProcess) -> str:
    process.join(_GRACE)
    code = process.exitcode or 0
    how = f" by signal {-code}" if code < 0 else ""
    return (
        f"a worker process was killed{how}, perhaps for want of memory; what it read was not added"
        " to the lake: run the same command again, with --processes 1 if it happens again"
    )


@contextmanager
def _few_threads(count: int) -> Generator[None]:
    """Share the cores among processes that are started within: libraries read this at their import.

    NumPy, which pyarrow imports and nothing here computes with, would start threads that spin for
    a tenth of a second. The allocator of polars gives memory back at once, to ask for it again with
    the next batch (half of all page faults, 4 % of the time): it may keep some.
    """
    share = str(max((os.cpu_count() or 1) // count, 1))
    wanted = {
        "POLARS_MAX_THREADS": share,
        "OPENBLAS_NUM_THREADS": "1",
        "_RJEM_MALLOC_CONF": "dirty_decay_ms:10000,muzzy_decay_ms:10000",
    }
    added = {name: value for name, value in wanted.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def _no_interrupts() -> Generator[None]:
    """Hold Ctrl-C back: processes that are started within would print a traceback of their imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # else the first process starts it, which lets them through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(job: Job, pipe: Connection) -> None:
    """Be a worker until the pipe closes."""
    # Ctrl-C reaches the whole group; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    worker = Worker(job, pipe.send)
    with _Confession(pipe), closing(worker):
        while (order := pipe.recv()) != _STOP:
            if order == _FLUSH:
                worker.flush()
                pipe.send((_FLUSHED, ""))
            else:
                worker.read(order)
                pipe.send((_IDLE, ""))


class _Confession:
    """Tells the parent what ended a worker, so that nothing is printed here.

    When the pipe is closed the parent is gone: whether it has committed is not known, so no file
    is deleted.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or isinstance(error, SystemExit):
            return False
        if not isinstance(error, (EOFError, BrokenPipeError, ConnectionResetError)):
            text = "".join(traceback.format_exception(error))
            with suppress(OSError):
                user = isinstance(error, UserError)
                self._pipe.send((_USER, str(error)) if user else (_BUG, text))
        return True


def _leave(number: int, frame: Any) -> None:  # noqa: ARG001  (what a signal handler is given)
    sys.exit(128 + number)
