"""Which columns a condition may name: those of the view, and answers of other rubrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVAL = re.compile(r"eval\.([A-Za-z0-9][A-Za-z0-9_-]*)\.(verdict|value|explanation)")


def eval_reference(column: str) -> tuple[str, str] | None:
    """Split ``eval.<rubric>.<part>`` into rubric and part; None for any other column."""
    match = _EVAL.fullmatch(column)
    return (match[1], match[2]) if match else None


def column_dtype(column: str, schema: Mapping[str, pl.DataType]) -> pl.DataType | None:
    """Return the type of a view or ``eval.*`` column; None where there is no such column."""
    reference = eval_reference(column)
    if reference is None:
        return schema.get(column)
    return pl.Float64() if reference[1] == "value" else pl.String()


def no_column(column: str, schema: Mapping[str, pl.DataType]) -> str:
    """Say that there is no such column, with the nearest one."""
    if column.startswith("eval."):
        return f'no column "{column}"; answers are "eval.<rubric>.verdict", .value and .explanation'
    return f"no column '{column}'{nearest(column, schema)}"
