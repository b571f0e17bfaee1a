"""Intervals for shares, in closed form; nothing is estimated where nothing was seen."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

Interval = tuple[float, float]


def wilson(k: float, n: float, level: float = 0.95) -> Interval | None:
    """Return the Wilson score interval for ``k`` of ``n``; None where ``n`` is 0.

    ``n`` may be an effective number of a weighted sample, with ``k`` the weighted share of it.

    Raises:
        ValueError: ``k`` lies outside 0..n, or ``level`` outside 0..1.
    """
    if not 0 <= k <= n or not 0 < level < 1:
        raise ValueError(f"wilson({k}, {n}, {level}): 0 <= k <= n and 0 < level < 1 must hold")
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, spread = k / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    low = 0.0 if k == 0 else centre - half
    high = 1.0 if k == n else centre + half
    return max(low, 0.0), min(high, 1.0)
