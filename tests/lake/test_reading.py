from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.lake.frames import DAY, span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import SPANS
from evalctl.core.table import Table
from evalctl.lake.staging import stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalctl.lake.lake import Lake

NEXT = DAY + timedelta(days=1)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def blank_files_of(lake: Lake, batch: str) -> None:
    """Overwrite the files of an ingest batch: a query that still answers has not looked at them."""
    for path, size in lake.files(SPANS).filter(pl.col("batch_max") == batch)["path", "size"].rows():
        Path(lake.uri, "spans", path).write_bytes(bytes(size))


def test_a_blank_file_does_stop_a_query_that_reads_it(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a", ingest_batch="1")))
    blank_files_of(lake, "1")

    with pytest.raises(pl.exceptions.ComputeError):
        lake.spans().collect()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (Path.unlink, r"cannot be read \(No such file or directory\)"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:-9]),
            "has [0-9,]+ bytes instead of [0-9,]+",
        ),
    ],
)
def test_a_file_that_is_gone_or_cut_short_is_named_before_anything_is_read(
    lake: Lake, add: Callable[[pl.DataFrame], None], damage: Callable[[Path], Any], words: str
) -> None:
    add(spans(span("a"), span("z", day=NEXT)))
    path = Path(lake.uri, "spans", lake.files(SPANS).filter(pl.col("date") == NEXT)["path"][0])
    damage(path)

    for read in (lake.spans, lambda: lake.spans(dates=[NEXT]), lambda: lake.scan(SPANS)):
        with pytest.raises(UserError, match=rf"^{path} {words}: restore it from a backup"):
            read()
    assert lake.spans(dates=[DAY]).collect()["trace_id"].to_list() == ["a"]


@pytest.mark.parametrize(
    "predicate",
    [
        pl.col("date") == DAY,
        pl.col("date").is_in([DAY]),
        pl.col("bucket") == 3,
        pl.col("bucket").is_in([3, 4]),
        (pl.col("bucket") >= 2) & (pl.col("bucket") < 6),
        pl.col("kind") == "tool",
        pl.col("kind").is_in(["tool", "agent"]),
        pl.col("tool") == "refund",
        pl.col("tool").is_not_null(),
        pl.col("trace_id") == "a",
        pl.col("trace_id").is_in(["a", "b"]),
        (pl.col("trace_id") >= "a") & (pl.col("trace_id") < "b"),
        (pl.col("start_time") >= START) & (pl.col("start_time") < START + timedelta(hours=1)),
        pl.col("status") == "ok",
        pl.col("prompt_tokens") > 50,
        pl.col("duration_ms") < 1.5,  # not ">": a NaN is above all, and bounds leave it out
    ],
    ids=str,
)
def test_a_literal_predicate_reads_no_file_that_cannot_match(
    lake: Lake, add: Callable[[pl.DataFrame], None], predicate: pl.Expr
) -> None:
    one: dict[str, Any] = {"bucket": 3, "tool": "refund", "prompt_tokens": 90, "duration_ms": 1.0}
    other: dict[str, Any] = {
        "bucket": 40,
        "prompt_tokens": 5,
        "duration_ms": 2.0,
        "kind": "llm",
        "status": "unset",
    }
    add(spans(span("a", ingest_batch="1", **one)))
    add(spans(span("z", day=NEXT, ingest_batch="2", **other)))
    blank_files_of(lake, "2")

    assert lake.spans().filter(predicate).collect()["trace_id"].to_list() == ["a"]


def test_spans_of_some_dates_read_only_their_files(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a", ingest_batch="1"), span("z", day=NEXT, ingest_batch="1")))
    add(spans(span("y", day=NEXT, ingest_batch="2")))
    blank_files_of(lake, "2")

    assert lake.spans(dates=[DAY]).collect()["trace_id"].to_list() == ["a"]
    assert lake.spans(dates=[]).collect().height == 0


def test_readers_take_the_highest_revision_of_a_span(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a", output="old"), span("b", output="only"), span("z", day=NEXT, output="far")))
    add(spans(span("a", output="new", revision=1), span("a", "s2", output="other")))
    add(spans(span("a", output="newest", revision=2)))

    def outputs(rows: pl.LazyFrame) -> list[str]:
        return sorted(rows.collect()["output"].to_list())

    assert outputs(lake.spans()) == ["far", "newest", "only", "other"]
    assert outputs(lake.spans(dates=[DAY])) == ["newest", "only", "other"]
    assert outputs(lake.spans().filter(pl.col("output") == "old")) == []
    assert outputs(lake.spans().filter(pl.col("trace_id") == "b")) == ["only"]
    assert lake.scan(SPANS).collect().height == 6


def test_spans_that_differ_in_source_alone_are_not_revisions(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a"), span("a", source="staging", revision=1)))

    assert sorted(lake.spans().collect()["source"]) == ["default", "staging"]


def test_files_are_described_from_the_log(lake: Lake, add: Callable[[pl.DataFrame], None]) -> None:
    add(
        spans(
            span("a", bucket=3, ingest_batch="b1"),
            span("c", bucket=9, ingest_batch="b2", revision=2),
        )
    )

    files = lake.files(SPANS)

    assert files.drop("path", "size").rows(named=True) == [
        {
            "rows": 2,
            "date": DAY,
            "bucket_min": 3,
            "bucket_max": 9,
            "start_min": START,
            "start_max": START,
            "revision_max": 2,
            "batch_max": "b2",
        }
    ]
    assert files["size"][0] == Path(lake.uri, "spans", files["path"][0]).stat().st_size


def test_a_column_that_came_later_is_null_in_older_rows(lake: Lake) -> None:
    dropped = ("agent", "evaluations", "end_time")
    columns = tuple(column for column in SPANS.columns if column.name not in dropped)
    older = Table(
        name="spans", doc="", columns=columns, partition_by=("date",), sort_by=SPANS.sort_by
    )
    rows = spans(span("a"))
    lake.snapshot(older).commit(stage(lake.uri, older, rows.select(list(older.schema))), {})

    before = lake.spans().collect()
    lake.snapshot(SPANS).commit(stage(lake.uri, SPANS, spans(span("b", agent="desk"))), {})
    after = lake.spans().sort("trace_id").collect()

    assert before.equals(rows, null_equal=True)
    assert before.schema == after.schema == SPANS.schema
    assert after["agent"].to_list() == [None, "desk"]
    assert lake.spans().filter(pl.col("agent") == "desk").collect()["trace_id"].to_list() == ["b"]
    assert lake.scan(older).collect().schema == older.schema


def test_a_snapshot_stays_as_it_was(lake: Lake, add: Callable[[pl.DataFrame], None]) -> None:
    add(spans(span("a")))
    snapshot = lake.snapshot(SPANS)
    rows = snapshot.spans()

    add(spans(span("b")))

    assert rows.collect()["trace_id"].to_list() == ["a"]
    assert (snapshot.files().height, lake.files(SPANS).height) == (1, 2)


def test_neither_people_nor_texts_stand_in_the_log(
    lake: Lake, add: Callable[[pl.DataFrame], None]
) -> None:
    hidden = [
        column.name for column in SPANS.columns if column.dtype == pl.String and not column.pruned
    ]
    for number in range(11):  # past the first checkpoint
        marked: dict[str, Any] = {name: f"MARK{name}" for name in hidden}
        add(spans(span(f"t{number}", **marked)))

    log = b"".join(path.read_bytes() for path in Path(lake.uri, "spans/_delta_log").iterdir())

    assert b"t10" in log
    assert b"MARK" not in log
    assert {"user_id", "session_id", "input", "output", "attributes"} <= set(hidden)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("service", "x" * 70, "\U0010ffff" * 80),
        ("tool", "a\0b", "é😀" * 50),
        ("start_time", START + timedelta(microseconds=1), START + timedelta(microseconds=999)),
        ("duration_ms", float("-inf"), float("nan")),
        ("duration_ms", -0.0, 0.0),
        ("prompt_tokens", -(2**63), 2**63 - 1),
    ],
)
def test_bounds_in_the_log_never_hide_a_value(
    lake: Lake, add: Callable[[pl.DataFrame], None], name: str, low: Any, high: Any
) -> None:
    add(spans(span("l", **{name: low}), span("h", **{name: high})))

    for value in (low, high):
        literal = pl.lit(value, SPANS.schema[name])
        assert lake.spans().filter(pl.col(name) == literal).collect().height >= 1
        assert lake.spans().filter(pl.col(name) >= literal).collect().height >= 1
