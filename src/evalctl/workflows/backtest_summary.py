"""From tallies to the lines of a summary, and back from the manifest of a run that said it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from evalctl.scoring.tally import Count
from evalctl.stats.intervals import wilson
from evalctl.workflows.backtest_result import RubricCounts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.tally import Tally

_FIELDS = ("pass", "fail", "unknown", "skipped", "error")


def counted(rubrics: Sequence[Rubric], tally: Tally) -> list[RubricCounts]:
    """Return one line a rubric, in the order of ``rubrics``."""
    return [_line(rubric, tally.get(rubric.name) or Count()) for rubric in rubrics]


def count_rows(lines: Sequence[RubricCounts]) -> list[dict[str, Any]]:
    """Return lines as rows of ``core.schema.COUNTS``."""
    return [
        {
            "rubric": line.rubric,
            "version": line.version,
            "target": line.target,
            "severity": line.severity,
            "targets": line.targets,
            "pass": line.passes,
            "fail": line.fails,
            "unknown": line.unknown,
            "skipped": line.skipped,
            "error": line.errors,
            "sessions": line.sessions,
        }
        for line in lines
    ]


def weights(tally: Tally) -> dict[str, list[float]]:
    """Return the weighted sums of each rubric, as a manifest keeps them."""
    return {name: count.weighted.tolist() for name, count in tally.items()}


def retold(
    rubrics: Sequence[Rubric],
    counts: Sequence[Mapping[str, Any]],
    weighted: Mapping[str, Sequence[float]],
) -> list[RubricCounts]:
    """Return the lines of an earlier run from its manifest; severity is that of the file now."""
    by_name = {row["rubric"]: row for row in counts}
    lines: list[RubricCounts] = []
    for rubric in rubrics:
        row = by_name[rubric.name]
        count = Count(
            counts=np.array([row[name] for name in _FIELDS], dtype=np.int64),
            weighted=np.array(weighted.get(rubric.name, (0.0, 0.0, 0.0))),
        )
        lines.append(_line(rubric, count, sessions=row["sessions"]))
    return lines


def _line(rubric: Rubric, count: Count, *, sessions: int | None = None) -> RubricCounts:
    passes, fails, unknown, skipped, errors = (int(number) for number in count.counts)
    rate, low, high = _rate(count)
    return RubricCounts(
        rubric=rubric.name,
        version=rubric.version,
        target=rubric.target,
        severity=rubric.severity,
        targets=passes + fails + unknown + skipped + errors,
        passes=passes,
        fails=fails,
        unknown=unknown,
        skipped=skipped,
        errors=errors,
        sessions=len(count.sessions) if sessions is None else sessions,
        rate=rate,
        low=low,
        high=high,
    )


def _rate(count: Count) -> tuple[float | None, float | None, float | None]:
    """Return the weighted share of passes and its interval, over Kish's effective number of targets."""
    passed, failed, squares = count.weighted
    total = passed + failed
    if not total:
        return None, None, None
    share, n = passed / total, total * total / squares
    low, high = wilson(min(share * n, n), n) or (None, None)
    return float(share), low, high
