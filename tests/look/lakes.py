"""Small lakes written by hand, row by row, for the tests of what reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import content_digest, coordinate
from evalctl.core.schema import RUNS, SCORES, SPANS, Table
from evalctl.lake.lake import Lake

T0 = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a time ``seconds`` after the day's first span."""
    return T0 + timedelta(seconds=seconds)


def span(trace: str, span_id: str, parent: str | None = None, **columns: Any) -> dict[str, Any]:
    """Return one row of spans; what is not said is null, or what ingest would fill in."""
    start = columns.get("start_time", T0)
    end = columns.get("end_time", start + timedelta(seconds=1) if start else None)
    duration = (end - start) / timedelta(milliseconds=1) if start and end else None
    said = {
        "source": "default",
        "trace_id": trace,
        "span_id": span_id,
        "parent_span_id": parent,
        "name": f"span {span_id}",
        "kind": "chain",
        "start_time": start,
        "end_time": end,
        "duration_ms": duration,
        "is_root": parent is None,
        "status": "unset",
        "date": start.date() if start else UNTIMED,
        "digest": content_digest(trace, span_id),
        "revision": 0,
        "content_captured": "input" in columns or "output" in columns,
        "ingest_batch": "batch",
        "ingested_at": T0,
        "warnings": [],
    }
    return {**said, **columns}


def answer(rubric: str, verdict: str | None, **fields: Any) -> dict[str, Any]:
    """Return one answer of a ledger row."""
    said = {"version": "0123456789ab", "status": "ok", "annotator": "rule", "inclusion": 1.0}
    return {"rubric": rubric, "verdict": verdict, **said, **fields}


def score(target: str, answers: list[dict[str, Any]], **columns: Any) -> dict[str, Any]:
    """Return one row of the ledger."""
    said = {
        "target": target,
        "source": "default",
        "date": date(2026, 5, 1),
        "bucket": 0,
        "run": "run-1",
        "scored_at": at(3600),
        "digest": 1,
        "answers": answers,
    }
    return {**said, **columns}


def manifest(run: str, asked: list[tuple[str, str]], **columns: Any) -> dict[str, Any]:
    """Return one row of runs that asked (rubric, target) pairs."""
    counts = [
        {"rubric": rubric, "version": "0123456789ab", "target": target, "severity": "medium"}
        | {
            "targets": 2,
            "pass": 1,
            "fail": 1,
            "unknown": 0,
            "skipped": 0,
            "error": 0,
            "sessions": 1,
        }
        for rubric, target in asked
    ]
    said = {
        "run": run,
        "part": 0,
        "state": "done",
        "selection": "{}",
        "counts": counts,
        "groups": [],
    }
    times = {"started_at": at(3600), "finished_at": at(3601), "lake_version": 1}
    return {**said, **times, "tool_version": "0.1.0", "engine": "local", **columns}


@dataclass(kw_only=True)
class Rows:
    """What a lake is to hold."""

    spans: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    scores: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    runs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def make_lake(folder: Path, rows: Rows) -> Lake:
    """Create a lake that holds ``rows``."""
    lake = Lake.create(str(folder))
    for table, given in ((SPANS, rows.spans), (SCORES, rows.scores), (RUNS, rows.runs)):
        if given:
            lake.append(table, frame(table, given, lake.salt))
    return lake


def frame(table: Table, rows: list[dict[str, Any]], salt: bytes) -> pl.DataFrame:
    """Return rows as a table takes them, with the sampling place of their traces."""
    placed = [_placed(row, salt) for row in rows]
    whole = [{name: row.get(name) for name in table.schema} for row in placed]
    return pl.DataFrame(whole, schema=table.schema, orient="row")


def _placed(row: dict[str, Any], salt: bytes) -> dict[str, Any]:
    if row.get("trace_id") is None:
        return row
    u, bucket = coordinate(row["trace_id"], salt)
    return {**row, "u": u, "bucket": bucket}


def as_json(value: Any) -> str:
    """Encode as ingest does: one compact line."""
    return json.dumps(value, separators=(",", ":"))
