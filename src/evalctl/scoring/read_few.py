"""A few rows out of many: only the files that can hold them are opened, and nothing else is loaded.

Polars resolves a Delta table through pyarrow, whose import costs more than reading one trace out of a
million spans. The log names the files and their buckets; these are read as what they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

    from evalctl.core.table import Table
    from evalctl.lake.lake import Lake


def scan_buckets(lake: Lake, table: Table, buckets: Collection[int]) -> pl.LazyFrame:
    """Return the rows of a table partitioned by date that may lie in ``buckets``, at their newest revision.

    All rows of files with such a bucket are returned: the caller's condition picks from them.
    """
    snapshot = lake.snapshot(table)
    files = snapshot.files()
    is_plain = "://" not in lake.uri and not (files["revision_max"] > 0).any()
    if files.is_empty() or not is_plain:
        return snapshot.spans() if table.name == "spans" else snapshot.scan()
    low, high = pl.col("bucket_min").fill_null(0), pl.col("bucket_max").fill_null(63)
    holds = pl.any_horizontal((low <= bucket) & (high >= bucket) for bucket in buckets)
    paths = [f"{lake.uri}/{table.name}/{path}" for path in files.filter(holds)["path"]]
    if not paths:
        return pl.LazyFrame(schema=table.schema)
    stored = {name: dtype for name, dtype in table.schema.items() if name not in table.partition_by}
    return pl.scan_parquet(
        paths,
        schema=stored,
        hive_partitioning=True,
        hive_schema={name: table.schema[name] for name in table.partition_by},
        missing_columns="insert",
        extra_columns="ignore",
    )
