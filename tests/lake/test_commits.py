from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.lake.frames import DAY, reject, span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import REJECTS, SPANS
from evalctl.lake.lake import Lake
from evalctl.lake.optimize import rewrite
from evalctl.lake.snapshot import Moved
from evalctl.lake.staging import stage

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable


def test_a_commit_on_a_snapshot_that_is_no_longer_the_newest_is_refused(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    before_all = lake.snapshot(SPANS)
    add(spans(span("a")))
    before_last = lake.snapshot(SPANS)
    add(spans(span("b")))
    files = stage(lake.uri, SPANS, spans(span("c")))

    for stale in (before_all, before_last):
        with pytest.raises(Moved):
            stale.commit(files, {})

    lake.snapshot(SPANS).commit(files, {})
    assert sorted(lake.spans().collect()["trace_id"]) == ["a", "b", "c"]


def test_a_rewrite_in_between_does_not_stop_a_commit(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a")))
    snapshot = lake.snapshot(SPANS)
    rewrite(lake, DAY, lambda rows: rows)

    snapshot.commit(stage(lake.uri, SPANS, spans(span("b"))), {})

    assert sorted(lake.spans().collect()["trace_id"]) == ["a", "b"]


def test_a_commit_without_files_is_none(lake: Lake) -> None:
    lake.snapshot(SPANS).commit([], {})

    assert lake.version(SPANS) == -1


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def swap(path: Path) -> None:
    spans(span("other")).drop("date").write_parquet(path)


@pytest.mark.parametrize("damage", [Path.unlink, cut_short, swap])
def test_a_file_that_changed_since_it_was_staged_is_not_committed(
    lake: Lake, damage: Callable[[Path], Any]
) -> None:
    files = stage(lake.uri, SPANS, spans(span("a")))
    damage(Path(lake.uri, "spans", files[0].path))

    with pytest.raises(UserError, match="is not the file that was staged"):
        lake.snapshot(SPANS).commit(files, {})

    assert lake.version(SPANS) == -1


def test_a_file_with_other_rows_or_columns_than_staged_is_not_committed(lake: Lake) -> None:
    [file] = stage(lake.uri, SPANS, spans(span("a"), span("b")))
    path = Path(lake.uri, "spans", file.path)
    spans(span("a")).drop("date", "tool").write_parquet(path)
    narrow = replace(file, size=path.stat().st_size, rows=1)
    spans(span("a")).drop("date").write_parquet(path)
    short = replace(file, size=path.stat().st_size)

    for wrong in (narrow, short):
        with pytest.raises(UserError, match="is not the file that was staged"):
            lake.snapshot(SPANS).commit([wrong], {})


def test_checkpoints_keep_a_lake_of_many_commits_fast_to_open(lake: Lake) -> None:
    for number in range(42):
        lake.append(REJECTS, reject(str(number)))

    last = json.loads(Path(lake.uri, "rejects/_delta_log/_last_checkpoint").read_text())
    assert 42 - last["version"] < 10
    assert sorted(lake.scan(REJECTS).collect()["reason"], key=int) == [str(n) for n in range(42)]


def test_a_commit_whose_checkpoint_fails_counts_once(lake: Lake) -> None:
    lake.append(REJECTS, reject("0"))
    for version in (9, 10):  # where the engine writes checkpoints
        Path(lake.uri, "rejects/_delta_log", f"{version:020}.checkpoint.parquet").mkdir()

    for number in range(1, 13):
        lake.append(REJECTS, reject(str(number)))

    assert sorted(lake.scan(REJECTS).collect()["reason"], key=int) == [str(n) for n in range(13)]


def test_a_folder_in_the_way_of_a_table_is_a_sentence(lake: Lake) -> None:
    Path(lake.uri, "rejects").write_text("")

    with pytest.raises(UserError, match=r"cannot write to .*/rejects: "):
        lake.append(REJECTS, reject("a"))


def test_processes_that_append_at_once_lose_and_double_nothing(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    uri = str(tmp_path / "lake")
    writers = [start("append", uri, writer, 12) for writer in "abc"]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()

    errors = [writer.communicate()[1] for writer in writers]

    assert errors == ["", "", ""]
    reasons = Lake.open(uri).scan(REJECTS).collect()["reason"].to_list()
    assert sorted(reasons) == sorted(f"{writer}-{n}" for writer in "abc" for n in range(12))


def test_writers_that_are_killed_add_every_chunk_exactly_once(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """Three writers, killed at random moments and started again until each has said its last chunk."""
    uri, chunks, kills = str(tmp_path / "lake"), 12, 10
    chance = random.Random(7)
    for round_ in range(kills // 2):
        writers = [start("write", uri, writer, chunks) for writer in "abc"]
        for victim in chance.sample(writers, 2):
            assert victim.stdout is not None
            for _ in range(chance.randint(1, 2 + round_ * 2)):
                victim.stdout.readline()
            time.sleep(chance.random() * 0.02)  # anywhere in the next chunk: not a wait for a state
            victim.kill()
        for writer in writers:
            writer.kill()
            writer.wait()

    last = [start("write", uri, writer, chunks) for writer in "abc"]
    endings = [writer.communicate() for writer in last]

    assert [error for _, error in endings] == ["", "", ""]
    rows = Lake.open(uri).spans().collect()
    wanted = [f"{writer}-{n}-{i}" for writer in "abc" for n in range(chunks) for i in range(3)]
    assert sorted(rows["trace_id"]) == sorted(wanted)


def test_a_log_that_cannot_be_written_is_a_sentence_without_the_engines_words(
    lake: Lake, start: Callable[..., subprocess.Popen[str]]
) -> None:
    lake.append(REJECTS, reject("a"))

    out, errors = start("fill_log", lake.uri).communicate()

    assert errors == ""
    assert out.splitlines()[0] == (
        f"cannot commit to {lake.uri}/rejects: the disk is full, read-only, or too busy"
    )
    assert "DeltaError" not in out
    assert lake.scan(REJECTS).collect()["reason"].to_list() == ["a"]
