"""What a backtest found: the value that ``backtest`` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from evalctl.core.words import Severity, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricCounts:
    """One rubric over all selected targets that it was asked about.

    ``rate`` is the share of passes among passes and fails (weighted where targets were sampled with
    different probabilities), ``low`` and ``high`` its 95% Wilson interval; None where nothing passed
    or failed. ``sessions`` counts distinct sessions (or traces without one) with a fail.
    """

    rubric: str
    version: str
    target: Target
    severity: Severity
    targets: int
    passes: int
    fails: int
    unknown: int
    skipped: int
    errors: int
    sessions: int
    rate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """A backtest that was done, was planned, or had nothing to do.

    ``left`` tells for each target how many each step of the selection left, in order. ``examples``
    are rows of ``scoring.examples.EXAMPLE``; ``scores`` counts rows added to the ledger, on ``dates``. ``groups`` counts all groups of the selection, ``todo``
    those that were (or, planned, would be) evaluated.
    """

    state: Literal["done", "planned", "nothing to do"]
    run: str | None
    since: datetime | None
    until: datetime | None
    groups: int
    todo: int
    todo_spans: int
    scores: int = 0
    dates: frozenset[date] = frozenset()
    left: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rubrics: Sequence[RubricCounts] = ()
    examples: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    seconds: float = 0.0
