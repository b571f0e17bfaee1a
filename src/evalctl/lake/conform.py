"""The check before every write: a frame has exactly a table's columns, and no value changes.

Delta engines cast in silence: 1.7 becomes 1, "5" becomes 5, and a time without a zone is taken for
UTC. Here each of these is a ``ValueError``. What passes is what loses nothing: null columns get their
type, narrow numbers widen, categories become text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.lake.arrow import file_schema, plainer

if TYPE_CHECKING:
    from evalctl.core.table import Table


def conform(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``frame`` with the table's columns in order and in their types.

    Raises:
        ValueError: a column is missing or extra, or its values do not fit; no value is in the text.
    """
    _check_names(table, frame.columns)
    return frame.select(
        [_column(table, frame[name], dtype) for name, dtype in table.schema.items()]
    )


def conform_arrow(table: Table, data: Any) -> Any:
    """Check a pyarrow table against the table's schema, whatever its encodings; nothing is decoded.

    Returns the columns in the table's order.

    Raises:
        ValueError: a column is missing or extra or of another type, or its text is not UTF-8.
    """
    import pyarrow as pa

    _check_names(table, data.column_names)
    data = data.select([column.name for column in table.columns])
    for field in file_schema(table):
        found = plainer(data.schema.field(field.name).type)
        if found != field.type:
            raise ValueError(f"{table.name}.{field.name} is {found}, not {field.type}")
    try:
        data.validate(full=True)
    except pa.ArrowInvalid:
        raise ValueError(
            f"{table.name}: an Arrow column is malformed, or its text is not UTF-8"
        ) from None
    return data


def _check_names(table: Table, names: list[str]) -> None:
    missing = [name for name in table.schema if name not in names]
    extra = [name for name in names if name not in table.schema]
    if missing or extra or len(names) != len(set(names)):
        raise ValueError(f"{table.name}: columns missing: {missing}, not in the schema: {extra}")


def _column(table: Table, column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if column.dtype == dtype:
        return column
    if not _lossless(column.dtype, dtype):
        raise ValueError(f"{table.name}.{column.name} is {column.dtype}, not {dtype}")
    try:
        cast = column.cast(dtype, strict=True)
        same = column.dtype == pl.Null or cast.cast(column.dtype).equals(column, null_equal=True)
    except pl.exceptions.PolarsError:
        same, cast = False, column
    if not same:
        raise ValueError(f"{table.name}.{column.name}: {column.dtype} values do not fit {dtype}")
    return cast


def _lossless(found: Any, wanted: Any) -> bool:
    """Whether a cast between the two can be undone; the values themselves are checked after it."""
    if found in (wanted, pl.Null):
        return True
    if isinstance(wanted, pl.List):
        return isinstance(found, pl.List) and _lossless(found.inner, wanted.inner)
    if isinstance(wanted, pl.Struct):
        return isinstance(found, pl.Struct) and _same_fields(found, wanted)
    return _widens(found, wanted)


def _widens(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, pl.Datetime):
        return isinstance(found, pl.Datetime) and found.time_zone is not None
    if wanted == pl.String:
        return isinstance(found, (pl.Categorical, pl.Enum))
    if wanted == pl.Float64:
        return found.is_numeric() and not found.is_decimal()
    return wanted.is_integer() and found.is_integer()


def _same_fields(found: pl.Struct, wanted: pl.Struct) -> bool:
    return [field.name for field in found.fields] == [
        field.name for field in wanted.fields
    ] and all(
        _lossless(one.dtype, other.dtype)
        for one, other in zip(found.fields, wanted.fields, strict=True)
    )
