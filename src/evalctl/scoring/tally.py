"""Counts of a run: verdicts per rubric, and the distinct sessions that a failure hit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from evalctl.scoring.answers import FAIL, PASS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evalctl.scoring.answers import Answers

FIELDS = ("pass", "fail", "unknown", "skipped", "error")
"""Counts in the order of the codes of answers."""


@dataclass(slots=True, kw_only=True)
class Count:
    """Counts of one rubric.

    ``sessions`` holds a hash for each session (or lone trace) with a fail; ``weighted`` the sums of
    1 / inclusion over passes, over fails, and of its square over both.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(FIELDS), dtype=np.int64))
    sessions: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    weighted: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))

    def add(self, other: Count) -> None:
        """Add the counts of other targets."""
        self.counts = self.counts + other.counts
        self.sessions = np.union1d(self.sessions, other.sessions)
        self.weighted = self.weighted + other.weighted


Tally = dict[str, Count]
"""Rubric name -> its counts."""


def add_answers(tally: Tally, answers: Answers, marks: NDArray[np.uint64]) -> None:
    """Count answers; ``marks`` are the ``hit_sessions`` of their targets."""
    for i, question in enumerate(answers.questions):
        codes = answers.codes[:, i]
        count = Count(
            counts=np.bincount(codes[codes >= 0], minlength=len(FIELDS)),
            sessions=np.unique(marks[codes == FAIL]),
            weighted=_weighted(codes, answers.noted[i].inclusion),
        )
        tally.setdefault(question.rubric.name, Count()).add(count)


def _weighted(
    codes: NDArray[np.int8], inclusion: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    if not isinstance(inclusion, np.ndarray):
        passes, fails = (np.count_nonzero(codes == code) / inclusion for code in (PASS, FAIL))
        return np.array([passes, fails, (passes + fails) / inclusion])
    weight = 1 / inclusion
    passed, failed = weight[codes == PASS], weight[codes == FAIL]
    return np.array([passed.sum(), failed.sum(), (passed**2).sum() + (failed**2).sum()])


def hit_sessions(
    keys: pl.DataFrame, sessions: pl.DataFrame, failed: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Hash what each target belongs to: its session, else its trace. Equal within one process only.

    ``sessions`` has source, trace_id and session_id of the traces concerned. Only rows of ``failed``
    are looked up; the others are 0.
    """
    marks = np.zeros(keys.height, dtype=np.uint64)
    marks[failed] = _hashes(keys[failed], sessions)
    return marks


def _hashes(keys: pl.DataFrame, sessions: pl.DataFrame) -> NDArray[np.uint64]:
    if keys["trace_id"].null_count() == keys.height:
        known = keys.select("source", "session_id", trace_id=pl.lit(None, pl.String))
    else:
        known = keys.select("source", "trace_id").join(
            sessions, on=["source", "trace_id"], how="left", maintain_order="left"
        )
    lone = pl.col("session_id").is_null()
    name = pl.coalesce("session_id", "trace_id")
    return (
        known.select(pl.struct("source", lone.alias("_lone"), name.alias("_name")).hash())
        .to_series()
        .to_numpy()
    )
