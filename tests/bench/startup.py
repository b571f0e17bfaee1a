"""How long ``evalctl --help`` takes, against importing what it is drawn with.

python tests/bench/startup.py [--rounds 15]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from measure import EVALCTL, interleaved, median, run, table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    commands: dict[str, list[str]] = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import typer, rich": [sys.executable, "-c", "import typer, rich"],
        "evalctl --help": [*EVALCTL, "--help"],
        "evalctl backtest --help": [*EVALCTL, "backtest", "--help"],
        "evalctl --version": [*EVALCTL, "--version"],
    }
    runs = interleaved({name: partial(run, c) for name, c in commands.items()}, options.rounds)
    base = median(runs["import typer, rich"])
    table(
        f"Start-up ({options.rounds} rounds, medians)",
        ("command", "wall ms", "CPU ms", "x import typer, rich"),
        [
            (name, f"{m.wall * 1000:.0f}", f"{m.cpu * 1000:.0f}", f"{m.wall / base.wall:.2f}")
            for name, m in ((name, median(each)) for name, each in runs.items())
        ],
    )


if __name__ == "__main__":
    main()
