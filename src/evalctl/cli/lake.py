"""evalctl lake: look at the tables of a lake, and keep them small and fast."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, open_lake, settings
from evalctl.cli.output import Format, emit_rows, say

if TYPE_CHECKING:
    from collections.abc import Sequence

command = typer.Typer(
    name="lake",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Look at the tables of a lake, and keep them small and fast.",
    epilog="Example:  evalctl lake info",
)


@command.command(
    short_help="Show rows, files, bytes and dates of every table.",
    epilog="Example:  evalctl lake info --format json",
)
def info(lake: LakeFlag = None, form: FormatFlag = "table") -> None:
    """Show rows, files, bytes, version and dates of every table; no data is read."""
    from evalctl.workflows.lake_info import lake_info

    found = open_lake(lake, settings())
    tables = lake_info(found)
    _emit(tables, form, "lake info")
    if form == "table":
        rows = {table.table: table.rows for table in tables}
        say()
        say(f"lake  {found.uri}")
        say("next  evalctl backtest" if rows["spans"] else "next  evalctl ingest FOLDER")


@command.command(
    short_help="Make few sorted files of many small ones.",
    epilog="Example:  evalctl lake optimize",
)
def optimize(lake: LakeFlag = None, form: FormatFlag = "table") -> None:
    """Make few sorted files of many small ones, and drop rows that a later delivery replaced."""
    from evalctl.workflows.lake_optimize import lake_optimize

    done = lake_optimize(open_lake(lake, settings()))
    _emit(done, form, "lake optimize")
    say(
        "next  evalctl lake vacuum --dry-run"
        if done
        else "nothing to do: no table has many small files"
    )


@command.command(
    short_help="Delete files that no reader needs any more.",
    epilog="Example:  evalctl lake vacuum --older-than 48 --dry-run",
)
def vacuum(
    lake: LakeFlag = None,
    older_than: Annotated[
        int,
        typer.Option(
            "--older-than",
            metavar="HOURS",
            min=0,
            help="Spare younger files: longer than the longest ingest, backtest or query takes.",
        ),
    ] = 24,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    form: FormatFlag = "table",
) -> None:
    """Delete files that left the tables, and files of writers that died."""
    from evalctl.workflows.lake_vacuum import lake_vacuum

    done = lake_vacuum(open_lake(lake, settings()), older_than_h=older_than, dry_run=dry_run)
    _emit(done, form, "lake vacuum")
    files = sum(table.files for table in done)
    say(f"{'would delete' if dry_run else 'deleted'} {files:,} files older than {older_than} h")
    if dry_run and files:
        say(f"next  evalctl lake vacuum --older-than {older_than}")


def _emit(rows: Sequence[Any], form: Format, name: str) -> None:
    emit_rows([asdict(row) for row in rows], form=form, command=name)
