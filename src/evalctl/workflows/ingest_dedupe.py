"""Exactly once: staged spans against each other and against what the lake holds.

Nothing is read where the run is the first to touch its dates, and no text where nothing repeats.
Staged files that hold a loser or a replacement are written again; the others stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import SPANS
from evalctl.lake.staging import discard, stage
from evalctl.workflows.ingest_events import Staged
from evalctl.workflows.ingest_keys import CONTENT, KEY, KEYS_SCHEMA, best, key, repeats, weight

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.lake.staging import StagedFile

FEW_BUCKETS = 8
"""With so few of the 64 buckets touched, files sorted by bucket are worth skipping through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Per input: how many spans were dropped, and how many replace a row of the lake."""

    dropped: dict[int, int]
    replaced: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Files of the lake that may hold the same spans, and the source that is compared."""

    paths: Sequence[str]
    source: str


def settle(lake: str, staged: list[Staged], held: Held) -> Settled:
    """Drop staged spans that lose, give those that replace a row of the lake a higher revision.

    Staged files that change are written anew, the old ones deleted; ``staged`` is changed in place
    and names what is there at any moment. Doing it again with other ``held`` files refines the result.

    Raises:
        UserError: a staged file cannot be written again.
    """
    rows = _all_keys(staged)
    winners = best(rows) if repeats(rows) else rows
    current = _current(winners, held)
    if winners.height == rows.height and current.is_empty():
        return Settled(dropped={}, replaced={})
    kept = _decide(winners, current, held)
    lost = rows.join(kept, on=[*KEY, "part"], how="anti")
    raised = kept.filter(pl.col("revision") > 0)
    for part in {*lost["part"].unique(), *raised["part"].unique()}:
        staged[part] = _rewrite(lake, staged[part], kept.filter(pl.col("part") == part))
    staged[:] = [one for one in staged if one.keys.height]
    return Settled(dropped=_per_file(lost), replaced=_per_file(raised))


def _all_keys(staged: Sequence[Staged]) -> pl.DataFrame:
    parts = [
        one.keys.with_columns(pl.lit(part, pl.UInt32).alias("part"))
        for part, one in enumerate(staged)
    ]
    return pl.concat(parts) if parts else pl.DataFrame(schema={**KEYS_SCHEMA, "part": pl.UInt32()})


def _current(keys: pl.DataFrame, held: Held) -> pl.DataFrame:
    """Return revision and digest of the newest row that the lake has of each of ``keys``."""
    if not held.paths:
        return pl.DataFrame()
    rows = _held_rows(keys, held).select(*key(), "digest", "revision")
    found = rows.join(keys.lazy().select(KEY), on=KEY, how="semi").collect()
    return found.sort("revision", "digest").unique(KEY, keep="last", maintain_order=True)


def _held_rows(keys: pl.DataFrame, held: Held) -> pl.LazyFrame:
    rows = pl.scan_parquet(list(held.paths), hive_partitioning=False, missing_columns="insert")
    rows = rows.filter(pl.col("source") == held.source)
    buckets = keys["bucket"].unique().sort().to_list()
    return rows.filter(pl.col("bucket").is_in(buckets)) if len(buckets) <= FEW_BUCKETS else rows


def _decide(winners: pl.DataFrame, current: pl.DataFrame, held: Held) -> pl.DataFrame:
    """Return the winners that are new or win against the lake too, with the revision they get."""
    if current.is_empty():
        return winners.with_columns(pl.lit(0, pl.Int16).alias("revision"))
    both = winners.join(current, on=KEY, how="left", suffix="_held")
    differing = both.filter(pl.col("digest_held") != pl.col("digest"))
    weights = _weights(differing, held)
    ranked = both.join(weights, on=[*KEY, "revision"], how="left")
    wins = (pl.col("weight") > pl.col("weight_held")) | (
        (pl.col("weight") == pl.col("weight_held")) & (pl.col("digest") > pl.col("digest_held"))
    )
    kept = ranked.filter(pl.col("revision").is_null() | wins)
    return kept.with_columns((pl.col("revision") + 1).fill_null(0).alias("revision"))


def _weights(keys: pl.DataFrame, held: Held) -> pl.DataFrame:
    """Read how much the rows of the lake say; only where their digests differ."""
    schema = {"t": pl.UInt64, "s": pl.UInt64, "revision": pl.Int16, "weight_held": pl.Int64}
    if keys.is_empty():
        return pl.DataFrame(schema=schema)
    names = ["trace_id", "span_id", "revision", "end_time", *CONTENT]
    rows = _held_rows(keys, held).select(names).with_columns(key())
    found = rows.join(keys.lazy().select(KEY), on=KEY, how="semi")
    sized = found.select(*KEY, "revision", weight().alias("weight_held"))
    return sized.group_by(*KEY, "revision").agg(pl.col("weight_held").max()).collect()


def _rewrite(lake: str, one: Staged, kept: pl.DataFrame) -> Staged:
    keys = kept.select(list(KEYS_SCHEMA))
    if one.file is None:
        return Staged(file=None, keys=keys)
    old = one.file
    new = stage(lake, SPANS, _chosen(lake, old, kept)) if kept.height else [None]
    discard(lake, [old])
    return Staged(file=new[0], keys=keys)


def _chosen(lake: str, old: StagedFile, kept: pl.DataFrame) -> pl.DataFrame:
    path = f"{lake}/{SPANS.name}/{old.path}"
    rows = pl.read_parquet(path, hive_partitioning=False).with_columns(key())
    raised = kept.select(*KEY, pl.col("revision").alias("raised"))
    chosen = rows.join(raised, on=KEY).with_columns(
        pl.max_horizontal("revision", "raised").alias("revision"),
        pl.lit(old.date, pl.Date).alias("date"),
    )
    return chosen.select(list(SPANS.schema))


def _per_file(rows: pl.DataFrame) -> dict[int, int]:
    return dict(rows.group_by("file").len().iter_rows())
