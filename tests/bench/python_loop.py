"""The baseline of backtest: the same rules as a loop over rows, with ``re``. Not evalctl.

    python tests/bench/python_loop.py TABLE SHARE

Asks about the traces whose sampling coordinate lies below SHARE, so that traces are whole, and prints
rows, time and fails. Reading the table is left out of the time: it would not grow twentyfold.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema_rs
import polars as pl
import yaml

RUBRICS = Path(__file__).parent / "rubrics"
_CONDITION = re.compile(r"(\w+) ~ '(.*)'")
_COLUMNS = (
    *(
        "trace_id",
        "start_time",
        "span_id",
        "kind",
        "tool",
        "status",
        "duration_ms",
        "prompt_tokens",
    ),
    *("tool_args", "input", "input_messages", "output", "documents"),
)
_WITHOUT_ORDER = re.compile(r"^((search_orders|get_customer|get_invoice) > )*issue_refund")

Row = dict[str, Any]


def main() -> None:
    """Read a share of the rows, loop, print JSON."""
    table, share = sys.argv[1], float(sys.argv[2])
    frame = (
        pl.scan_delta(table)
        .filter(pl.col("u") < share)
        .select(_COLUMNS)
        .sort("trace_id", "start_time", "span_id")
        .collect()
    )
    patterns, schema = _rules()
    wall, cpu = time.perf_counter(), time.process_time()
    fails = _loop(frame, patterns, schema)
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({"rows": frame.height, **took, "fails": dict(sorted(fails.items()))}))


def _rules() -> tuple[dict[str, list[tuple[str, re.Pattern[str]]]], Any]:
    """Take patterns and schema from the rubric files, so that both sides ask the same."""
    patterns: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    schema: Any = None
    for file in sorted(RUBRICS.glob("*.yaml")):
        rubric = yaml.safe_load(file.read_text(encoding="utf-8"))
        conditions = rubric.get("fail_when")
        if isinstance(conditions, dict) and file.stem.startswith("no-"):
            found = (_CONDITION.fullmatch(condition) for condition in conditions.values())
            patterns[file.stem] = [(m[1], re.compile(m[2], re.ASCII)) for m in found if m]
        elif "check" in rubric:
            schema = jsonschema_rs.validator_for(rubric["check"]["json_schema"]["schema"])
    return patterns, schema


def _loop(
    frame: pl.DataFrame, patterns: dict[str, list[tuple[str, re.Pattern[str]]]], schema: Any
) -> Counter[str]:
    fails: Counter[str] = Counter()
    for _, rows in groupby(frame.iter_rows(named=True), key=lambda row: row["trace_id"]):
        trace = list(rows)
        for row in trace:
            _ask_span(row, patterns, schema, fails)
        _ask_trace(trace, fails)
    return fails


def _ask_span(
    row: Row,
    patterns: dict[str, list[tuple[str, re.Pattern[str]]]],
    schema: Any,
    fails: Counter[str],
) -> None:
    for name, conditions in patterns.items():
        fails[name] += any(row[column] and p.search(row[column]) for column, p in conditions)
    if row["kind"] == "tool":
        fails["within-limits"] += (row["duration_ms"] or 0) > 10_000
        if row["tool"] == "issue_refund":
            fails["refund-arguments"] += not schema.is_valid(json.loads(row["tool_args"]))
    elif row["kind"] == "llm":
        fails["within-limits"] += (row["prompt_tokens"] or 0) > 2_000


def _ask_trace(trace: list[Row], fails: Counter[str]) -> None:
    calls = [row for row in trace if row["kind"] == "tool"]
    rows_of_same = (len(list(same)) for _, same in groupby(calls, key=_call))
    fails["tool-loop"] += max(rows_of_same, default=0) >= 3
    fails["too-many-steps"] += len(trace) > 14
    fails["unrecovered-error"] += _is_unrecovered(calls)
    path = " > ".join(row["tool"] for row in calls)
    fails["refund-before-order"] += bool(_WITHOUT_ORDER.search(path))


def _call(row: Row) -> tuple[str, str]:
    return row["tool"], row["tool_args"]


def _is_unrecovered(calls: list[Row]) -> bool:
    worked_later: set[str] = set()
    for row in reversed(calls):
        if row["status"] != "error":
            worked_later.add(row["tool"])
        elif row["tool"] not in worked_later:
            return True
    return False


if __name__ == "__main__":
    main()
