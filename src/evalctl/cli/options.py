"""Flags that several commands share: one spelling, one meaning, one help text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalctl.cli.output import Format
from evalctl.core.clock import now, parse_time
from evalctl.core.errors import UserError
from evalctl.core.selection import Selection

if TYPE_CHECKING:
    from evalctl.core.config import Config
    from evalctl.lake.lake import Lake

LakeFlag = Annotated[
    str | None,
    typer.Option("--lake", metavar="URI", help="Lake to use instead of the configured one."),
]
FormatFlag = Annotated[
    Format,
    typer.Option("--format", metavar="table|json|jsonl|csv|md", help="How to print the result."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From: 7d, 12h, 2026-05-01, an ISO time."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="To, exclusive; the same forms.")
]
Kind = Annotated[list[str] | None, typer.Option("--kind", help="Span kind: llm, tool, agent ...")]
Tool = Annotated[list[str] | None, typer.Option("--tool", help="Tool name or glob.")]
Agent = Annotated[list[str] | None, typer.Option("--agent", help="Agent name or glob.")]
Model = Annotated[list[str] | None, typer.Option("--model", help="Model name or glob.")]
Service = Annotated[list[str] | None, typer.Option("--service", help="Service name or glob.")]
Where = Annotated[
    str | None, typer.Option("--where", metavar="SQL", help="SQL condition over the target's view.")
]
Trace = Annotated[
    list[str] | None,
    typer.Option("--trace", metavar="ID|@FILE|-", help="Trace id, a file of ids, or - for stdin."),
]
Session = Annotated[list[str] | None, typer.Option("--session", metavar="ID", help="Session id.")]
Sample = Annotated[
    str | None,
    typer.Option(
        "--sample", metavar="SHARE", help="Share of the targets: 10% or 0.1; nested and repeatable."
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many targets.")]
Rubric = Annotated[
    list[str] | None,
    typer.Option("--rubric", "-r", metavar="NAME", help="Rubric name or glob, or tag:NAME."),
]


def selection(  # one parameter a flag
    *,
    since: str | None = None,
    until: str | None = None,
    kind: list[str] | None = None,
    tool: list[str] | None = None,
    agent: list[str] | None = None,
    model: list[str] | None = None,
    service: list[str] | None = None,
    where: str | None = None,
    trace: list[str] | None = None,
    session: list[str] | None = None,
    sample: str | None = None,
    limit: int | None = None,
) -> Selection:
    """Resolve flags to a Selection with an absolute window.

    Raises:
        UserError: a time, share or kind that is none, or a window that ends before it begins.
    """
    from evalctl.core.errors import nearest
    from evalctl.core.words import KINDS

    at = now()
    start = parse_time(since, at=at, flag="--since") if since else None
    end = parse_time(until, at=at, flag="--until") if until else None
    if start and end and start >= end:
        raise UserError(
            f"--since {since} is not before --until {until}: the window is empty; swap them"
        )
    for word in kind or ():
        if word not in KINDS:
            raise UserError(
                f"--kind {word}: no such kind{nearest(word, KINDS)}; kinds are {' '.join(KINDS)}"
            )
    return Selection(
        since=start,
        until=end,
        kinds=tuple(kind or ()),
        tools=tuple(tool or ()),
        agents=tuple(agent or ()),
        models=tuple(model or ()),
        services=tuple(service or ()),
        traces=_ids(trace or []),
        sessions=tuple(session or ()),
        where=where,
        sample=_share(sample),
        limit=limit,
    )


def settings() -> Config:
    """Read evalctl.toml."""
    from evalctl.core.config import load_config

    return load_config()


def open_lake(uri: str | None, config: Config) -> Lake:
    """Open the lake of ``--lake``, else the configured one.

    Raises:
        UserError: there is no lake there.
    """
    from evalctl.lake.lake import Lake

    return Lake.open(uri or config.lake)


def _ids(words: list[str]) -> tuple[str, ...]:
    ids: list[str] = []
    for word in words:
        if word == "-":
            ids += sys.stdin.read().split()
        elif word.startswith("@"):
            file = Path(word[1:])
            if not file.is_file():
                raise UserError(f"--trace {word}: {file} is not a file")
            ids += file.read_text(encoding="utf-8").split()
        else:
            ids.append(word)
    return tuple(dict.fromkeys(ids))


def _share(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share <= 1:
        raise UserError(f"--sample {text!r} is not a share: write 10% or 0.1")
    return share
