"""What people and programs said about a trace before any rubric was asked: imported scores."""

from __future__ import annotations

import polars as pl

FEEDBACK = ("thumbs_up", "thumbs_down", "feedback")
_IMPORTED = pl.col("version") == ""


def feedback_of(scores: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``source``, ``trace_id`` and the FEEDBACK columns for each trace that has imported scores.

    ``scores`` are rows of the ledger. Thumbs are answers of users about the trace or its spans;
    ``feedback`` is the mean value of the imported scores about the trace itself, null without one.
    """
    answers = (
        scores.filter(pl.col("trace_id").is_not_null())
        .select("target", "source", "trace_id", "answers")
        .explode("answers", empty_as_null=False)
        .unnest("answers")
        .filter(_IMPORTED)
    )
    by_user = pl.col("annotator") == "user"
    about_trace = pl.col("target") == "trace"
    return answers.group_by("source", "trace_id").agg(
        thumbs_up=(by_user & (pl.col("verdict") == "pass")).sum().cast(pl.Int64),
        thumbs_down=(by_user & (pl.col("verdict") == "fail")).sum().cast(pl.Int64),
        feedback=pl.col("value").filter(about_trace).mean(),
    )
