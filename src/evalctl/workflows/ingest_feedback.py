"""Feedback that came with traces becomes rows of the score ledger, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import content_digest, coordinate
from evalctl.core.schema import SCORES, SPANS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.lake.lake import Lake
    from evalctl.workflows.ingest_events import Job, Staged

SCORE_KEY = ("target", "source", "trace_id", "span_id", "session_id", "digest")
"""What tells one imported answer from another; ``digest`` is over what it says and when."""

_SAID = ("name", "annotator", "value", "verdict", "label", "explanation", "at")
_IDS = ("trace_id", "span_id", "session_id")


def score_rows(
    lake: Lake, feedback: Sequence[pl.DataFrame], staged: Sequence[Staged], job: Job
) -> pl.DataFrame:
    """Turn feedback into rows of ``scores``, one per answer, under the date of what it is about.

    The date is looked up among the spans of the run, then in the lake; where neither has the trace it
    is the date of the feedback itself.
    """
    rows = _targeted(pl.concat(feedback)) if feedback else pl.DataFrame()
    if rows.is_empty():
        return pl.DataFrame(schema=SCORES.schema)
    dates = _dates(lake, rows, staged, job.source)
    joined = rows.join(dates, on="about", how="left")
    placed = [coordinate(trace, job.salt)[1] if trace else 0 for trace in joined["trace_id"]]
    at = pl.col("at").fill_null(pl.lit(job.at, SCORES.schema["scored_at"]))
    return joined.with_columns(
        pl.lit(job.source).alias("source"),
        pl.coalesce("date", pl.col("at").dt.date(), pl.lit(UNTIMED)).alias("date"),
        pl.Series("bucket", placed, dtype=pl.Int16),
        pl.lit(job.batch).alias("run"),
        at.alias("scored_at"),
        _answer().alias("answers"),
    ).select(list(SCORES.schema))


def _targeted(rows: pl.DataFrame) -> pl.DataFrame:
    """Name the target of each row; ``about`` is the trace or session id that it belongs to."""
    has_trace = pl.col("trace_id").is_not_null()
    target = (
        pl.when(has_trace & pl.col("span_id").is_not_null())
        .then(pl.lit("span"))
        .when(has_trace)
        .then(pl.lit("trace"))
        .otherwise(pl.lit("session"))
    )
    named = rows.with_columns(target.alias("target")).filter(
        has_trace | pl.col("session_id").is_not_null()
    )
    said = named.select(_SAID).iter_rows()
    return named.with_columns(
        pl.when(pl.col("target") == "span").then("span_id").alias("span_id"),
        pl.when(pl.col("target") == "session").then("session_id").alias("session_id"),
        pl.coalesce("trace_id", "session_id").alias("about"),
        pl.Series("digest", [_digest(row) for row in said], dtype=pl.Int64),
    ).unique(["target", *_IDS, "digest"], maintain_order=True)


def _digest(row: tuple[object, ...]) -> int:
    return content_digest(*(None if value is None else str(value) for value in row))


def _answer() -> pl.Expr:
    label = pl.struct(pl.col("label")).struct.json_encode()
    answer = pl.struct(
        pl.col("name").alias("rubric"),
        pl.lit("").alias("version"),
        "verdict",
        "value",
        "explanation",
        pl.when(pl.col("label").is_not_null()).then(label).alias("evidence"),
        pl.lit("ok").alias("status"),
        pl.lit(None, pl.String).alias("reason"),
        "annotator",
        pl.lit(None, pl.String).alias("judge"),
        pl.lit(1.0).alias("inclusion"),
        pl.lit(None, pl.Float64).alias("cost"),
    )
    return pl.concat_list(answer)


def _dates(lake: Lake, rows: pl.DataFrame, staged: Sequence[Staged], source: str) -> pl.DataFrame:
    """Return the date of the first span of each trace or session that is known."""
    paths = [f"{lake.uri}/{SPANS.name}/{one.file.path}" for one in staged if one.file]
    wanted = rows.select("about").unique()
    found = pl.DataFrame(schema={"about": pl.String, "date": pl.Date})
    if paths:
        found = _first_dates(pl.scan_parquet(paths, hive_partitioning=False), wanted)
    missing = wanted.join(found, on="about", how="anti")
    if missing.is_empty():
        return found
    held = lake.scan(SPANS).filter(pl.col("source") == source)
    return pl.concat([found, _first_dates(held, missing)])


def _first_dates(spans: pl.LazyFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    day = pl.col("start_time").min().dt.date().fill_null(UNTIMED).alias("date")
    by_id = [
        spans.select(pl.col(name).alias("about"), "start_time")
        .join(wanted.lazy(), on="about", how="semi")
        .group_by("about")
        .agg(day)
        for name in ("trace_id", "session_id")
    ]
    return pl.concat(by_id).unique("about", keep="first", maintain_order=True).collect()
