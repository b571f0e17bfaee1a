"""The ledger's newest answers as the column ``evaluations`` of spans, which any Delta reader sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import ANSWER, SCORES, SPANS
from evalctl.scoring.answers import TARGET_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

    from evalctl.lake.lake import Lake

_FIELDS = [field.name for field in ANSWER.fields]
_SPAN = ["source", "trace_id", "span_id"]


def folding(lake: Lake) -> Callable[[date, pl.DataFrame], pl.DataFrame]:
    """Return a function of a date and its spans that fills ``evaluations``; for rewrites of spans.

    Answers about a span stand on it, about a trace on its roots, about a session on all roots of the
    session; of each rubric and annotator the newest. Null where there is none. Rows keep their order.
    """
    scores = lake.scan(SCORES)
    dates = sorted(lake.files(SCORES)["date"].unique())

    def fold(day: date, spans: pl.DataFrame) -> pl.DataFrame:
        return with_evaluations(spans, scores, _near(dates, day))

    return fold


def with_evaluations(
    spans: pl.DataFrame, scores: pl.LazyFrame, dates: Collection[date]
) -> pl.DataFrame:
    """Fill ``evaluations`` of spans from the ledger's rows of ``dates``, and of all sessions."""
    if spans.is_empty():
        return spans
    low, high = spans["bucket"].min(), spans["bucket"].max()
    here = scores.filter(pl.col("date").is_in(list(dates)), pl.col("bucket").is_between(low, high))
    traces = spans.lazy().select("source", "trace_id").unique()
    about = _newest(
        here.filter(pl.col("target") != "session").join(traces, on=_SPAN[:2], how="semi")
    )
    held = spans["session_id"].drop_nulls().unique().to_list()
    of_sessions = scores.filter(pl.col("target") == "session", pl.col("session_id").is_in(held))
    keys = spans.select(*_SPAN, "session_id", "is_root").with_row_index("_row")
    roots = keys.filter("is_root")
    found = [
        _placed(keys, about, "span", _SPAN),
        _placed(roots, about, "trace", _SPAN[:2]),
        _placed(roots, _newest(of_sessions), "session", ["source", "session_id"]),
    ]
    lists = (
        pl.concat(found)
        .sort("_row", "rubric", "annotator")
        .group_by("_row", maintain_order=True)
        .agg(evaluations=pl.struct(_FIELDS))
    )
    filled = keys.select("_row").join(lists, on="_row", how="left", maintain_order="left")
    return spans.with_columns(filled["evaluations"].cast(SPANS.schema["evaluations"]))


def _newest(rows: pl.LazyFrame) -> pl.DataFrame:
    return (
        rows.select("target", *TARGET_KEYS, "run", "scored_at", "answers")
        .explode("answers", empty_as_null=False)
        .unnest("answers")
        .sort("scored_at", "run")
        .unique(["target", *TARGET_KEYS, "rubric", "annotator"], keep="last", maintain_order=True)
        .collect()
    )


def _placed(keys: pl.DataFrame, answers: pl.DataFrame, target: str, on: list[str]) -> pl.DataFrame:
    of_target = answers.filter(pl.col("target") == target).select(*on, *_FIELDS)
    return keys.select("_row", *on).join(of_target, on=on, how="inner").select("_row", *_FIELDS)


def _near(dates: list[date], day: date) -> list[date]:
    """Return the date and its neighbours: a trace is scored under the date on which it began."""
    before = [other for other in dates if other < day][-1:]
    after = [other for other in dates if other > day][:1]
    return [*before, day, *after]
