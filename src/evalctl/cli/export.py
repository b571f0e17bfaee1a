"""evalctl export."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evalctl.cli import options
from evalctl.cli.output import leave_quietly, say
from evalctl.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLE = "evalctl export --format openinference --with-scores --since 7d -o week.jsonl"

_Form = Annotated[
    Literal["jsonl", "parquet", "otlp", "openinference"],
    typer.Option("--format", metavar="jsonl|parquet|otlp|openinference", help="What to write."),
]
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def command(
    *,
    form: _Form = "jsonl",
    with_scores: Annotated[
        bool, typer.Option("--with-scores", help="Scores on the spans that they are about.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="File instead of stdout.")
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    kind: options.Kind = None,
    tool: options.Tool = None,
    agent: options.Agent = None,
    model: options.Model = None,
    service: options.Service = None,
    where: options.Where = None,
    trace: options.Trace = None,
    session: options.Session = None,
    sample: options.Sample = None,
    limit: options.Limit = None,
    lake: options.LakeFlag = None,
) -> None:
    """Write the selected spans as rows, or as OTLP/JSON lines that other tools read.

    otlp names attributes as OpenTelemetry GenAI does, openinference as Phoenix does.
    """
    from evalctl.workflows.export import Export

    selection = options.selection(
        since=since,
        until=until,
        kind=kind,
        tool=tool,
        agent=agent,
        model=model,
        service=service,
        where=where,
        trace=trace,
        session=session,
        sample=sample,
        limit=limit,
    )
    opened = options.open_lake(lake, options.settings())
    export = Export(lake=opened, selection=selection, form=form, with_scores=with_scores)
    if out is not None:
        spans = export.to_file(out)
        say(f"wrote {spans:,} spans to {out}")
        if form in ("otlp", "openinference"):
            say(f"next:  evalctl ingest {out} --lake COPY")
        return
    if form == "parquet" and sys.stdout.isatty():
        raise UserError("Parquet is not for a terminal: give -o FILE, or send it on with | or >")
    stream = _Escaping() if sys.stdout.isatty() else sys.stdout.buffer
    try:
        spans = export.to_stream(stream)
    except BrokenPipeError:
        leave_quietly()
    say(f"wrote {spans:,} spans")


class _Escaping:
    """A terminal, which must not obey what stands in traces: JSON says the same in plain ASCII."""

    def writelines(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            sys.stdout.write(_NOT_ASCII.sub(_escape, piece.decode()))

    def flush(self) -> None:
        sys.stdout.flush()


def _escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
