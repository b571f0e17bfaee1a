"""Containers around bytes, standard input, and large files that several workers share."""

from __future__ import annotations

import gzip
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import zstandard
from tests.ingest.otlp import keys, rows, traces

from evalctl.core.clock import now
from evalctl.core.schema import REJECTS
from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest
from evalctl.workflows.ingest_commit import add_spans
from evalctl.workflows.ingest_events import ChunkRead, Event, Job, Staged
from evalctl.workflows.ingest_inputs import Unit, find_inputs, plan_units
from evalctl.workflows.ingest_pool import Local
from evalctl.workflows.ingest_streams import open_unit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

BODY = traces(range(6))
PACKED = {
    "plain": BODY,
    "gzip": gzip.compress(BODY),
    "gzip of two members": gzip.compress(BODY[:1000]) + gzip.compress(BODY[1000:]),
    "zstd": zstandard.compress(BODY),
    "zstd of two frames": zstandard.compress(BODY[:1000]) + zstandard.compress(BODY[1000:]),
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_a_file_is_told_by_its_bytes_and_not_by_its_name(
    tmp_path: Path, lake: Path, packed: bytes
) -> None:
    (tmp_path / "export.txt").write_bytes(packed)

    result = ingest(str(lake), [str(tmp_path / "export.txt")], IngestOptions())

    assert (result.added, len(keys(lake))) == (24, 24)


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED.keys())
def test_standard_input_is_read_like_a_file(evalctl: Run, lake: Path, packed: bytes) -> None:
    done = evalctl("ingest", "-", stdin=packed)

    assert done.returncode == 0
    assert len(keys(lake)) == 24


def test_a_folder_is_read_with_its_folders_but_no_hidden_files_and_no_lake(
    tmp_path: Path, lake: Path
) -> None:
    for place in ("a.jsonl", "deep/er/b.jsonl", ".git/c.jsonl", "deep/.d.jsonl"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(BODY)
    ingest(str(lake), [str(tmp_path / "a.jsonl")], IngestOptions())

    result = ingest(str(lake), [str(tmp_path)], IngestOptions())

    read = [file.path for file in result.files if file.skipped is None]
    assert read == [str(tmp_path / "a.jsonl"), str(tmp_path / "deep/er/b.jsonl")]


def test_a_glob_is_expanded_and_a_file_named_twice_is_read_once(tmp_path: Path, lake: Path) -> None:
    for name in ("a.jsonl", "b.jsonl", "c.txt"):
        (tmp_path / name).write_bytes(BODY)

    result = ingest(str(lake), [f"{tmp_path}/*.jsonl", f"{tmp_path}/a.jsonl"], IngestOptions())

    assert [file.path for file in result.files] == [f"{tmp_path}/a.jsonl", f"{tmp_path}/b.jsonl"]


@pytest.mark.parametrize("count", [2, 3, 7])
def test_a_file_read_in_ranges_equals_the_whole(tmp_path: Path, lake: Path, count: int) -> None:
    file = tmp_path / "a.jsonl"
    body = traces(range(40)) + b'{"resourceSpans": oops}\n' + traces(range(40, 60))
    file.write_bytes(body)
    ingest(str(tmp_path / "whole"), [str(file)], IngestOptions())
    (source,) = find_inputs([str(file)])
    ends = [body.find(b"\n", len(body) * n // count) + 1 for n in range(1, count)]
    cuts = [0, *ends, len(body)]

    chunks = _read(lake, [Unit(input=source, start=a, end=b) for a, b in pairwise(cuts)])

    assert rows(lake).equals(rows(tmp_path / "whole"))
    assert [c.offset for c in chunks] == cuts[:-1]
    assert [r.offset for c in chunks for r in c.rejects] == [len(traces(range(40)))]


def test_a_file_of_more_than_a_range_is_shared_by_two_processes(tmp_path: Path, lake: Path) -> None:
    file = tmp_path / "a.jsonl"
    with file.open("wb") as out:
        for first in range(0, 2600, 100):
            out.write(traces(range(first, first + 100), text="x" * 10_000))
        out.write(b'{"resourceSpans": oops}\n')

    result = ingest(str(lake), [str(file)], IngestOptions())

    assert len(plan_units(find_inputs([str(file)]))) == 7
    assert (result.added, len(set(keys(lake)))) == (10_400, 10_400)
    rejects = Lake.open(str(lake)).scan(REJECTS).collect()
    assert rejects["line"].to_list() == [2601]
    again = ingest(str(lake), [str(file)], IngestOptions(processes=1))
    assert (again.spans, again.known) == (0, 10_400)


def test_a_dry_run_tells_the_same_and_writes_nothing(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(5)) + traces(range(3)) + b"{broken\n")

    foreseen = ingest(str(lake), [str(tmp_path)], IngestOptions(dry_run=True))

    assert not lake.exists()
    done = ingest(str(lake), [str(tmp_path / "a.jsonl")], IngestOptions())
    assert foreseen.files == done.files
    assert (foreseen.added, foreseen.duplicates) == (done.added, done.duplicates) == (20, 12)


def _read(lake: Path, units: list[Unit]) -> list[ChunkRead]:
    made = Lake.create(str(lake))
    at = now()
    job = Job(
        lake=made.uri,
        salt=made.salt,
        source="default",
        project=None,
        batch="test",
        at=at,
        redact=None,
        known=frozenset(),
        writes=True,
        budget=1 << 20,
    )
    events: list[Event] = []
    Local(job, events.append).run(units)
    add_spans(made, [event for event in events if isinstance(event, Staged)], job)
    return [event for event in events if isinstance(event, ChunkRead)]


def test_a_large_document_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "whole.json"
    file.write_bytes(b"[" + b",".join(traces(range(3000)).splitlines()) + b"]")

    opened = open_unit(Unit(input=find_inputs([str(file)])[0]))
    opened.container()

    assert opened.stream.read() == file.read_bytes()
    assert file.stat().st_size > 2**21
    opened.close()
