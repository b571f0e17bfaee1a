"""What bad input gets: one sentence, exit 2, and a lake as good as before."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.ingest.otlp import keys, line, span, traces

from evalctl.core.schema import REJECTS, SPANS
from evalctl.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

EVALCTL = [sys.executable, "-m", "evalctl"]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder with every kind of file that is no trace export."""
    folder = tmp_path / "exports"
    (folder / "hollow").mkdir(parents=True)
    (folder / "hidden").mkdir()
    (folder / "hidden" / ".traces.jsonl").write_bytes(traces(range(2)))
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "blank.jsonl").write_bytes(b"\n \n\n")
    (folder / "notes.txt").write_bytes(b"Dear diary\n")
    (folder / "table.csv").write_bytes(b"a,b\n1,2\n")
    (folder / "other.jsonl").write_bytes(b'{"level": "info"}\n')
    (folder / "half.jsonl").write_bytes(line(span(1, 1))[:100])
    (folder / "null.bin").write_bytes(b"\0" * 4096)
    (folder / "dangling.jsonl").symlink_to(folder / "gone.jsonl")
    return folder


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gone.jsonl"], "gone.jsonl: no such file or folder"),
        (["*.parquet"], "*.parquet: no file matches the pattern"),
        (["hollow"], "hollow: there is no file in this folder; hidden files are not read"),
        (["hidden"], "hidden: there is no file in this folder; hidden files are not read"),
        (["dangling.jsonl"], "dangling.jsonl: a link to a file that does not exist"),
        (["empty.jsonl"], "empty.jsonl: empty; nothing was ingested"),
        (["blank.jsonl"], "blank.jsonl: not a trace export; nothing was ingested"),
        (["notes.txt"], "notes.txt: not a trace export; nothing was ingested"),
        (["table.csv"], "table.csv: not a trace export; nothing was ingested"),
        (["other.jsonl"], "other.jsonl: not a trace export; nothing was ingested"),
        (["null.bin"], "null.bin: not a trace export; nothing was ingested"),
        (["half.jsonl"], "half.jsonl: no trace in it"),
        (["notes.txt", "table.csv"], "notes.txt: not a trace export, nor are 1 other files"),
        (["-"], "-: no trace in it (not a trace export)"),
    ],
)
def test_nothing_to_ingest_is_a_sentence_and_exit_2(
    evalctl: Run, exports: Path, words: list[str], sentence: str
) -> None:
    done = evalctl("ingest", *words, stdin=b"hello\n", cwd=exports)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"evalctl: {sentence}")
    assert done.stderr.count("\n") == 1


def test_what_is_no_export_in_a_folder_is_listed_and_the_rest_goes_in(
    evalctl: Run, exports: Path, lake: Path
) -> None:
    (exports / "good.jsonl").write_bytes(traces(range(2)))

    done = evalctl("ingest", ".", cwd=exports)

    assert done.returncode == 0
    assert len(keys(lake)) == 8
    for name in ("dangling.jsonl", "empty.jsonl", "notes.txt"):
        assert f"skipped {name}" in done.stderr or "more files" in done.stderr


def test_a_bad_record_is_a_reject_with_its_place_and_the_rest_goes_in(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    good = line(span(1, 1))
    (tmp_path / "a.jsonl").write_bytes(good + b'{"resourceSpans": oops}\n' + line(span(1, 2)))

    done = evalctl("ingest", "a.jsonl")

    rejected = Lake.open(str(lake)).scan(REJECTS).collect()
    assert done.returncode == 0
    assert len(keys(lake)) == 2
    assert rejected.select("file", "offset", "line").rows() == [("a.jsonl", len(good), 2)]


def test_rejects_are_not_doubled_by_a_second_file_with_the_same_record(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    bad = b'{"resourceSpans": oops}\n'
    (tmp_path / "a.jsonl").write_bytes(bad + line(span(1, 1)))
    evalctl("ingest", "a.jsonl")
    (tmp_path / "a.jsonl").write_bytes(bad + line(span(1, 2)))

    evalctl("ingest", "a.jsonl")

    assert Lake.open(str(lake)).scan(REJECTS).collect().height == 1


def test_a_cut_off_last_line_is_a_note_and_no_reject(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    (tmp_path / "live.jsonl").write_bytes(traces(range(2)) + line(span(9, 9))[:60])

    done = evalctl("ingest", "live.jsonl")

    assert done.returncode == 0
    assert len(keys(lake)) == 8
    assert "the last record is cut off" in done.stderr
    assert Lake.open(str(lake)).version(REJECTS) == -1


@pytest.mark.parametrize("count", [8, 50, 400])
def test_a_cut_off_gzip_gives_what_came_before_the_cut(
    evalctl: Run, tmp_path: Path, lake: Path, count: int
) -> None:
    packed = gzip.compress(
        b"".join(traces(range(n, n + 1), text=os.urandom(3000).hex()) for n in range(count))
    )
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])

    done = evalctl("ingest", "a.jsonl.gz")

    assert done.returncode == 0
    assert 4 * (count // 2 - 1) <= len(keys(lake)) <= 4 * (count // 2 + 10)
    assert "the compressed data breaks off" in done.stderr


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(
            b'{"resourceSpans": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}\n", id="10,000 deep"
        ),
        pytest.param(
            line(span(1, 7)).replace(b"call 7", b"a\\u0000b \\ud800"), id="NUL and a lone surrogate"
        ),
        pytest.param(
            line(span(1, 7)).replace(b"call 7", b"\xff\xfe"), id="bytes that are not UTF-8"
        ),
        pytest.param(
            line(span(1, 7)).replace(b'"17', b'"99917'), id="a time far outside the calendar"
        ),
        pytest.param(line(span(1, 7)).replace(b'"17', b'"-17'), id="a negative time"),
        pytest.param(
            line({**span(1, 7), "spanId": "not hex", "traceId": "x y"}), id="ids of another shape"
        ),
        pytest.param(line({**span(1, 7), "spanId": ""}), id="no span id"),
    ],
)
def test_a_hostile_record_does_not_keep_the_others_out(
    evalctl: Run, tmp_path: Path, lake: Path, odd: bytes
) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(span(1, 1)) + odd + line(span(1, 2)))

    done = evalctl("ingest", "a.jsonl")

    found = Lake.open(str(lake)).spans().collect()
    rejected = Lake.open(str(lake)).scan(REJECTS).collect()
    assert done.returncode == 0
    assert {"call 1", "call 2"} <= set(found["name"])
    assert found.height + rejected.height == 3


def test_a_single_line_of_200_mb_is_one_row(evalctl: Run, tmp_path: Path, lake: Path) -> None:
    huge = span(1, 1, attributes={"input.value": "x" * 200_000_000})
    (tmp_path / "a.jsonl").write_bytes(line(span(1, 2)) + line(huge) + line(span(1, 3)))

    done = evalctl("ingest", "a.jsonl", "--processes", "2")

    assert done.returncode == 0
    assert len(keys(lake)) + Lake.open(str(lake)).scan(REJECTS).collect().height == 3


def test_a_lake_of_a_newer_evalctl_is_refused(evalctl: Run, tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(1)))
    evalctl("ingest", "a.jsonl")
    born = (lake / "evalctl.json").read_text()
    (lake / "evalctl.json").write_text(born.replace('"format": 1', '"format": 99'))

    done = evalctl("ingest", "a.jsonl")

    assert (done.returncode, done.stdout) == (2, "")
    assert "upgrade evalctl" in done.stderr


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_disk_that_fills_up_leaves_the_lake_as_it_was(
    evalctl: Run, tmp_path: Path, lake: Path, processes: str
) -> None:
    (tmp_path / "small.jsonl").write_bytes(traces(range(3)))
    for name in ("a.jsonl", "b.jsonl"):
        body = b"".join(traces(range(n, n + 1), text=os.urandom(20_000).hex()) for n in range(100))
        (tmp_path / name).write_bytes(body)
    evalctl("ingest", "small.jsonl")
    before = (keys(lake), _files(lake))

    done = subprocess.run(
        [*EVALCTL, "ingest", "a.jsonl", "b.jsonl", "--lake", str(lake), "--processes", processes],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing was added to the lake" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (keys(lake), _files(lake)) == before


def _files(lake: Path) -> list[str]:
    return sorted(path.name for path in (lake / SPANS.name).rglob("*.parquet"))
