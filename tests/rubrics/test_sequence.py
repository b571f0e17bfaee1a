"""The order of tools in a trace, mode by mode."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalctl.rubrics.checks import BadCheckError, build_check, complete_options

Ask = Callable[..., list[bool | None]]
PATHS = ["a > b", "a > x > b", "b > a", "a", "a > b > b", "x > a > b > y", "ab > b", "a > ab"]


@pytest.mark.parametrize(
    ("mode", "passing"),
    [
        ("exact", ["a > b"]),
        ("in_order", ["a > b", "a > x > b", "a > b > b", "x > a > b > y"]),
        ("contiguous", ["a > b", "a > b > b", "x > a > b > y"]),
        ("any_order", ["a > b", "a > x > b", "b > a", "a > b > b", "x > a > b > y"]),
        ("forbidden", ["b > a", "a", "ab > b", "a > ab"]),
    ],
)
def test_each_mode_passes_its_own_paths(ask: Ask, mode: str, passing: list[str]) -> None:
    fails = ask("sequence", {"mode": mode, "names": ["a", "b"]}, "tool_path", PATHS, "trace")

    assert [path for path, fail in zip(PATHS, fails, strict=True) if fail is False] == passing


def test_neighbours_are_in_order_and_a_name_that_stands_twice_is_needed_twice(ask: Ask) -> None:
    paths = ["a > a", "a", "a > b > a", "b > a"]

    def fails(mode: str) -> list[bool | None]:
        return ask("sequence", {"mode": mode, "names": ["a", "a"]}, "tool_path", paths, "trace")

    assert fails("in_order") == [False, True, False, True]
    assert fails("contiguous") == [False, True, True, True]
    assert fails("any_order") == [False, True, False, True]
    assert fails("exact") == [False, True, True, True]


@pytest.mark.parametrize(
    ("on_empty", "expected"), [(None, None), ("unknown", None), ("pass", False), ("fail", True)]
)
def test_a_trace_without_tools_gets_what_on_empty_says(
    ask: Ask, on_empty: str | None, expected: bool | None
) -> None:
    options = {"mode": "forbidden", "names": ["a"], **({"on_empty": on_empty} if on_empty else {})}

    assert ask("sequence", options, "tool_path", ["", None], "trace") == [expected, None]


def test_spans_have_the_same_modes(ask: Ask) -> None:
    options = {"mode": "in_order", "names": ["plan", "act"], "of": "spans"}

    assert ask("sequence", options, "span_path", ["plan > x > act", "act > plan"], "trace") == [
        False,
        True,
    ]


def test_names_are_taken_literally(ask: Ask) -> None:
    options = {"mode": "in_order", "names": ["a.*", "(b"]}

    assert ask("sequence", options, "tool_path", ["a.* > (b", "axx > (b"], "trace") == [False, True]


def test_a_name_that_holds_the_arrow_is_refused() -> None:
    options = complete_options("sequence", {"mode": "exact", "names": ["a > b"]})

    with pytest.raises(BadCheckError, match="write each name for itself"):
        build_check("sequence", options, "trace")


names = st.lists(st.sampled_from(["a", "b", "ab", "a b"]), min_size=1, max_size=6)


def oracle(mode: str, path: list[str], wanted: list[str]) -> bool:
    """Whether a path passes, in plain Python over lists."""
    if mode == "exact":
        return path == wanted
    if mode == "contiguous":
        return any(path[i : i + len(wanted)] == wanted for i in range(len(path)))
    if mode == "any_order":
        return not Counter(wanted) - Counter(path)
    rest = iter(path)
    in_order = all(any(name == seen for seen in rest) for name in wanted)
    return in_order != (mode == "forbidden")


@settings(deadline=None)
@given(
    mode=st.sampled_from(["exact", "in_order", "contiguous", "any_order", "forbidden"]),
    path=names,
    wanted=names,
)
def test_modes_agree_with_a_walk_over_lists(mode: str, path: list[str], wanted: list[str]) -> None:
    import polars as pl

    plan = build_check(
        "sequence", complete_options("sequence", {"mode": mode, "names": wanted}), "trace"
    )

    fail = pl.DataFrame({"tool_path": [" > ".join(path)]}).select(plan.fail).item()

    assert fail is not oracle(mode, path, wanted)


def test_the_explanation_names_the_order_that_was_asked_for() -> None:
    plan = build_check(
        "sequence", complete_options("sequence", {"mode": "in_order", "names": ["a", "b"]}), "trace"
    )

    assert re.search("not in this order: a > b", str(plan.explanation))
    assert plan.evidence == ("tool_path",)
