"""Rows to columns, once per batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from evalctl.core.identity import content_digests
from evalctl.formats.batch import FEEDBACK_SCHEMA, SPAN_SCHEMA
from evalctl.formats.cells import SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.formats.otlp.feedback import Feedback


_DIGEST: Final = SLOTS["digest"]


def spans_frame(rows: list[list[Any]]) -> pl.DataFrame:
    """Turn rows in the order of ``SPAN_SCHEMA`` into columns of exactly that schema.

    The digest of a span is over everything else in its row.
    """
    if not rows:
        return pl.DataFrame(schema=dict(SPAN_SCHEMA))
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    columns[_DIGEST] = content_digests(rows)
    return pl.DataFrame(
        [
            _series(name, dtype, values)
            for (name, dtype), values in zip(SPAN_SCHEMA.items(), columns, strict=True)
        ]
    )


def feedback_frame(found: list[Feedback]) -> pl.DataFrame:
    """Turn rows of feedback into columns of exactly ``FEEDBACK_SCHEMA``."""
    return pl.DataFrame(
        [
            _series(name, dtype, [row.get(name) for row in found])
            for name, dtype in FEEDBACK_SCHEMA.items()
        ]
    )


def _series(name: str, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    if _is_constant(values):
        return _series(name, dtype, values[:1]).new_from_index(0, len(values))
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64()).cast(dtype)
    return pl.Series(name, values, dtype=dtype)


def _is_constant(values: Sequence[Any]) -> bool:
    """Tell a column of one value, as two thirds of a batch's columns are: a look saves building it."""
    if len(values) < 2 or values[0] != values[-1] or values[0] != values[len(values) // 2]:
        return False
    return values.count(values[0]) == len(values)
