"""Rows to columns, once per batch."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from evalctl.core.identity import content_digests
from evalctl.formats.batch import FEEDBACK_SCHEMA, SPAN_SCHEMA
from evalctl.formats.cells import SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.formats.otlp.feedback import Feedback


_DIGEST: Final = SLOTS["digest"]
_MOST: Final = 8192
_NO_FEEDBACK: Final = pl.DataFrame(schema=dict(FEEDBACK_SCHEMA))


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
    if not found:
        return _NO_FEEDBACK.clone()
    return pl.DataFrame(
        [
            _series(name, dtype, [row.get(name) for row in found])
            for name, dtype in FEEDBACK_SCHEMA.items()
        ]
    )


def _series(name: str, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    height = len(values)
    if values and values[0] is None and height <= _MOST and values.count(None) == height:
        return _nulls(dtype).head(height).alias(name)
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, values, dtype=pl.Int64()).cast(dtype)
    return pl.Series(name, values, dtype=dtype)


@cache
def _nulls(dtype: pl.DataType) -> pl.Series:
    """Half of a batch's columns are null: a slice of this is 10x cheaper than building one."""
    return pl.Series("", [None], dtype=dtype).new_from_index(0, _MOST)
