"""Failures worth looking at: the newest of each rubric, one a session, the worst rubrics first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from evalctl.core.table import UTC_TIME
from evalctl.core.words import SEVERITIES
from evalctl.scoring.answers import FAIL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from evalctl.scoring.answers import Answers, Sparse

KEPT = 5
"""Failures of one rubric that a run keeps in mind."""

EXAMPLE: dict[str, pl.DataType] = {
    "rubric": pl.String(),
    "target": pl.String(),
    "source": pl.String(),
    "trace_id": pl.String(),
    "span_id": pl.String(),
    "session_id": pl.String(),
    "start_time": UTC_TIME,
    "explanation": pl.String(),
    "evidence": pl.String(),
    "times": pl.Int64(),
}
"""Columns of an example; ``times`` counts the failures of the rubric in the same session."""

_NEVER = -(2**62)
_IDS = ("source", "trace_id", "span_id", "session_id")


def examples_of(answers: Answers, marks: NDArray[np.uint64]) -> pl.DataFrame:
    """Return the newest failures of each question, one a session; columns of EXAMPLE and ``_hit``.

    ``marks`` are the ``hit_sessions`` of the targets.
    """
    found = [pl.DataFrame(schema={**EXAMPLE, "_hit": pl.UInt64()})]
    starts = answers.keys["start_time"].cast(pl.Int64).fill_null(_NEVER).to_numpy()
    for i, question in enumerate(answers.questions):
        failed = np.flatnonzero(answers.codes[:, i] == FAIL)
        if not len(failed):
            continue
        rows, times = _latest(starts, marks, failed)
        noted = answers.noted[i]
        failing = answers.keys[rows].with_columns(
            pl.lit(question.rubric.name).alias("rubric"),
            pl.lit(answers.target).alias("target"),
            pl.Series("_hit", marks[rows]),
            _values("explanation", noted.explanation, rows),
            _values("evidence", noted.evidence, rows),
            pl.Series("times", times, dtype=pl.Int64),
        )
        found.append(failing.select(found[0].columns))
    return pl.concat(found)


def _latest(
    starts: NDArray[np.int64], marks: NDArray[np.uint64], failed: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the newest failure of the newest KEPT sessions, and how many each has."""
    order = failed[np.argsort(-starts[failed], kind="stable")]
    _, first, times = np.unique(marks[order], return_index=True, return_counts=True)
    newest_first = np.argsort(first, kind="stable")[:KEPT]
    rows = order[first[newest_first]]
    by_row = np.argsort(rows)
    return rows[by_row], times[newest_first][by_row]


def newest(failures: pl.DataFrame) -> pl.DataFrame:
    """Keep the newest failure of each session and rubric, and of these the newest KEPT of a rubric."""
    newest_first = [True, False, False, False, False]
    ordered = failures.sort("start_time", *_IDS, descending=newest_first, nulls_last=True)
    single = ordered.group_by("rubric", "_hit", maintain_order=True).agg(
        pl.exclude("times").first(), pl.col("times").sum()
    )
    return single.group_by("rubric", maintain_order=True).head(KEPT).select(failures.columns)


def worst(
    failures: pl.DataFrame, severities: Mapping[str, str], limit: int
) -> list[dict[str, Any]]:
    """Return examples as plain rows: by severity, each rubric's newest before any rubric's second."""
    if failures.is_empty():
        return []
    rank = {name: -SEVERITIES.index(word) for name, word in severities.items()}
    placed = newest(failures).with_columns(
        _turn=pl.int_range(pl.len()).over("rubric"),
        _rank=pl.col("rubric").replace_strict(rank, return_dtype=pl.Int64),
    )
    return placed.sort("_turn", "_rank", "rubric").head(limit).select(*EXAMPLE).to_dicts()


def _values(name: str, sparse: Sparse | None, rows: np.ndarray[Any, Any]) -> pl.Series:
    empty = pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(rows))
    if sparse is None:
        return empty
    there = np.isin(sparse.rows, rows)
    at = np.searchsorted(rows, sparse.rows[there])
    return empty.scatter(at, sparse.values.filter(pl.Series(there)))


def all_of(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Put examples of several groups together and keep the newest."""
    schema = {**EXAMPLE, "_hit": pl.UInt64()}
    return newest(pl.concat([pl.DataFrame(schema=schema), *frames]))
