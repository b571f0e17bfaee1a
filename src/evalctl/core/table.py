"""What a table and a column of a lake are."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

UTC_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One stored column.

    ``pruned`` columns have min/max statistics in the Delta log, where values stand in clear text:
    only ids, words, times and numbers, never a person or a text.
    """

    name: str
    dtype: pl.DataType
    doc: str
    pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the lake."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = field(default=())

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to dtype, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def pruned(self) -> tuple[str, ...]:
        """The columns that carry statistics."""
        return tuple(column.name for column in self.columns if column.pruned)


def text_column(name: str, doc: str, *, pruned: bool = False) -> Column:
    """Declare a String column."""
    return Column(name=name, dtype=pl.String(), doc=doc, pruned=pruned)


def number_column(name: str, doc: str) -> Column:
    """Declare a Float64 column."""
    return Column(name=name, dtype=pl.Float64(), doc=doc, pruned=True)


def count_column(name: str, doc: str) -> Column:
    """Declare an Int64 column."""
    return Column(name=name, dtype=pl.Int64(), doc=doc, pruned=True)


def time_column(name: str, doc: str, *, pruned: bool = True) -> Column:
    """Declare a time column, UTC, microseconds."""
    return Column(name=name, dtype=UTC_TIME, doc=doc, pruned=pruned)


def flag_column(name: str, doc: str) -> Column:
    """Declare a Boolean column."""
    return Column(name=name, dtype=pl.Boolean(), doc=doc)
