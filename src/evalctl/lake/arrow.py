"""Polars types as the plain Arrow types that stand in a lake's files; nothing here loads deltalake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from evalctl.core.table import Table


def arrow_schema(table: Table) -> Any:
    """Return the pyarrow schema of a table: all its columns, nullable, plain strings and lists."""
    import pyarrow as pa

    return pa.schema([pa.field(column.name, arrow_type(column.dtype)) for column in table.columns])


def file_schema(table: Table) -> Any:
    """Return the pyarrow schema of the table's files, which leave out the partition columns."""
    import pyarrow as pa

    return pa.schema(
        [field for field in arrow_schema(table) if field.name not in table.partition_by]
    )


def arrow_type(dtype: pl.DataType) -> Any:
    """Return the pyarrow type of one column.

    Raises:
        TypeError: a dtype that no table of the lake uses.
    """
    import pyarrow as pa

    if isinstance(dtype, pl.List):
        return pa.list_(pa.field("element", arrow_type(_made(dtype.inner))))
    if isinstance(dtype, pl.Struct):
        return pa.struct([pa.field(f.name, arrow_type(_made(f.dtype))) for f in dtype.fields])
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp(dtype.time_unit, tz=dtype.time_zone)
    plain: dict[Any, Any] = {
        pl.String: pa.string(),
        pl.Int16: pa.int16(),
        pl.Int64: pa.int64(),
        pl.Float64: pa.float64(),
        pl.Boolean: pa.bool_(),
        pl.Date: pa.date32(),
    }
    if type(dtype) not in plain:
        message = f"no table stores {dtype}"
        raise TypeError(message)
    return plain[type(dtype)]


def plainer(kind: Any) -> Any:
    """Return an Arrow type without its encoding: dictionaries, views and large forms become plain."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return plainer(kind.value_type)
    if types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_list(kind) or types.is_large_list(kind):
        return pa.list_(pa.field("element", plainer(kind.value_type)))
    if types.is_struct(kind):
        return pa.struct([pa.field(field.name, plainer(field.type)) for field in kind])
    return kind


def _made(dtype: Any) -> pl.DataType:
    return dtype if isinstance(dtype, pl.DataType) else dtype()
