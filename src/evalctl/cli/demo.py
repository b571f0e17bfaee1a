"""evalctl demo."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from evalctl.cli.output import say

EXAMPLE = "evalctl demo"


def command(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")] = Path("evalctl-demo"),
) -> None:
    """Make a project with bundled traces of real clients, ingest them and ask the starter rubrics.

    Needs no key and no network. The second time there is nothing left to do, and it says so.
    """
    from evalctl.cli.backtest import print_result
    from evalctl.cli.ingest import headline
    from evalctl.core.config import load_config
    from evalctl.core.selection import Selection
    from evalctl.lake.lake import Lake
    from evalctl.rubrics.load import load_rubrics
    from evalctl.workflows.backtest import backtest
    from evalctl.workflows.demo import prepare_demo
    from evalctl.workflows.ingest import IngestOptions, ingest

    traces = prepare_demo(folder)
    config = load_config(folder)
    say(f"$ cd {shlex.quote(str(folder))}")
    say(f"$ evalctl ingest {traces.name}/")
    say(headline(ingest(config.lake, [str(traces)], IngestOptions(source=config.source))))
    say()
    say("$ evalctl backtest")
    result = backtest(Lake.open(config.lake), load_rubrics(config.rubrics), Selection())
    print_result(result, "table")
    say()
    say(f"The lake, the rubrics and the traces are in {folder}/. Try there:")
    say("  evalctl show --help, evalctl rubrics list, evalctl lake info")
    say('  evalctl query "SELECT model, COUNT(*) AS calls FROM spans GROUP BY model"')
    say("Then your own:  evalctl init && evalctl ingest FOLDER_OF_EXPORTS")
