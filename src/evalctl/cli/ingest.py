"""evalctl ingest."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, settings
from evalctl.cli.output import emit_json, emit_rows, say, width
from evalctl.cli.progress import amount, duration, progress_bar
from evalctl.core.text import one_line

if TYPE_CHECKING:
    from evalctl.core.config import Config
    from evalctl.workflows.ingest_result import FileReport, IngestResult

EXAMPLE = "evalctl ingest exports/ --dry-run"

_TROUBLE = ("orphans", "again", "rejects")
_SHOWN = 40
"""Rows of the table on a screen; other formats list every file."""


def command(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders, globs, or - for stdin.")
    ],
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Where the spans come from; part of their identity."),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", help="Project name, instead of the client's.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and report; write nothing.")
    ] = False,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="Mask personal data before it is written; on where [redact] is configured.",
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=0, metavar="N", help="Worker processes; 0: choose.")
    ] = 0,
    form: FormatFlag = "table",
    lake: LakeFlag = None,
) -> None:
    """Add trace exports to the lake, each span exactly once.

    What a file is, is decided by its bytes. The same file again changes nothing. A record that cannot
    be read is kept in the table rejects, and the rest goes in.
    """
    from evalctl.workflows.ingest import IngestOptions, ingest

    config = settings()
    options = IngestOptions(
        source=source or config.source,
        project=project or config.project,
        dry_run=dry_run,
        redact=_entities(redact, config),
        processes=processes,
    )
    with progress_bar("reading") as progress:
        result = ingest(lake or config.lake, paths, options, progress)
    if form == "json":
        emit_json(asdict(result), command="ingest")
        return
    read = [file for file in result.files if file.skipped is None]
    rows = [_row(file) for file in read]
    shown = _screen(rows)[:_SHOWN] if form == "table" else rows
    emit_rows(shown, form=form, command="ingest")
    if form == "table":
        _say_summary(result, len(rows))
        _say_next(result, paths)


def _entities(redact: bool | None, config: Config) -> tuple[str, ...] | None:
    from evalctl.core.config import Redact

    if redact is False or (redact is None and config.redact is None):
        return None
    return (config.redact or Redact()).entities


def _screen(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out counts of trouble where there is none, and the beginnings of long paths."""
    empty = {word for word in _TROUBLE if not any(row[word] for row in rows)}
    room = max(width() // 2 - 8 - 9 * (len(_TROUBLE) - len(empty)), 14)
    names = _names([row["file"] for row in rows])
    return [
        {word: row[word] for word in row if word not in empty} | {"file": _end_of(name, room)}
        for row, name in zip(rows, names, strict=True)
    ]


def _names(paths: list[str]) -> list[str]:
    """Shorten paths by the folder that all share."""
    folders = {str(Path(path).parent) for path in paths}
    shared = os.path.commonpath([Path(folder).absolute() for folder in folders]) if paths else ""
    return [path if path == "-" else os.path.relpath(path, shared) for path in paths]


def _end_of(path: str, size: int) -> str:
    return path if len(path) <= size else f"…{path[1 - size :]}"


def _row(file: FileReport) -> dict[str, Any]:
    share = f"{file.with_content / file.spans:.0%}" if file.spans else "-"
    return {
        "file": file.path,
        "spans": file.spans + file.known,
        "traces": file.traces,
        "content": share,
        "orphans": file.orphans,
        "again": file.duplicates + file.known,
        "rejects": sum(file.rejects.values()),
        "read as": one_line(", ".join(file.conventions or file.containers), 22),
    }


def _say_summary(result: IngestResult, count: int) -> None:
    if count > _SHOWN:
        say(f"... and {count - _SHOWN} more files; --format json lists them all")
    say()
    say(headline(result))
    kinds = sum((Counter(file.kinds) for file in result.files), Counter[str]())
    if kinds:
        say("kinds: " + ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common()))
    if result.first and result.last:
        say(f"starts: {result.first:%Y-%m-%d %H:%M:%S} to {result.last:%Y-%m-%d %H:%M:%S} UTC")
    for line in [*_rejects(result), *_notes(result), *_skipped(result)]:
        say(line)


def headline(result: IngestResult) -> str:
    """Say in one line what went in."""
    verb = "would add" if result.dry_run else "added"
    again = result.duplicates + result.known
    if not result.added and not result.feedback and again:
        return f"nothing new: all {again:,} spans are in the lake already"
    parts = [f"{verb} {result.added:,} spans of {result.traces:,} traces"]
    if result.replaced:
        parts.append(f"{result.replaced:,} of them replace an earlier delivery")
    if again:
        parts.append(f"{again:,} were there already")
    if result.feedback:
        parts.append(f"{result.feedback:,} feedback scores")
    rate = amount(result.size / max(result.seconds, 0.001), "B")
    return f"{'; '.join(parts)} ({duration(result.seconds)}, {rate}/s)"


def _rejects(result: IngestResult) -> list[str]:
    reasons: Counter[str] = sum((Counter(f.rejects) for f in result.files), Counter[str]())
    lines = [
        f"rejected {count:,}: {one_line(reason, 60)}" for reason, count in reasons.most_common(5)
    ]
    where = 'evalctl query "SELECT file, line, reason, head FROM rejects"'
    return [*lines, f"see:  {where}"] if lines and not result.dry_run else lines


def _notes(result: IngestResult) -> list[str]:
    notes = [(file.path, note) for file in result.files for note in file.notes]
    return [f"note: {_end_of(path, 70)}\n  {note}" for path, note in notes[:10]]


def _skipped(result: IngestResult) -> list[str]:
    skipped = [file for file in result.files if file.skipped is not None]
    lines = [_skip(file.path, file.skipped or "") for file in skipped[:5]]
    more = len(skipped) - len(lines)
    return [*lines, f"skipped {more} more files; --format json lists them"] if more else lines


def _skip(path: str, reason: str) -> str:
    said = one_line(reason, 50)
    return f"skipped {_end_of(one_line(path, 1000), 70 - len(said))}: {said}"


def _say_next(result: IngestResult, paths: list[str]) -> None:
    say()
    if result.dry_run:
        say(f"next: evalctl ingest {shlex.join(paths)}")
        return
    since = f" --since {result.first:%Y-%m-%d}" if result.first else ""
    say(f"next: evalctl backtest{since}")
