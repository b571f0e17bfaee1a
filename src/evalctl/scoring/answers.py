"""Answers of many rubrics about many targets: one small number each, texts only where one fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from evalctl.core.schema import SCORES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evalctl.core.words import Target
    from evalctl.scoring.questions import Question

NOT_ASKED, PASS, FAIL, UNKNOWN, SKIPPED, ERROR = -1, 0, 1, 2, 3, 4
"""Codes in ``Answers.codes``; ``VERDICTS`` and ``STATUSES`` say what 0 to 4 are called."""
VERDICTS: tuple[str | None, ...] = ("pass", "fail", "unknown", None, None)
STATUSES: tuple[str, ...] = ("ok", "ok", "ok", "skipped", "error")


TARGET_KEYS = ("source", "trace_id", "span_id", "session_id")
"""What names a target of any kind; ids of other kinds are null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """Values of few rows: ``rows`` ascending, ``values`` beside them."""

    rows: NDArray[np.int64]
    values: pl.Series

    def picked(self, new_row: NDArray[np.int64]) -> Sparse:
        """Renumber rows: ``new_row`` holds the new number of each, -1 where it is gone."""
        rows = new_row[self.rows]
        kept = np.flatnonzero(rows >= 0)
        order = kept[np.argsort(rows[kept], kind="stable")]
        return Sparse(rows=rows[order], values=self.values.gather(order))


@dataclass(slots=True, kw_only=True)
class Noted:
    """What stands beside the codes of one question."""

    explanation: Sparse | None = None
    evidence: Sparse | None = None
    value: Sparse | None = None
    reason: str | None = None
    inclusion: NDArray[np.float64] | float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers about the rows of ``keys``, one column of ``codes`` (Int8) a question.

    ``keys`` has source, trace_id, span_id, session_id, date, bucket, digest, start_time; ids that do
    not name a target of this kind are null.
    """

    target: Target
    keys: pl.DataFrame
    questions: Sequence[Question]
    codes: NDArray[np.int8]
    noted: Sequence[Noted] = field(default_factory=list)

    def without(self, asked: NDArray[np.bool_]) -> Answers:
        """Return what is left when the marked answers are taken out; rows without any are dropped."""
        codes = np.where(asked, np.int8(NOT_ASKED), self.codes)
        return self._with(codes, np.flatnonzero((codes >= 0).any(axis=1)))

    def arranged(self) -> Answers:
        """Return the answers in the order of the ledger, without targets that were asked nothing."""
        order = self.keys.select(
            pl.arg_sort_by("date", *SCORES.sort_by, maintain_order=True).cast(pl.Int64)
        )
        rows = order.to_series().to_numpy()
        if (self.codes >= 0).any(axis=1).all() and (np.diff(rows) == 1).all():
            return self  # as rows of a date lie in its files
        return self._with(self.codes, rows[(self.codes[rows] >= 0).any(axis=1)])

    def _with(self, codes: NDArray[np.int8], rows: NDArray[np.int64]) -> Answers:
        new_row = np.full(len(codes), -1, dtype=np.int64)
        new_row[rows] = np.arange(len(rows))
        return Answers(
            target=self.target,
            keys=self.keys[rows],
            questions=self.questions,
            codes=codes[rows],
            noted=[_renumbered(noted, new_row, rows) for noted in self.noted],
        )


def _renumbered(noted: Noted, new_row: NDArray[np.int64], rows: NDArray[np.int64]) -> Noted:
    inclusion = noted.inclusion
    return Noted(
        explanation=noted.explanation and noted.explanation.picked(new_row),
        evidence=noted.evidence and noted.evidence.picked(new_row),
        value=noted.value and noted.value.picked(new_row),
        reason=noted.reason,
        inclusion=inclusion[rows] if isinstance(inclusion, np.ndarray) else inclusion,
    )
