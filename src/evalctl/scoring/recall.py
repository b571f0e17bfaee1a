"""Answers that stand in the ledger already, in the form of answers just given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from evalctl.scoring.answers import (
    ERROR,
    NOT_ASKED,
    PASS,
    SKIPPED,
    TARGET_KEYS,
    Answers,
    Noted,
    Sparse,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.core.words import Target
    from evalctl.scoring.questions import Question

_KEY = [*TARGET_KEYS, "digest"]


def recalled(
    scores: pl.LazyFrame, keys: pl.DataFrame, target: Target, questions: Sequence[Question]
) -> Answers:
    """Read what the ledger says about targets with this content; the newest answer of a key counts.

    ``keys`` is as in ``Answers``; ``scores`` are rows of SCORES. Where there is no answer, the rubric
    was not asked.
    """
    codes = np.full((keys.height, len(questions)), NOT_ASKED, dtype=np.int8)
    if keys.is_empty():
        return Answers(
            target=target,
            keys=keys,
            questions=questions,
            codes=codes,
            noted=[Noted() for _ in questions],
        )
    found = _found(scores, keys, target, questions)
    codes[found["_row"].to_numpy(), found["_column"].to_numpy()] = found["_code"].to_numpy()
    noted = [
        _noted(found.filter(pl.col("_column") == i), keys.height) for i in range(len(questions))
    ]
    return Answers(target=target, keys=keys, questions=questions, codes=codes, noted=noted)


def _found(
    scores: pl.LazyFrame, keys: pl.DataFrame, target: Target, questions: Sequence[Question]
) -> pl.DataFrame:
    asked = pl.LazyFrame(
        [(q.rubric.name, q.rubric.version, i) for i, q in enumerate(questions)],
        schema={"rubric": pl.String, "version": pl.String, "_column": pl.Int64},
        orient="row",
    )
    dates = keys["date"].unique().to_list()
    known = scores.filter(pl.col("date").is_in(dates), pl.col("target") == target)
    answers = (
        known.select(*_KEY, "run", "scored_at", "answers")
        .join(
            keys.lazy().with_row_index("_row").select("_row", *_KEY),
            on=_KEY,
            how="inner",
            nulls_equal=True,
        )
        .drop(_KEY)
        .explode("answers", empty_as_null=False)
        .unnest("answers")
        .join(asked, on=["rubric", "version"], how="inner")
        .select(
            "_row",
            "_column",
            _code(),
            "explanation",
            "evidence",
            "reason",
            "inclusion",
            "scored_at",
            "run",
        )
        .collect()
    )
    return answers.sort("_row", "_column", "scored_at", "run").unique(
        ["_row", "_column"], keep="last", maintain_order=True
    )


def _code() -> pl.Expr:
    verdicts = pl.col("verdict").replace_strict(
        ["pass", "fail", "unknown"], [0, 1, 2], default=PASS, return_dtype=pl.Int8
    )
    status = pl.col("status")
    return (
        pl.when(status == "error")
        .then(pl.lit(ERROR, pl.Int8))
        .when(status == "skipped")
        .then(pl.lit(SKIPPED, pl.Int8))
        .otherwise(verdicts)
        .alias("_code")
    )


def _noted(found: pl.DataFrame, height: int) -> Noted:
    said = found.filter(pl.col("explanation").is_not_null() | pl.col("evidence").is_not_null())
    rows = said["_row"].to_numpy().astype(np.int64)
    inclusion = np.ones(height)
    inclusion[found["_row"].to_numpy()] = found["inclusion"].fill_null(1.0).to_numpy()
    return Noted(
        explanation=Sparse(rows=rows, values=said["explanation"]),
        evidence=Sparse(rows=rows, values=said["evidence"]),
        reason=next(iter(found["reason"].drop_nulls().to_list()), None),
        inclusion=inclusion,
    )
