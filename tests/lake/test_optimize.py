from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from tests.lake.frames import DAY, frame, reject, span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import REJECTS, SCORES, SPANS
from evalctl.lake.lake import Lake
from evalctl.lake.locks import MAINTENANCE, exclusive
from evalctl.lake.optimize import newest_only, optimize, rewrite
from evalctl.lake.replace import RANGE_BYTES, bucket_ranges
from evalctl.workflows.lake_optimize import lake_optimize

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Add = Callable[[pl.DataFrame], None]

NEXT = DAY + timedelta(days=1)


def begin(*processes: subprocess.Popen[str]) -> None:
    """Let processes that say they are ready go on together."""
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def test_many_small_files_become_one_sorted_file_with_the_same_rows(lake: Lake, add: Add) -> None:
    for number in range(6):
        add(spans(*(span(f"{i}{number}", input=f"{i}") for i in range(5))))
    add(spans(span("far", day=NEXT)))
    before = lake.spans(dates=[DAY]).sort("trace_id").collect()

    [(table, done)] = optimize(lake)

    assert (table, done.date, done.files_before, done.files_after) == (SPANS, DAY, 6, 1)
    assert (done.rows_before, done.rows_after) == (30, 30)
    assert lake.spans(dates=[DAY]).sort("trace_id").collect().equals(before, null_equal=True)
    [path] = lake.files(SPANS).filter(pl.col("date") == DAY)["path"]
    keys = pl.read_parquet(Path(lake.uri, "spans", path)).select(SPANS.sort_by)
    assert keys.equals(keys.sort(SPANS.sort_by))


def test_tables_without_dates_are_compacted_too(lake: Lake) -> None:
    for number in range(5):
        lake.append(REJECTS, reject(str(number)))

    [(table, done)] = optimize(lake)

    assert (table, done.date, done.files_before, done.files_after) == (REJECTS, None, 5, 1)
    assert sorted(lake.scan(REJECTS).collect()["reason"]) == list("01234")


def test_a_second_optimize_finds_nothing_to_do(lake: Lake, add: Add) -> None:
    for number in range(6):
        add(spans(span(str(number))))
    list(optimize(lake))
    version = lake.version(SPANS)

    assert (list(optimize(lake)), lake.version(SPANS)) == ([], version)


def test_superseded_revisions_are_folded_away(lake: Lake, add: Add) -> None:
    add(spans(span("a", output="old"), span("b", output="only"), span("z", day=NEXT)))
    add(spans(span("a", output="new", revision=1)))

    [(_, done)] = optimize(lake)

    assert (done.rows_before, done.rows_after) == (3, 2)
    stored = lake.scan(SPANS).filter(pl.col("date") == DAY).sort("trace_id").collect()
    assert stored.select("output", "revision").rows() == [("new", 0), ("only", 0)]
    assert lake.files(SPANS)["revision_max"].to_list() == [0, 0]


def test_a_revision_whose_earlier_row_is_elsewhere_keeps_its_number() -> None:
    rows = spans(span("a", revision=1), span("b"), span("b", revision=1), span("b", revision=2))

    kept = newest_only(rows)

    assert kept.select("trace_id", "revision").rows() == [("a", 1), ("b", 0)]


def test_no_span_is_lost_or_doubled_by_optimizing_while_others_write(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    uri, chunks = str(tmp_path / "lake"), 25
    lake = Lake.create(uri)
    writers = [start("write", uri, writer, chunks) for writer in "ab"]

    rewritten = 0
    while any(writer.poll() is None for writer in writers):
        rewritten += sum(table is SPANS for table, _ in optimize(lake))

    assert [writer.communicate()[1] for writer in writers] == ["", ""]
    wanted = [f"{writer}-{n}-{i}" for writer in "ab" for n in range(chunks) for i in range(3)]
    assert sorted(lake.spans().collect()["trace_id"]) == sorted(wanted)
    assert rewritten > 0


def test_of_two_optimizes_at_once_one_does_the_work(
    lake: Lake, add: Add, start: Callable[..., subprocess.Popen[str]]
) -> None:
    for number in range(8):
        add(spans(span(str(number)), span(f"far{number}", day=NEXT)))
    both = [start("compact", lake.uri) for _ in range(2)]

    begin(*both)
    endings = [process.communicate() for process in both]

    assert [error for _, error in endings] == ["", ""]
    assert sorted("".join(out for out, _ in endings).splitlines()) == ["spans 8 8 8", "spans 8 8 8"]
    assert lake.spans().collect().height == 16


def test_maintenance_that_is_under_way_is_named_and_not_disturbed(
    lake: Lake, start: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = start("hold", lake.uri)
    assert holder.stdout is not None
    holder.stdout.readline()

    with pytest.raises(
        UserError, match=rf"is being maintained by another evalctl \(pid {holder.pid}\)"
    ):
        list(optimize(lake))


def test_a_lock_goes_with_the_process_that_held_it(
    lake: Lake, start: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = start("hold", lake.uri)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.kill()
    holder.wait()

    with exclusive(lake.uri, MAINTENANCE):
        held = Path(lake.uri, ".locks/maintenance.lock").read_text()

    assert held == str(os.getpid())


def test_rewrite_changes_columns_of_one_date_in_one_commit(lake: Lake, add: Add) -> None:
    add(spans(span("a"), span("b"), span("z", day=NEXT)))
    add(spans(span("a", revision=1)))
    version = lake.version(SPANS)

    def give(rows: pl.DataFrame) -> pl.DataFrame:
        answers = [[{"rubric": "r"}] if trace == "a" else None for trace in rows["trace_id"]]
        return rows.with_columns(pl.Series("evaluations", answers, SPANS.schema["evaluations"]))

    done = rewrite(lake, DAY, give)

    assert (done.rows_before, done.rows_after, lake.version(SPANS)) == (3, 2, version + 1)
    rubrics = pl.col("evaluations").list.first().struct.field("rubric")
    got = lake.spans().sort("trace_id").select("trace_id", rubrics).collect()
    assert got.rows() == [("a", "r"), ("b", None), ("z", None)]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.head(1),
        lambda rows: pl.concat([rows, rows]),
        lambda rows: rows.reverse(),
        lambda rows: rows.with_columns(trace_id=pl.lit("x")),
        lambda rows: rows.with_columns(date=pl.lit(NEXT)),
    ],
)
def test_a_rewrite_that_would_lose_add_or_move_rows_changes_nothing(
    lake: Lake, add: Add, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    add(spans(span("a"), span("b")))
    version = lake.version(SPANS)

    with pytest.raises(ValueError, match="neither rows nor their order"):
        rewrite(lake, DAY, change)

    assert lake.version(SPANS) == version
    assert len(list(Path(lake.uri, "spans").rglob("*.parquet"))) == 1


def test_optimize_folds_what_it_is_given_into_spans(lake: Lake, add: Add) -> None:
    for number in range(5):
        add(spans(span(str(number))))

    list(optimize(lake, fold=lambda day, rows: rows.with_columns(agent=pl.lit(str(day)))))

    assert lake.spans().collect()["agent"].to_list() == [str(DAY)] * 5


def test_a_rewrite_of_an_absent_date_does_nothing(lake: Lake) -> None:
    done = rewrite(lake, DAY, lambda rows: rows)

    assert (done.files_before, done.files_after, lake.version(SPANS)) == (0, 0, -1)


def test_a_log_that_counts_other_rows_than_its_files_hold_stops_a_rewrite(
    lake: Lake, add: Add
) -> None:
    add(spans(span("a"), span("b")))
    commit = Path(lake.uri, "spans/_delta_log", f"{1:020}.json")
    commit.write_text(commit.read_text().replace('numRecords\\":2', 'numRecords\\":3'))

    with pytest.raises(
        UserError, match="files hold 2 rows and the log says 3; nothing was changed"
    ):
        rewrite(lake, DAY, lambda rows: rows)


def test_a_damaged_data_file_stops_a_rewrite_with_a_sentence(lake: Lake, add: Add) -> None:
    add(spans(span("a"), span("b")))
    [(path, size)] = lake.files(SPANS)["path", "size"].rows()
    Path(lake.uri, "spans", path).write_bytes(bytes(size))

    with pytest.raises(UserError, match="a data file is damaged, nothing was changed"):
        rewrite(lake, DAY, lambda rows: rows)


@pytest.mark.parametrize(
    "size", [0, 1, RANGE_BYTES, RANGE_BYTES + 1, 5 * RANGE_BYTES, 900 * RANGE_BYTES]
)
def test_ranges_of_buckets_cover_all_without_overlap(size: int) -> None:
    ranges = list(bucket_ranges(size))

    assert [low for low, _ in ranges] == [0, *(high for _, high in ranges[:-1])]
    assert (ranges[-1][1], len(ranges)) == (64, min(max(-(-size // RANGE_BYTES), 1), 64))


def test_a_date_that_is_too_large_for_memory_is_rewritten_in_ranges(
    lake: Lake, add: Add, tmp_path: Path
) -> None:
    noise = [os.urandom(75_000).hex() for _ in range(64)]  # 64 x 75 KB that no codec shrinks
    for part in range(2):
        add(spans(*(span(f"{part}-{i}", bucket=i, input=text) for i, text in enumerate(noise))))

    done = rewrite(lake, DAY, lambda rows: rows)

    files = lake.files(SPANS).sort("bucket_min")
    assert (done.files_after, done.rows_after) == (2, 128)
    assert files.select("bucket_min", "bucket_max").rows() == [(0, 31), (32, 63)]
    assert set(lake.spans().collect()["input"]) == set(noise)


def test_the_command_folds_the_ledger_into_the_spans_that_it_compacts(lake: Lake, add: Add) -> None:
    for number in range(5):
        add(spans(span(str(number), is_root=True)))
    answer = {"rubric": "r", "verdict": "fail", "annotator": "rule"}
    scored = {**span("3"), "span_id": None, "target": "trace", "run": "1", "answers": [answer]}
    lake.append(SCORES, frame(SCORES, [scored]))

    [done] = lake_optimize(lake)

    assert (done.table, done.files_before, done.files_after, done.rows) == ("spans", 5, 1, 5)
    verdicts = pl.col("evaluations").list.first().struct.field("verdict")
    got = lake.spans().sort("trace_id").select("trace_id", verdicts).collect()
    assert got.rows() == [("0", None), ("1", None), ("2", None), ("3", "fail"), ("4", None)]
