"""Exactly once: the same bytes, the same spans in other bytes, and better deliveries of a span."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ingest.otlp import START, keys, line, rows, span, trace_id, traces

from evalctl.core.schema import REJECTS, SOURCES, SPANS
from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest

if TYPE_CHECKING:
    from pathlib import Path

ONE = IngestOptions(processes=1)


def test_every_span_of_a_file_is_a_row(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(5), spans=3))

    result = ingest(str(lake), [str(tmp_path / "a.jsonl")], ONE)

    stored = rows(lake)
    assert (result.spans, result.added, result.traces) == (15, 15, 5)
    assert stored["trace_id"].to_list() == [trace_id(n) for n in range(5) for _ in range(3)]
    assert stored["source"].unique().to_list() == ["default"]
    assert stored["revision"].unique().to_list() == [0]


def test_a_second_ingest_of_the_same_bytes_writes_nothing(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(5)) + b"{broken\n")
    ingest(str(lake), [str(tmp_path)], ONE)
    before = {
        table.name: Lake.open(str(lake)).version(table) for table in (SPANS, SOURCES, REJECTS)
    }

    result = ingest(str(lake), [str(tmp_path / "a.jsonl")], ONE)

    after = {table.name: Lake.open(str(lake)).version(table) for table in (SPANS, SOURCES, REJECTS)}
    assert after == before
    assert (result.spans, result.added, result.known) == (0, 0, 20)


def test_a_copy_of_a_file_in_the_same_run_counts_once(tmp_path: Path, lake: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(traces(range(5)))

    result = ingest(str(lake), [str(tmp_path)], IngestOptions(processes=2))

    assert len(keys(lake)) == len(set(keys(lake))) == 20
    assert (result.spans, result.added, result.duplicates) == (40, 20, 20)


def test_the_same_spans_in_other_bytes_are_found_by_key(tmp_path: Path, lake: Path) -> None:
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_bytes(traces(range(5)))
    other.write_bytes(b"".join(reversed(traces(range(5)).splitlines(keepends=True))))
    ingest(str(lake), [str(one)], ONE)

    result = ingest(str(lake), [str(other)], ONE)

    assert (result.added, result.duplicates) == (0, 20)
    assert len(keys(lake)) == 20


def test_a_file_that_grew_adds_only_what_is_new(tmp_path: Path, lake: Path) -> None:
    file = tmp_path / "live.jsonl"
    file.write_bytes(traces(range(5)))
    ingest(str(lake), [str(file)], ONE)
    file.write_bytes(traces(range(8)))

    result = ingest(str(lake), [str(file)], ONE)

    assert (result.added, result.duplicates) == (12, 20)
    assert len(keys(lake)) == len(set(keys(lake))) == 32


def test_a_span_delivered_again_with_an_end_replaces_the_row(tmp_path: Path, lake: Path) -> None:
    open_file, ended = tmp_path / "open.jsonl", tmp_path / "ended.jsonl"
    open_file.write_bytes(line(span(1, 1, seconds=None), span(1, 2)))
    ended.write_bytes(line(span(1, 1, seconds=5)))
    ingest(str(lake), [str(open_file)], ONE)

    result = ingest(str(lake), [str(ended)], ONE)

    assert (result.added, result.replaced) == (1, 1)
    assert rows(lake)["end_time"].to_list() == [
        START + timedelta(seconds=5),
        START + timedelta(seconds=1),
    ]
    assert rows(lake)["revision"].to_list() == [1, 0]


def test_a_poorer_delivery_after_a_better_one_is_dropped(tmp_path: Path, lake: Path) -> None:
    ended, still_open = tmp_path / "ended.jsonl", tmp_path / "open.jsonl"
    ended.write_bytes(line(span(1, 1, seconds=5)))
    still_open.write_bytes(line(span(1, 1, seconds=None)))
    ingest(str(lake), [str(ended)], ONE)

    result = ingest(str(lake), [str(still_open)], ONE)

    assert (result.added, result.duplicates) == (0, 1)
    assert rows(lake)["end_time"].to_list() == [START + timedelta(seconds=5)]


def test_the_same_ids_of_another_source_are_other_spans(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(2), spans=1))
    ingest(str(lake), [str(tmp_path)], ONE)

    result = ingest(str(lake), [str(tmp_path)], IngestOptions(source="staging", processes=1))

    assert result.added == 2
    assert rows(lake)["source"].to_list() == ["default", "default", "staging", "staging"]


def test_dates_in_random_order_make_one_file_each(tmp_path: Path, lake: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(400), days=40))

    ingest(str(lake), [str(tmp_path)], ONE)

    files = Lake.open(str(lake)).files(SPANS)
    assert (files.height, files["date"].n_unique(), files["rows"].sum()) == (40, 40, 1600)


_DELIVERIES = [
    line(span(1, 1, seconds=None), span(1, 2)),
    line(span(1, 1, seconds=3), span(2, 3)),
    line(span(1, 2, attributes={"input.value": "longer than before"}), span(3, 4, start=None)),
    line(span(2, 3), span(1, 1, seconds=4)),
]


@settings(max_examples=12, deadline=None)
@given(order=st.permutations(range(4)), cut=st.integers(0, 4))
def test_any_order_and_grouping_of_deliveries_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    expected = folder / "expected"
    (folder / "all.jsonl").write_bytes(b"".join(_DELIVERIES))
    ingest(str(expected), [str(folder / "all.jsonl")], ONE)
    shuffled = [_DELIVERIES[index] for index in order]

    for part in (shuffled[:cut], shuffled[cut:]):
        if part:
            (folder / "part.jsonl.gz").write_bytes(gzip.compress(b"".join(part)))
            ingest(str(folder / "lake"), [str(folder / "part.jsonl.gz")], ONE)

    assert rows(folder / "lake").drop("revision").equals(rows(expected).drop("revision"))


def test_a_run_of_several_commits_holds_every_span_once(tmp_path: Path, lake: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jsonl").write_bytes(traces(range(number * 3, number * 3 + 5)))

    result = ingest(str(lake), [str(tmp_path)], IngestOptions(processes=2, part=1))

    assert len(keys(lake)) == len(set(keys(lake))) == 14 * 4
    assert (result.spans, result.added, result.duplicates) == (80, 56, 24)
    assert Lake.open(str(lake)).version(SPANS) >= 4
    assert sum(file.orphans for file in result.files) == 0


def test_a_small_budget_changes_neither_rows_nor_the_number_of_files(
    tmp_path: Path, lake: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(traces(range(400), days=40, text="x" * 500))
    ingest(str(tmp_path / "roomy"), [str(tmp_path / "a.jsonl")], ONE)

    ingest(str(lake), [str(tmp_path / "a.jsonl")], IngestOptions(processes=1, budget=100_000))

    assert rows(lake).equals(rows(tmp_path / "roomy"))
    assert Lake.open(str(lake)).files(SPANS).height <= 2 * 40
