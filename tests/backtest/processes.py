"""A backtest in a process of its own: ``python -m tests.backtest.processes LAKE RUBRICS``.

It commits after every group and then says so on a line of its own, so that whoever kills it knows
what it has done.
"""

from __future__ import annotations

import sys
from pathlib import Path

from evalctl.core.selection import Selection
from evalctl.lake.lake import Lake
from evalctl.rubrics.load import load_rubrics
from evalctl.workflows.backtest import backtest
from evalctl.workflows.backtest_ledger import Pace


def main(lake: str, rubrics: str) -> None:
    print("begun", flush=True)  # noqa: T201
    result = backtest(
        Lake.open(lake),
        load_rubrics([Path(rubrics)]),
        Selection(),
        progress=lambda done, total: print(done, total, flush=True),  # noqa: T201
        pace=Pace(rows=30, seconds=0),
    )
    print(result.state, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
