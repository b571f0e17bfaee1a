"""evalctl query."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, open_lake, settings
from evalctl.cli.output import emit, emit_rows, say, to_json, width
from evalctl.core.text import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXAMPLE = 'evalctl query "SELECT tool, count(*) AS calls FROM spans GROUP BY tool"'
_SHOWN = 1000


def command(
    sql: Annotated[str, typer.Argument(help="A SELECT, or - to read it from stdin.")],
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="At most so many rows; tables show 1000 unless told."),
    ] = None,
    form: FormatFlag = "table",
    lake: LakeFlag = None,
) -> None:
    """Ask SQL of spans, traces, sessions, scores, runs, rubrics, rejects and sources.

    Scores are columns too: "eval.RUBRIC.verdict", in double quotes. JSON text is read with
    tool_args ->> 'order.id'. Only what a query touches is read.
    """
    from evalctl.workflows.query import run_query

    answer = run_query(open_lake(lake, settings()), sys.stdin.read() if sql == "-" else sql)
    shown = limit or (_SHOWN if form in ("table", "md") else None)
    if shown is None and form == "jsonl":
        for batch in answer.batches():
            emit_rows(batch.to_dicts(), form=form, command="query")
        return
    frame, total = answer.first(shown)
    fitting = _fitting(frame.columns) if form == "table" else frame.columns
    rows = frame.select(fitting).to_dicts()
    if rows or form == "json":
        emit_rows(
            rows if form in ("json", "jsonl") else _readable(rows), form=form, command="query"
        )
    elif form == "csv":
        emit(",".join(answer.columns))
    if len(fitting) < frame.width:
        say(f"showing {len(fitting)} of {frame.width} columns; name them, or --format json")
    if len(rows) < total:
        say(f"showing {len(rows):,} of {total:,} rows; --limit {total} shows all")
    elif form == "table":
        say("no rows" if not rows else f"{total:,} row{'' if total == 1 else 's'}")


def _fitting(columns: Sequence[str]) -> list[str]:
    """Return the first columns that can be drawn side by side: none is made narrower than eight."""
    return list(columns[: max(width() // 10, 1)])


def _readable(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{one_line(name, 100): _cell(value) for name, value in row.items()} for row in rows]


def _cell(value: Any) -> Any:
    if isinstance(value, list) and not any(isinstance(item, dict) for item in value):
        value = ", ".join(str(item) for item in value)
    plain = to_json(value) if isinstance(value, (list, dict)) else value
    return visible(plain) if isinstance(plain, str) else plain
