"""Files of a table before they belong to it: checked, sorted, written, described, and invisible.

Workers stage; one process commits. Nothing here loads deltalake.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl

from evalctl.core.errors import UserError
from evalctl.lake.arrow import file_schema
from evalctl.lake.conform import conform, conform_arrow
from evalctl.lake.places import filesystem, is_local, table_uri
from evalctl.lake.statistics import statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from evalctl.core.table import Table

ROW_GROUP = 16_384
"""One trace out of a million spans is read 2.6 times faster than from groups of a million rows."""

_WORDS = """
    source project service service_version environment name kind status error_type finish_reason
    model request_model provider prompt_name prompt_version tool agent scope_name scope_version
    source_format source_file ingest_batch ingested_at revision target run scored_at
    system_prompt tool_definitions resource
"""
_ANSWER_WORDS = "rubric version verdict explanation status reason annotator judge inclusion"
DICTIONARIES = (
    *_WORDS.split(),
    *(f"answers.list.element.{name}" for name in _ANSWER_WORDS.split()),
    *(f"evaluations.list.element.{name}" for name in _ANSWER_WORDS.split()),
)
"""Columns that repeat few values: dictionaries shrink these, and cost space and time on all others."""

_LEVELS = {"scores": 1}
"""Where level 3 costs more than it saves: ids and indices of the ledger get 2 % larger by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """One written file that no commit names yet; ``path`` is relative to the table's folder."""

    table: str
    path: str
    size: int
    rows: int
    date: date | None
    stats: str


def stage(uri: str, table: Table, frame: pl.DataFrame | Any) -> list[StagedFile]:
    """Write rows as files of ``table``, one per date, sorted; readers see them after a commit.

    ``frame`` is a polars frame or a pyarrow table (whose encodings are written as they are).

    Raises:
        ValueError: the rows do not fit the table's schema exactly; nothing was written.
        UserError: the disk is full or the folder cannot be written; nothing was left behind.
    """
    is_polars = isinstance(frame, pl.DataFrame)
    checked = conform(table, frame) if is_polars else conform_arrow(table, frame)
    staged: list[StagedFile] = []
    with ExitStack() as undo:
        undo.callback(discard, uri, staged)
        try:
            for part, described in _parts(table, checked):
                staged.append(_write(uri, table, part, described))
        except OSError as error:
            raise UserError(
                f"cannot write to {table_uri(uri, table)}: {error.strerror or 'the write failed'};"
                " nothing was added to the lake"
            ) from None
        undo.pop_all()
    return staged


def discard(uri: str, files: Iterable[StagedFile]) -> None:
    """Delete staged files that will not be committed; those that are gone already are fine."""
    for file in files:
        system, root = filesystem(f"{uri}/{file.table}")
        _delete(system, f"{root}/{file.path}")


def _parts(table: Table, rows: Any) -> Iterator[tuple[Any, pl.DataFrame]]:
    """Cut rows into one sorted piece per date, each with the frame that its statistics come from."""
    described = _described(table, rows)
    by = [*table.partition_by, *table.sort_by]
    if by and described.height:
        order = described.select(pl.arg_sort_by(by).cast(pl.Int64)).to_series()
        if not order.equals(pl.Series(order.name, range(described.height), dtype=pl.Int64)):
            described = described[order]
            rows = rows[order] if isinstance(rows, pl.DataFrame) else rows.take(order.to_arrow())
    start = 0
    for length in _lengths(table, described):
        yield rows.slice(start, length), described.slice(start, length)
        start += length


def _described(table: Table, rows: Any) -> pl.DataFrame:
    names = [c for c in table.schema if c in {*table.partition_by, *table.sort_by, *table.pruned}]
    if isinstance(rows, pl.DataFrame):
        return rows.select(names)
    frame = pl.DataFrame(rows.select(names))
    return frame.cast(
        {name: table.schema[name] for name in names}
    )  # dictionaries come as categories


def _lengths(table: Table, described: pl.DataFrame) -> list[int]:
    if described.is_empty():
        return []
    if not table.partition_by:
        return [described.height]
    dates = described[table.partition_by[0]]
    if dates.null_count():
        raise ValueError(f"{table.name}.{dates.name} is never null: write {date(1970, 1, 1)}")
    return dates.rle().struct.field("len").to_list()


def _write(uri: str, table: Table, rows: Any, described: pl.DataFrame) -> StagedFile:
    day = described["date"][0] if table.partition_by else None
    folder = f"date={day}/" if day else ""
    path = f"{folder}part-{uuid4().hex}.parquet"
    system, root = filesystem(table_uri(uri, table))
    stats = statistics(table, described)
    if is_local(uri):  # an object store has no folders
        system.create_dir(f"{root}/{folder}".rstrip("/"), recursive=True)
    with ExitStack() as undo:
        undo.callback(_delete, system, f"{root}/{path}")
        _write_parquet(system, f"{root}/{path}", table, rows)
        undo.pop_all()
    size = system.get_file_info(f"{root}/{path}").size
    return StagedFile(
        table=table.name, path=path, size=size, rows=described.height, date=day, stats=stats
    )


def _write_parquet(system: Any, path: str, table: Table, rows: Any) -> None:
    from pyarrow import parquet

    if isinstance(rows, pl.DataFrame):
        rows = _arrow(rows)
    rows = rows.select([field.name for field in file_schema(table)])
    write: Any = parquet.write_table  # its stubs know no lists of columns
    write(
        rows,
        path,
        filesystem=system,
        row_group_size=ROW_GROUP,
        write_batch_size=ROW_GROUP,  # fewer, fuller pages: 1 % smaller than with its 1,024 rows
        compression="zstd",
        compression_level=_LEVELS.get(table.name, 3),
        use_dictionary=list(DICTIONARIES),
        write_statistics=list(table.pruned),
        store_schema=False,  # no Arrow schema beside the data: other readers see plain strings
    )


def _arrow(rows: pl.DataFrame) -> Any:
    """Return a pyarrow table of which the parquet writer can write every column.

    Text stays views, which are not copied (1 microsecond a span) and make the same file; within
    lists and structs the writer does not know them.
    """
    import pyarrow as pa

    old = pl.CompatLevel.oldest()
    new = pl.CompatLevel.newest() if _writes_views() else old
    columns = [
        column.to_arrow(compat_level=old if column.dtype.is_nested() else new)
        for column in rows.iter_columns()
    ]
    return pa.table(columns, names=rows.columns)


@cache
def _writes_views() -> bool:
    """Ask the writer, since it depends on the version: pyarrow 20 does not know views."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        parquet.write_table(pa.table({"text": pa.array([""], pa.string_view())}), BytesIO())
    except pa.ArrowNotImplementedError:
        return False
    return True


def _delete(system: Any, path: str) -> None:
    with suppress(FileNotFoundError):
        system.delete_file(path)
