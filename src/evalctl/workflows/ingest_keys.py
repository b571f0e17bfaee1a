"""How one delivery of a span is told from another, and which of two wins.

A key is a pair of 64-bit hashes, of the trace id and of the span id: equal in every process that runs
the same polars, never stored. Of two rows with one key the one wins that sorts higher by: it has an
end time, bytes of content, digest. The first two are one number here, ``weight``.
"""

from __future__ import annotations

import polars as pl

KEY = ("t", "s")
CONTENT = (
    "input",
    "output",
    "input_messages",
    "output_messages",
    "system_prompt",
    "documents",
    "tool_args",
    "tool_result",
    "tool_definitions",
    "status_message",
    "attributes",
    "resource",
    "events",
    "links",
)
"""The columns whose bytes are counted."""

KEYS_SCHEMA: dict[str, pl.DataType] = {
    "t": pl.UInt64(),
    "s": pl.UInt64(),
    "weight": pl.Int64(),
    "digest": pl.Int64(),
    "bucket": pl.Int16(),
    "file": pl.UInt32(),
}
"""A row per span: what is kept of it in memory until the commit."""

_ENDED = 1 << 40


def key(span: str = "span_id") -> list[pl.Expr]:
    """Hash trace_id and the id in ``span`` to the two columns of a key."""
    return [pl.col("trace_id").hash(seed=1).alias("t"), pl.col(span).hash(seed=2).alias("s")]


def weight() -> pl.Expr:
    """Whether a row has an end time, then how many bytes it says: one Int64."""
    size = pl.sum_horizontal(pl.col(name).str.len_bytes().cast(pl.Int64) for name in CONTENT)
    return (size + pl.col("end_time").is_not_null().cast(pl.Int64) * _ENDED).alias("weight")


def repeats(keys: pl.DataFrame) -> bool:
    """Whether a key may stand there twice; surely not where this is false."""
    return keys.select((pl.col("t") ^ pl.col("s")).n_unique()).item() < keys.height


def best(rows: pl.DataFrame) -> pl.DataFrame:
    """Keep the winner of each key; ties fall to the input that was named first."""
    ordered = rows.sort("weight", "digest", "file", descending=[True, True, False])
    return ordered.unique(KEY, keep="first", maintain_order=True)
