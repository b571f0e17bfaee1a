"""``check: sequence``: the order of tools, or of spans, in a trace.

Modes: ``exact`` these and no others, in this order; ``in_order`` these in this order, others may stand
between; ``contiguous`` these side by side; ``any_order`` all of these, in whatever order, a name that
stands twice at least twice; ``forbidden`` the opposite of ``in_order``. A trace without any tool (or
span) gets what ``on_empty`` says. Unknown: ``on_empty`` by default, and where the path was not
recorded. A name that itself holds ``' > '`` cannot be told from two names.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.rubrics.checks._options import ON_EMPTY, Option, empty_answer
from evalctl.rubrics.checks._registry import BadCheckError
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.core.words import Target

VERSION = 1
MAIN = None
OPTIONS = {
    "names": Option(type="texts", doc="names of tools or spans, in order", required=True),
    "mode": Option(
        type="word",
        doc="how the names must stand",
        required=True,
        choices=("exact", "in_order", "contiguous", "any_order", "forbidden"),
    ),
    "of": Option(type="word", doc="whose names", default="tools", choices=("tools", "spans")),
    "on_empty": ON_EMPTY,
}

_ARROW = " > "
_PATHS = {"tools": "tool_path", "spans": "span_path"}
# Each name stands between two of these, so that neighbours share one and names never run together.
_MARK = "\x1f"


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan one look at the path of a trace.

    Raises:
        BadCheckError: not asked of traces, or a name that holds the separator.
    """
    if target != "trace":
        raise BadCheckError("sequence is asked of traces: write `target: trace`")
    names: list[str] = options["names"]
    for name in names:
        if _ARROW in name or _MARK in name:
            raise BadCheckError(
                f"sequence: '{name}' holds '{_ARROW}'; write each name for itself", "names"
            )
    column = _PATHS[options["of"]]
    path = pl.col(column)
    marked = pl.concat_str(
        pl.lit(_MARK), path.str.replace_all(_ARROW, _MARK, literal=True), pl.lit(_MARK)
    )
    holds = _holds(marked, options["mode"], names)
    return Plan(
        columns=frozenset((column,)),
        fail=pl.when(path == "").then(empty_answer(options["on_empty"])).otherwise(~holds),
        explanation=pl.when(path == "")
        .then(pl.lit(f"no {options['of']}"))
        .otherwise(pl.lit(_sentence(options["mode"], names))),
        evidence=(column,) if options["of"] == "tools" else (),
    )


def _holds(marked: pl.Expr, mode: str, names: Sequence[str]) -> pl.Expr:
    if mode == "exact":
        return marked == _MARK + _MARK.join(names) + _MARK
    if mode == "contiguous":
        return marked.str.contains(_MARK + _MARK.join(names) + _MARK, literal=True)
    if mode == "any_order":
        listed = marked.str.split(_MARK)
        return pl.all_horizontal(
            listed.list.count_matches(name) >= least for name, least in Counter(names).items()
        )
    in_order = marked.str.contains(_in_order(names))
    return ~in_order if mode == "forbidden" else in_order


def _in_order(names: Sequence[str]) -> str:
    """Neighbours share the mark between them: the plain ``A.*B`` would miss B right after A."""
    between = f"{_MARK}(?:.*{_MARK})?"
    return "(?s)" + _MARK + between.join(pl.escape_regex(name) for name in names) + _MARK


def _sentence(mode: str, names: Sequence[str]) -> str:
    order = _ARROW.join(names)
    sentences = {
        "exact": f"the path is not exactly {order}",
        "in_order": f"not in this order: {order}",
        "contiguous": f"not side by side: {order}",
        "any_order": f"not all of: {', '.join(names)}",
        "forbidden": f"in a forbidden order: {order}",
    }
    return sentences[mode]
