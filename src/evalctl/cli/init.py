"""evalctl init."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalctl.cli.output import say

EXAMPLE = "evalctl init && evalctl ingest exports/"


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make ready.")] = Path(),
) -> None:
    """Write a commented evalctl.toml and the starter rubrics.

    Files that exist are left alone.
    """
    from evalctl.workflows.init import init

    result = init(folder)
    rubrics = sum(name.startswith("rubrics/") for name in result.written)
    others = [name for name in result.written if not name.startswith("rubrics/")]
    wrote = [*others, f"{rubrics} rubrics in rubrics/"] if rubrics else others
    say(f"wrote {', '.join(wrote)}" if wrote else "nothing to write: all files exist already")
    if result.kept and wrote:
        say(f"left {len(result.kept)} existing files alone")
    say("next:  evalctl ingest FOLDER_OF_EXPORTS")
