from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tests.lake.frames import DAY, frame, span, spans

from evalctl.core.schema import ANSWER, SCORES, SOURCES, SPANS
from evalctl.lake.arrow import arrow_type
from evalctl.lake.lake import Lake
from evalctl.lake.staging import ROW_GROUP, discard, stage

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable


def change(column: str, values: Any) -> pl.DataFrame:
    return spans(span("a"), span("b")).with_columns(pl.Series(column, values))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("prompt_tokens", [1.7, 2.0]),
        ("prompt_tokens", ["5", "6"]),
        ("prompt_tokens", [2**63, 1]),
        ("prompt_tokens", [True, False]),
        ("revision", [40_000, 0]),
        ("start_time", [datetime.fromisoformat("2026-01-01")] * 2),
        ("start_time", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]),
        ("date", [datetime(2026, 1, 1, tzinfo=UTC)] * 2),
        ("duration_ms", ["1", "2"]),
        ("duration_ms", [2**62 + 1, 0]),
        ("input", [1, 2]),
        ("input", [b"a", b"b"]),
        ("is_root", [1, 0]),
        ("warnings", ["a", "b"]),
        ("warnings", [[1], [2]]),
        ("evaluations", [[{"rubric": "r"}], []]),
    ],
)
def test_a_value_that_the_engine_would_change_in_silence_is_refused(
    lake: Lake, tmp_path: Path, column: str, values: Any
) -> None:
    with pytest.raises(ValueError, match=rf"spans\.{column}\b"):
        stage(lake.uri, SPANS, change(column, values))

    assert not (tmp_path / "lake/spans").exists()


def test_a_time_of_nanoseconds_that_would_be_cut_is_refused(lake: Lake) -> None:
    exact = pl.Series([1, 2_000], dtype=pl.Datetime("ns", "UTC"))

    with pytest.raises(ValueError, match=r"spans.start_time: .* values do not fit"):
        stage(lake.uri, SPANS, change("start_time", exact))


@pytest.mark.parametrize(
    ("column", "values", "stored"),
    [
        ("input", pl.Series([None, None]), [None, None]),
        ("warnings", [[], []], [[], []]),
        ("prompt_tokens", pl.Series([1, 2], dtype=pl.UInt8), [1, 2]),
        ("duration_ms", [1, 2], [1.0, 2.0]),
        ("tool", pl.Series(["x", "y"], dtype=pl.Categorical), ["x", "y"]),
        ("tool", pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])), ["x", "y"]),
        (
            "end_time",
            [datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))] * 2,
            [datetime(2026, 1, 1, tzinfo=UTC)] * 2,
        ),
    ],
)
def test_a_value_that_loses_nothing_is_stored_in_the_columns_type(
    lake: Lake, add: Callable[[pl.DataFrame], None], column: str, values: Any, stored: list[Any]
) -> None:
    add(change(column, values))

    assert lake.spans().sort("trace_id").collect()[column].to_list() == stored


@pytest.mark.parametrize(
    "change", [lambda f: f.drop("tool"), lambda f: f.with_columns(x=pl.lit(1))]
)
def test_missing_and_extra_columns_are_refused(lake: Lake, change: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"columns missing: .*, not in the schema: "):
        stage(lake.uri, SPANS, change(spans(span("a"))))


def test_a_row_without_a_date_is_refused(lake: Lake) -> None:
    with pytest.raises(ValueError, match=r"spans\.date is never null"):
        stage(lake.uri, SPANS, spans(span("a"), span("b", date=None)))


def test_rows_are_cut_by_date_and_sorted_whatever_their_order(lake: Lake) -> None:
    later = DAY + timedelta(days=1)
    rows = [span(f"t{i % 7}", f"s{i}", day=(DAY, later)[i % 2]) for i in range(40)]

    files = stage(lake.uri, SPANS, spans(*rows))

    assert [(file.date, file.rows) for file in files] == [(DAY, 20), (later, 20)]
    for file in files:
        written = pl.read_parquet(f"{lake.uri}/spans/{file.path}", hive_partitioning=False)
        keys = written.select(SPANS.sort_by)
        assert keys.equals(keys.sort(SPANS.sort_by))
        assert f"date={file.date}/" in file.path
        assert file.size == Path(f"{lake.uri}/spans/{file.path}").stat().st_size


def test_staged_rows_are_invisible_and_discarding_them_leaves_nothing(lake: Lake) -> None:
    files = stage(lake.uri, SPANS, spans(span("a")))
    path = Path(lake.uri, "spans", files[0].path)
    existed = path.exists()

    discard(lake.uri, files)
    discard(lake.uri, files)

    assert (existed, path.exists(), lake.spans().collect().height) == (True, False, 0)


def test_nothing_to_write_is_no_file(lake: Lake) -> None:
    assert stage(lake.uri, SPANS, spans()) == []


def test_files_are_plain_parquet_in_row_groups_of_16k(lake: Lake) -> None:
    rows = spans(*(span(f"t{i:05}", input=f"text {i}") for i in range(ROW_GROUP + 1)))

    [file] = stage(lake.uri, SPANS, rows)

    footer = parquet.read_metadata(f"{lake.uri}/spans/{file.path}")
    group = footer.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert [footer.row_group(i).num_rows for i in range(2)] == [ROW_GROUP, 1]
    assert footer.metadata is None  # no Arrow schema
    assert "date" not in columns
    encoded = {name for name, c in columns.items() if "RLE_DICTIONARY" in c.encodings}
    assert {"kind", "status", "source", "ingest_batch"} <= encoded
    assert not {"trace_id", "span_id", "input", "output", "attributes", "user_id"} & encoded
    assert {name for name, c in columns.items() if c.is_stats_set} <= set(SPANS.pruned)
    assert {c.compression for c in columns.values()} == {"ZSTD"}


def test_a_worker_that_stages_never_loads_the_engine(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    loaded = start("imports", tmp_path / "lake").communicate()[0].split()

    assert "polars" in loaded
    assert not {"deltalake", "typer", "rich"} & set(loaded)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    out, words = start("fill_disk", tmp_path / "lake").communicate()

    assert words == ""
    assert out.startswith(f"cannot write to {tmp_path}/lake/spans: ")
    assert out.endswith("nothing was added to the lake\n")
    assert list(tmp_path.rglob("*.parquet")) == []


def scores_arrow(*, without: str = "") -> Any:
    """Build two scores as a ledger does: words stand once, in dictionaries."""
    words = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array(["r"]))
    given = {"rubric": words, "value": pa.array([0.5, None], pa.float64())}
    kinds = [field for field in arrow_type(ANSWER) if field.name != without]
    fields = [given.get(field.name, pa.nulls(2, field.type)) for field in kinds]
    structs = pa.StructArray.from_arrays(fields, [field.name for field in kinds])
    plain = frame(
        SCORES, [{"target": "trace", "trace_id": t, "date": DAY, "bucket": 1} for t in "ba"]
    )
    table = plain.to_arrow(compat_level=pl.CompatLevel.oldest())
    target = table.column("target").combine_chunks().dictionary_encode()
    answers = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), structs)
    at = table.column_names.index
    return table.set_column(at("target"), "target", target).set_column(
        at("answers"), "answers", answers
    )


def test_an_arrow_table_with_dictionaries_is_written_sorted_as_it_is(lake: Lake) -> None:
    files = stage(lake.uri, SCORES, scores_arrow())
    lake.snapshot(SCORES).commit(files, {})

    got = lake.scan(SCORES).collect()
    stored = pl.read_parquet(f"{lake.uri}/scores/{files[0].path}")
    assert got.schema == SCORES.schema
    assert stored["trace_id"].to_list() == ["a", "b"]
    assert got.sort("trace_id")["answers"].list.first().struct.field("value").to_list() == [
        None,
        0.5,
    ]
    assert got["answers"].list.first().struct.field("rubric").to_list() == ["r", "r"]


def test_an_arrow_table_of_another_shape_is_refused(lake: Lake) -> None:
    with pytest.raises(ValueError, match=r"scores\.answers is list<"):
        stage(lake.uri, SCORES, scores_arrow(without="cost"))


def test_bytes_that_are_no_utf8_are_refused_in_an_arrow_table(lake: Lake) -> None:
    lone = "\ud800".encode("utf-8", "surrogatepass")
    text = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\3\0\0\0"), pa.py_buffer(lone)]
    )
    table = frame(SOURCES, [{"chunk": "c"}]).to_arrow(compat_level=pl.CompatLevel.oldest())
    table = table.set_column(table.column_names.index("file"), "file", text)

    with pytest.raises(ValueError, match="is not UTF-8") as error:
        stage(lake.uri, SOURCES, table)

    assert error.value.__suppress_context__


def test_a_lone_surrogate_cannot_enter_a_frame_and_so_no_file() -> None:
    with pytest.raises(UnicodeEncodeError):
        spans(span("a", input="\ud800"))


TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
MOMENT = st.none() | st.datetimes(
    datetime.fromisoformat("0001-01-02"),
    datetime.fromisoformat("9999-12-30"),
    timezones=st.just(UTC),
)
COUNT = st.none() | st.integers(-(2**63), 2**63 - 1)
NUMBER = st.none() | st.floats()
ANSWER_ROW = st.fixed_dictionaries(
    {"rubric": TEXT, "value": NUMBER, "explanation": TEXT, "verdict": TEXT}
)
SPAN = st.fixed_dictionaries(
    {
        "source": TEXT,
        "trace_id": TEXT,
        "span_id": TEXT,
        "user_id": TEXT,
        "tool": TEXT,
        "input": TEXT,
        "attributes": TEXT,
        "start_time": MOMENT,
        "end_time": MOMENT,
        "duration_ms": NUMBER,
        "cost_usd": NUMBER,
        "prompt_tokens": COUNT,
        "is_root": st.none() | st.booleans(),
        "date": st.dates(date(1970, 1, 1), date(1970, 1, 3)),
        "bucket": st.integers(0, 63),
        "warnings": st.none() | st.lists(TEXT, max_size=3),
        "evaluations": st.none() | st.lists(ANSWER_ROW, max_size=2),
    }
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(SPAN, min_size=1, max_size=8))
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    lake = Lake.create(str(tmp_path_factory.mktemp("round") / "lake"))
    numbered = [{**row, "digest": i, "revision": 0} for i, row in enumerate(rows)]

    lake.append(SPANS, spans(*numbered))

    assert lake.spans().sort("digest").collect().equals(spans(*numbered), null_equal=True)
    for row in numbered:  # bounds in the log must not hide a row from its own values
        for name in ("trace_id", "tool", "start_time", "duration_ms", "prompt_tokens"):
            if row[name] is not None and row[name] == row[name]:
                found = lake.spans().filter(pl.col(name) == pl.lit(row[name], SPANS.schema[name]))
                assert row["digest"] in found.collect()["digest"].to_list()
