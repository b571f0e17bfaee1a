"""Ingests at once, killed at every step: afterwards every span, score and reject stands there once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ingest.otlp import keys, line, rows, span, traces

from evalctl.core.schema import REJECTS, SCORES, SOURCES, SPANS
from evalctl.core.table import Table
from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KILLS = 20
STEPS = {
    "a file is staged": "spans/date=*/*.parquet",
    "the spans are committed": "spans/_delta_log/*.json",
    "the scores are committed": "scores/_delta_log/*.json",
    "the rejects are committed": "rejects/_delta_log/*.json",
    "the chunks are noted": "sources/_delta_log/*.json",
}


@pytest.fixture
def start(lake: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start an ingest into the lake; what still runs at the end of a test is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(folder: Path, processes: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "evalctl", "ingest", str(folder)]
        process = subprocess.Popen(
            [*command, "--lake", str(lake), "--processes", str(processes)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def test_two_ingests_killed_20_times_leave_everything_there_once(
    tmp_path: Path, lake: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    kills = 0
    for part, step in enumerate(cycle(STEPS)):
        if kills >= KILLS:
            break
        _add_files(folders, part)
        before = _seen(lake, step)
        running = [start(folders[0], 1), start(folders[1], 2)]
        _until(lambda: _seen(lake, step) > before or _ended(running))  # noqa: B023  (called at once)
        kills += sum(_kill(process) for process in running)

    again = [start(folders[0], 1), start(folders[1], 2)]

    assert [process.wait(60) for process in again] == [0, 0]
    ingest(str(tmp_path / "calm"), [str(folder) for folder in folders], IngestOptions())
    assert rows(lake).equals(rows(tmp_path / "calm"))
    assert len(keys(lake)) == len(set(keys(lake)))
    for table in (SCORES, REJECTS, SOURCES):
        assert _content(lake, table) == _content(tmp_path / "calm", table)


def test_ingests_of_overlapping_exports_at_once_leave_every_span_once(
    tmp_path: Path, lake: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "a.jsonl").write_bytes(traces(range(number * 10, number * 10 + 30), days=3))

    done = [start(folder, 1) for folder in folders]

    assert [process.wait(60) for process in done] == [0, 0, 0]
    assert len(keys(lake)) == len(set(keys(lake))) == 50 * 4


def test_an_interrupt_leaves_no_file_behind_and_says_how_to_go_on(
    tmp_path: Path, lake: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for number in range(2):
        body = traces(range(number * 400, number * 400 + 400), days=80)
        (folder / f"{number}.jsonl").write_bytes(body)
    process = start(folder, 2)
    _until(lambda: _seen(lake, "a file is staged") > 0)

    os.killpg(process.pid, signal.SIGINT)

    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert words.startswith("evalctl: interrupted")
    assert words.count("\n") == 1
    assert _seen(lake, "a file is staged") == Lake.open(str(lake)).files(SPANS).height == 0


def test_a_killed_worker_ends_the_run_with_a_sentence_and_nothing_is_added(
    tmp_path: Path, lake: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_bytes(traces(range(2000), spans=8))
    process = start(folder, 2)
    _until(lambda: len(_workers(process.pid)) == 1)

    os.kill(_workers(process.pid)[0], signal.SIGKILL)

    _, words = process.communicate(timeout=60)
    assert process.returncode == 2
    assert words.startswith("evalctl: a worker process was killed by signal 9")
    assert words.count("\n") == 1
    assert keys(lake) == []
    assert _seen(lake, "a file is staged") == 0


def test_workers_end_when_their_parent_is_killed(
    tmp_path: Path, lake: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    for name in ("a.jsonl", "b.jsonl"):
        (folder / name).write_bytes(traces(range(2000), spans=8))
    process = start(folder, 2)
    _until(lambda: len(_workers(process.pid)) == 1)
    workers = _workers(process.pid)

    process.kill()

    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def _add_files(folders: list[Path], part: int) -> None:
    """Give each folder one more file; half of the traces stand in both, in other bytes."""
    for number, folder in enumerate(folders):
        folder.mkdir(exist_ok=True)
        first = part * 30 + number * 10
        body = traces(range(first, first + 20), days=2) + _told(range(first, first + 20))
        (folder / f"{part}.jsonl").write_bytes(body + b"{broken %d\n" % part + traces([first]))


def _told(numbers: range) -> bytes:
    """Return a line per trace with a span that carries feedback."""
    return b"".join(
        line(
            span(
                number,
                number * 100 + 50,
                events=[
                    {
                        "name": "gen_ai.evaluation.result",
                        "timeUnixNano": "1772366400000000000",
                        "attributes": [
                            _attribute("gen_ai.evaluation.name", {"stringValue": "helpful"}),
                            _attribute("gen_ai.evaluation.score.value", {"doubleValue": number}),
                        ],
                    }
                ],
            )
        )
        for number in numbers
    )


def _attribute(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "value": value}


def _content(lake: Path, table: Table) -> list[tuple[Any, ...]]:
    """Return the rows of a table in order, without what differs from run to run."""
    of_the_run = {"run", "ingest_batch", "ingested_at", "bucket", "answers"}
    names = [name for name in table.schema if name not in of_the_run]
    found = Lake.open(str(lake)).scan(table).select(names).collect()
    return found.sort(names, nulls_last=True).rows()


def _seen(lake: Path, step: str) -> int:
    return sum(1 for _ in lake.glob(STEPS[step]))


def _workers(pid: int) -> list[int]:
    """Return the worker processes of an ingest: its children but the one that tracks resources."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def _ended(running: list[subprocess.Popen[str]]) -> bool:
    return all(process.poll() is not None for process in running)


def _kill(process: subprocess.Popen[str]) -> bool:
    if process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def _until(is_so: Callable[[], bool]) -> None:
    """Look until it is so, for a minute at most."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "did not happen within a minute"
        os.sched_yield()
