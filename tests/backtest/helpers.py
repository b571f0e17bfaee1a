"""Rubrics written to disk, functions that python checks call, and what a ledger says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.selection import Selection
from evalctl.rubrics.load import load_rubrics
from evalctl.workflows.backtest import backtest

if TYPE_CHECKING:
    from pathlib import Path

    from evalctl.lake.lake import Lake
    from evalctl.rubrics.rubric import Rubric
    from evalctl.workflows.backtest_result import BacktestResult

SLOW = "description: Fast.\nwhere: kind = 'tool'\nseverity: high\nfail_when: duration_ms > 5000\n"
LOOP = "description: No loop.\ntarget: trace\nfail_when: longest_repeat >= 2\n"
TALK = "description: Short.\ntarget: session\nfail_when: traces > 1\n"


def rubrics(folder: Path, **texts: str) -> list[Rubric]:
    """Write rubric files and load them; ``_`` in a name stands for ``-``."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return load_rubrics([folder])


def run(lake: Lake, asked: list[Rubric], **options: Any) -> BacktestResult:
    """Backtest; fields of a Selection are taken out of the options."""
    fields = {name: options.pop(name) for name in list(options) if name in Selection.__slots__}
    return backtest(lake, asked, Selection(**fields), **options)


def line(result: BacktestResult, rubric: str) -> dict[str, int]:
    """Return the counts of one rubric that are not 0."""
    found = next(line for line in result.rubrics if line.rubric == rubric)
    counts = {
        "targets": found.targets,
        "pass": found.passes,
        "fail": found.fails,
        "unknown": found.unknown,
        "skipped": found.skipped,
        "error": found.errors,
        "sessions": found.sessions,
    }
    return {name: count for name, count in counts.items() if count}


def boom(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Stop at whatever comes, and say something that nobody may repeat."""
    text = f"secret {rows.collect().height}"
    raise RuntimeError(text)


def long_output(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Fail outputs of more than three characters; say nothing about the others' absence."""
    length = pl.col("output").str.len_chars()
    verdict = pl.when(length > 3).then(pl.lit("fail")).otherwise(pl.lit("pass"))
    named = rows.filter(length.is_not_null())
    return named.select("source", "trace_id", "span_id", verdict=verdict, value=length)
