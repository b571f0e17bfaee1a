"""evalctl runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, open_lake, settings
from evalctl.cli.output import Format, emit, emit_json, emit_rows, say, table
from evalctl.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.workflows.runs import RunDetail

EXAMPLE = "evalctl runs 20261120T101500"


def command(
    run: Annotated[
        str | None, typer.Argument(help="Run id, or the beginning of one; without it, all.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many runs.")] = 20,
    form: FormatFlag = "table",
    lake: LakeFlag = None,
) -> None:
    """List the runs, or show all of one: what was asked, what came out, how to repeat it."""
    from evalctl.workflows.runs import list_runs, show_run

    opened = open_lake(lake, settings())
    if run is not None:
        _show(show_run(opened, run), form)
        return
    rows = list_runs(opened)
    listed = rows[:limit]
    emit_rows(_drawn(listed) if form == "table" else listed, form=form, command="runs")
    if not rows:
        say("no run yet\nnext:  evalctl backtest")
        return
    if len(rows) > limit:
        say(f"showing {limit:,} of {len(rows):,} runs; --limit {len(rows)} shows all")
    if form == "table":
        say(f"next:  evalctl runs {rows[0]['run']}")


def _drawn(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what would crowd 80 columns: the id holds the time, and most runs cost nothing."""
    hidden = {"started", *(() if any(row["cost_usd"] for row in rows) else ("cost_usd",))}
    return [{name: row[name] for name in row if name not in hidden} for row in rows]


def _show(detail: RunDetail, form: Format) -> None:
    if form == "table":
        for name, value in {**detail.manifest, "selection": detail.flags or "everything"}.items():
            if value is not None:
                emit(f"{name.ljust(14)}{one_line(str(value), 2000)}")
        if detail.counts:
            shown = ("rubric", "target", "targets", "pass", "fail", "unknown", "error", "sessions")
            emit("\n" + table([{name: row[name] for name in shown} for row in detail.counts]))
        say(f"repeat it:  {one_line(detail.command, 10_000)}")
    elif form == "json":
        data = {**detail.manifest, "counts": list(detail.counts), "command": detail.command}
        emit_json(data, command="runs")
    else:
        emit_rows(detail.counts, form=form, command="runs")
