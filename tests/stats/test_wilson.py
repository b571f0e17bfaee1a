"""Wilson's interval against published values and against its own definition, solved by bisection."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalctl.stats.intervals import wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_it_gives_the_published_values(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)
    assert found is not None
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(
    st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_its_ends_are_the_shares_that_a_score_test_just_accepts(
    drawn: tuple[int, int], level: float
) -> None:
    k, n = drawn
    found = wilson(k, n, level)
    assert found == (
        pytest.approx(bisected(k, n, level, 0.0, k / n), abs=1e-7),
        pytest.approx(bisected(k, n, level, 1.0, k / n), abs=1e-7),
    )


def bisected(k: int, n: int, level: float, outside: float, inside: float) -> float:
    z = NormalDist().inv_cdf((1 + level) / 2)
    if k / n == outside:
        return outside
    for _ in range(80):
        middle = (outside + inside) / 2
        if abs(k / n - middle) <= z * sqrt(middle * (1 - middle) / n):
            inside = middle
        else:
            outside = middle
    return inside


def test_nothing_seen_is_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("k", "n", "level"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)]
)
def test_what_is_no_share_is_refused(k: int, n: int, level: float) -> None:
    with pytest.raises(ValueError, match="must hold"):
        wilson(k, n, level)
