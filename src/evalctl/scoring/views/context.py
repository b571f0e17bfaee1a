"""What spans of complete traces say about each other: order, tree, production work, llm leaves.

Order inside a trace is (start_time with null last, span_id). Spans whose parents form a circle, or
hang below one, count as if they had no parent. Evaluator spans and all below them are not
production work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from evalctl.scoring.views.calls import (
    lost_calls,
    neighbours,
    repeats,
    same_calls,
    tool_calls,
)
from evalctl.scoring.views.tree import any_above, any_below, climb, parent_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Step = Callable[[pl.DataFrame], pl.DataFrame]

KEYS = ("source", "trace_id", "span_id")
ORDER = (*KEYS[:2], "start_time", KEYS[2])
USAGE = ("prompt_tokens", "completion_tokens", "cost_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A step of context: steps before it, stored columns, one column that it adds, and the function."""

    after: tuple[str, ...] = ()
    reads: tuple[str, ...]
    adds: str
    run: Step


def arranged(spans: pl.DataFrame, *, by: tuple[str, ...] = ()) -> pl.DataFrame:
    """Sort spans by trace and order, and number the traces in ``_trace``; idempotent.

    With ``by`` bucket, as rows lie in files, there is little left to sort.
    """
    if "_trace" in spans.columns:
        return spans
    in_order = spans.sort(*by, *ORDER, nulls_last=True)
    return in_order.with_columns(_trace=pl.struct("source", "trace_id").rle_id())


def _tree(spans: pl.DataFrame) -> pl.DataFrame:
    parents = parent_rows(spans)
    way = climb(parents)
    is_root = spans["parent_span_id"].is_null().to_numpy()
    has_depth = ~way.looped & is_root[way.top]
    missing = (parents < 0) & ~is_root
    rise = np.where(way.looped, 0, way.rise)
    known = pl.Series("_parent", parents, dtype=pl.Int64)
    return spans.with_columns(
        known.set(known < 0, None),
        pl.Series("is_orphan", missing),
        pl.Series("_rise", rise),
        pl.Series("_looped", way.looped),
        depth=pl.when(pl.lit(pl.Series(has_depth))).then(pl.lit(pl.Series(rise))),
    )


def _acyclic(spans: pl.DataFrame) -> NDArray[np.int64]:
    parents = spans["_parent"].fill_null(-1).to_numpy()
    return np.where(spans["_looped"].to_numpy(), -1, parents)


def _work(spans: pl.DataFrame) -> pl.DataFrame:
    judging = (spans["kind"] == "evaluator").to_numpy()
    if judging.any():
        spans = spans if "_parent" in spans.columns else _tree(spans)
        judging = judging | any_above(_acyclic(spans), judging)
    return spans.with_columns(pl.Series("_work", ~judging))


def _leaves(spans: pl.DataFrame) -> pl.DataFrame:
    """Mark llm spans with no llm span with usage below them, and the outermost of these.

    The tree is cut at evaluator spans: what a judge spends says nothing about the span it judges.
    """
    kind = spans["kind"]
    parents = np.where((kind == "evaluator").to_numpy(), -1, _acyclic(spans))
    llm = (kind == "llm").to_numpy()
    used = spans.select(pl.any_horizontal(pl.col(USAGE).is_not_null())).to_series().to_numpy()
    leaf = llm & ~any_below(parents, llm & used)
    call = leaf & ~any_above(parents, leaf)
    if (call & ~used).any():  # a part of a call whose usage stands beside it or above it
        call = call & (used | ~any_above(parents, llm & used))
    return spans.with_columns(
        pl.Series("is_leaf_llm", leaf),
        pl.Series("_used", used),
        pl.Series("_call", call),
    )


def _counted(spans: pl.DataFrame) -> pl.DataFrame:
    """Mark the spans over which tokens and cost of a trace are summed."""
    usual = pl.col("is_leaf_llm") | pl.col("kind").is_in(["embedding", "reranker"])
    marked = spans.with_columns(_counted=pl.col("_work") & pl.col("_used") & usual)
    topmost = (
        marked.with_row_index("_row")
        .filter(pl.col("_work"), pl.col("_used"), ~pl.col("_counted").any().over("_trace"))
        .sort("_trace", "_rise", "_row")
        .unique("_trace", keep="first", maintain_order=True)["_row"]
    )
    if not len(topmost):
        return marked
    chosen = np.zeros(marked.height, dtype=np.bool_)
    chosen[topmost.to_numpy()] = True
    return marked.with_columns(_counted=pl.col("_counted") | pl.lit(pl.Series(chosen)))


def _tools(spans: pl.DataFrame, ask: Step) -> pl.DataFrame:
    """Add to tool spans what a function says about their order."""
    tools = tool_calls(spans)
    rows = spans.with_row_index("_row").with_columns(pl.col("_row").cast(pl.Int64))
    return rows.join(ask(tools), on="_row", how="left", maintain_order="left").drop("_row")


_TREE = ("parent_span_id",)
_KIND = (*_TREE, "kind")
_LEAF = (*_KIND, *USAGE)
_CALL = (*_KIND, "tool")
_STEPS: dict[str, _Step] = {
    "tree": _Step(reads=_TREE, adds="_parent", run=_tree),
    "work": _Step(reads=_KIND, adds="_work", run=_work),
    "leaves": _Step(after=("tree", "work"), reads=_LEAF, adds="_used", run=_leaves),
    "counted": _Step(after=("tree", "work", "leaves"), reads=_LEAF, adds="_counted", run=_counted),
    "neighbours": _Step(
        after=("work",),
        reads=_CALL,
        adds="previous_tool",
        run=lambda spans: _tools(spans, neighbours),
    ),
    "repeats": _Step(
        after=("work",),
        reads=(*_CALL, "tool_args"),
        adds="repeat",
        run=lambda spans: _tools(spans, repeats),
    ),
    "same": _Step(
        after=("work",),
        reads=(*_CALL, "tool_args"),
        adds="_same",
        run=lambda spans: _tools(spans, same_calls),
    ),
    "lost": _Step(
        after=("work",),
        reads=(*_CALL, "status"),
        adds="_lost",
        run=lambda spans: _tools(spans, lost_calls),
    ),
}
"""In an order in which they can run."""


def stored_for(steps: Iterable[str]) -> set[str]:
    """Return the stored columns that steps read, order and keys included."""
    return {*ORDER}.union(*(_STEPS[step].reads for step in steps))


def with_steps(spans: pl.DataFrame, steps: Iterable[str]) -> pl.DataFrame:
    """Arrange spans and add what the steps (and those before them) compute; what is there stays."""
    wanted = set(steps)
    wanted = wanted.union(*(_STEPS[step].after for step in wanted))
    frame = arranged(spans)
    for name, step in _STEPS.items():
        if name in wanted and step.adds not in frame.columns:
            frame = step.run(frame)
    return frame


def steps_of(columns: Iterable[str], declared: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the steps that columns need, by a declaration of column -> steps."""
    return {step for column in columns for step in declared.get(column, ())}
