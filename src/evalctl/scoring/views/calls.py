"""Tool calls in order: which are identical, which repeat the one before, which failed for good."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec
import polars as pl

NAMELESS = "?"
"""Stands for a tool span whose tool was not recorded."""

_FRACTION = re.compile(r"[0-9][.eE]")


def tool_calls(spans: pl.DataFrame) -> pl.DataFrame:
    """Return the work tool spans of an arranged frame, in order, with what their neighbours say.

    Adds ``_row`` (row in ``spans``), ``_tool``, ``previous_tool``, ``next_tool``, ``repeat`` (null
    where arguments that were not recorded leave open whether the call is the same as the one
    before), ``_same`` (calls of the trace with this tool and these arguments; null where open) and
    ``_lost`` (an error after which the tool never succeeded).
    """
    tools = spans.with_row_index("_row").filter(pl.col("_work"), pl.col("kind") == "tool")
    named = tools.with_columns(_tool=pl.col("tool").fill_null(NAMELESS), _args=_canonical(tools))
    return named.with_columns(
        previous_tool=pl.col("tool").shift().over("_trace"),
        next_tool=pl.col("tool").shift(-1).over("_trace"),
        repeat=_repeat(named),
        _same=_same(),
        _lost=_lost(),
    )


def _repeat(tools: pl.DataFrame) -> pl.Series:
    """Count rows of identical calls; a row of one tool with unrecorded arguments has no count."""
    same_trace = pl.col("_trace") == pl.col("_trace").shift()
    same_tool = same_trace & (pl.col("_tool") == pl.col("_tool").shift())
    same_call = same_tool & pl.col("_args").eq_missing(pl.col("_args").shift())
    runs = tools.select(
        _first=~same_tool.fill_null(value=False),
        _new=~same_call.fill_null(value=False),
        _dark=pl.col("_args").is_null(),
    ).with_columns(_run=pl.col("_first").cum_sum(), _calls=pl.col("_new").cum_sum())
    open_ = pl.col("_dark").any().over("_run") & ~pl.col("_first")
    place = pl.int_range(pl.len()).over("_calls") + 1
    return runs.select(repeat=pl.when(~open_).then(place))["repeat"]


def _same() -> pl.Expr:
    calls = pl.len().over("_trace", "_tool")
    is_open = pl.col("_args").is_null().any().over("_trace", "_tool") & (calls > 1)
    return pl.when(~is_open).then(pl.len().over("_trace", "_tool", "_args").cast(pl.Int64))


def _lost() -> pl.Expr:
    failed = pl.col("status") == "error"
    last_success = pl.col("_row").filter(~failed).max().over("_trace", "_tool")
    return failed & (last_success.is_null() | (pl.col("_row") > last_success))


def _canonical(tools: pl.DataFrame) -> pl.Series:
    """Write arguments in one form, so that the order of keys and white space do not matter.

    Only calls that another call of the same tool in the same trace could equal are rewritten.
    """
    one_tool = ("_trace", pl.col("tool").fill_null(NAMELESS))
    rivals = tools.select(rival=pl.col("tool_args").n_unique().over(*one_tool) > 1)["rival"]
    args = tools["tool_args"]
    texts = args.filter(rivals).unique().drop_nulls()
    if not len(texts):
        return args
    forms = pl.Series([canonical_json(text) for text in texts], dtype=pl.String)
    return args.replace(texts, forms)


def canonical_json(text: str) -> str:
    """Return JSON with sorted keys, no white space, and whole numbers as integers; else the text, stripped."""
    try:
        value = msgspec.json.decode(text)
        if _FRACTION.search(text):
            value = _whole(value)
        return msgspec.json.encode(value, order="sorted").decode()
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError, UnicodeError):
        return text.strip()


def _whole(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in cast("dict[str, Any]", value).items()}
    return value
