"""What the tests let other processes do to a lake: ``python -m tests.lake.processes WHAT ARGUMENT...``."""

from __future__ import annotations

import resource
import signal
import sys
import traceback
from pathlib import Path

from tests.lake.frames import frame, reject, span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import REJECTS, SOURCES, SPANS
from evalctl.lake.lake import Lake
from evalctl.lake.locks import MAINTENANCE, exclusive
from evalctl.lake.optimize import optimize
from evalctl.lake.snapshot import Moved
from evalctl.lake.staging import StagedFile, discard, stage


def tell(*words: object) -> None:
    """Write a line that the test waits for."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def create(uri: str) -> None:
    """Create the lake when told to, and print its salt."""
    tell("ready")
    sys.stdin.readline()
    tell(Lake.create(uri).salt.hex())


def write(uri: str, writer: str, chunks: str) -> None:
    """Add chunks 0, 1, ... of three spans each, once each, whatever happened before."""
    lake = Lake.create(uri)
    for number in range(int(chunks)):
        chunk = f"{writer}-{number}"
        rows = spans(*(span(f"{chunk}-{i}", ingest_batch=chunk) for i in range(3)))
        files = stage(uri, SPANS, rows)
        while not _add_once(lake, chunk, files):
            pass
        tell(number)


def _add_once(lake: Lake, chunk: str, files: list[StagedFile]) -> bool:
    snapshot = lake.snapshot(SPANS)
    if chunk in set(snapshot.files()["batch_max"]):
        discard(lake.uri, files)
        return True
    try:
        snapshot.commit(files, {"chunk": chunk})
    except Moved:
        return False
    return True


def append(uri: str, writer: str, times: str) -> None:
    """Append to a small table."""
    lake = Lake.create(uri)
    tell("ready")
    sys.stdin.readline()
    for number in range(int(times)):
        lake.append(REJECTS, reject(f"{writer}-{number}"))


def compact(uri: str) -> None:
    """Optimize, and print what was rewritten."""
    tell("ready")
    sys.stdin.readline()
    for table, replaced in optimize(Lake.open(uri), wait_s=30):
        tell(table.name, replaced.files_before, replaced.rows_before, replaced.rows_after)


def hold(uri: str) -> None:
    """Hold the maintenance lock until told to end."""
    with exclusive(uri, MAINTENANCE):
        tell("ready")
        sys.stdin.readline()


def fill_disk(uri: str) -> None:
    """Stage more than may be written, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    noise = [span(f"t{i}", input=str(hash(("a", i)) ** 9)) for i in range(2_000)]
    try:
        stage(uri, SPANS, spans(span("first", day=span("t")["date"].replace(day=2)), *noise))
    except UserError as error:
        tell(error)


def fill_log(uri: str) -> None:
    """Commit when the disk has become full since the files were staged."""
    lake = Lake.open(uri)
    files = stage(uri, REJECTS, reject("b"))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        lake.snapshot(REJECTS).commit(files, {})
    except UserError as error:
        tell(str(error))
        tell("".join(traceback.format_exception(error)))


def imports(uri: str) -> None:
    """Print what a worker that stages has loaded."""
    stage(uri, SOURCES, frame(SOURCES, [{"chunk": "c", "bytes": 1}]))
    tell(" ".join(sorted({name.split(".")[0] for name in sys.modules})))


if __name__ == "__main__":
    Path(sys.argv[2]).parent.mkdir(exist_ok=True)
    globals()[sys.argv[1]](*sys.argv[2:])
