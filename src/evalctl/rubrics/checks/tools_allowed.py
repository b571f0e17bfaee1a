"""``check: tools_allowed``: only these tools are called.

Asked of spans: fails where ``tool`` is none of the names; unknown where no tool was recorded. Asked of
traces: fails where any tool of the trace is none of them; ``on_empty`` says what a trace without tool
calls gets. Names are exact, or globs with ``*`` and ``?``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.rubrics.checks._options import ON_EMPTY, Option, empty_answer
from evalctl.rubrics.checks._registry import BadCheckError
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.core.words import Target

VERSION = 1
MAIN = "tools"
OPTIONS = {
    "tools": Option(
        type="texts", doc="names or globs of the tools that may be called", required=True
    ),
    "on_empty": ON_EMPTY,
}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan one look at the tool of a span, or at the distinct tools of a trace.

    Raises:
        BadCheckError: asked of sessions, whose view has no tools.
    """
    if target == "span":
        return _span_plan(options["tools"])
    if target == "trace":
        return _trace_plan(options["tools"], options["on_empty"])
    raise BadCheckError("tools_allowed is asked of spans or traces, not of sessions")


def _span_plan(tools: Sequence[str]) -> Plan:
    return Plan(
        columns=frozenset(("tool",)),
        fail=~_is_allowed(pl.col("tool"), tools),
        explanation=pl.format("tool {} is not allowed", pl.col("tool")),
        evidence=("tool",),
    )


def _trace_plan(tools: Sequence[str], on_empty: str) -> Plan:
    others = pl.col("tools").list.filter(~_is_allowed(pl.element(), tools))
    return Plan(
        columns=frozenset(("tools",)),
        fail=pl.when(pl.col("tools").list.len() == 0)
        .then(empty_answer(on_empty))
        .otherwise(others.list.len() > 0),
        explanation=pl.when(pl.col("tools").list.len() == 0)
        .then(pl.lit("no tool was called"))
        .otherwise(pl.format("not allowed: {}", others.list.join(", "))),
        evidence=("tools",),
    )


def _is_allowed(tool: pl.Expr, tools: Sequence[str]) -> pl.Expr:
    exact = [name for name in tools if "*" not in name and "?" not in name]
    globs = [tool.str.contains(_glob(name)) for name in tools if name not in exact]
    return pl.any_horizontal(tool.is_in(exact), *globs)


def _glob(name: str) -> str:
    """Write a glob as a Rust regex; fnmatch writes atomic groups, which Rust does not have."""
    escaped = pl.escape_regex(name).replace(r"\*", ".*").replace(r"\?", ".")
    return f"(?s)^{escaped}$"
