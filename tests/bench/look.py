"""Looking at a little of a large lake: one trace, one day, one tool, as whole processes.

    python tests/bench/look.py [--spans 1000000] [--rounds 5] [--lake DIR] [--work DIR]

Prints one table: wall, CPU, memory, bytes that read calls brought in, and wall in units of
``python -c "import polars, deltalake"``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path

from measure import EVALCTL, interleaved, median, run, table

from backtest import make_lake

_SUM = "SELECT COUNT(*) AS spans, SUM(LENGTH(output)) AS characters FROM spans"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lake", type=Path, help="a lake that holds the generated corpus")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "evalctl-bench"))
    options = parser.parse_args()
    lake = (options.lake or make_lake(options.work, options.spans)).resolve()
    facts = json.loads((lake / "facts.json").read_text(encoding="utf-8"))
    trace, day = facts["sample_traces"][-1], sorted(facts["spans_by_date"])[6]
    at = ("--lake", f"{lake}")
    commands: dict[str, list[str]] = {
        "import polars, deltalake": [sys.executable, "-c", "import polars, deltalake"],
        "show one trace": [*EVALCTL, "show", trace, *at],
        "show the beginning of an id": [*EVALCTL, "show", trace[:8], *at],
        "query one trace": [*EVALCTL, "query", f"{_SUM} WHERE trace_id = '{trace}'", *at],
        "query one day": [*EVALCTL, "query", f"{_SUM} WHERE date = DATE '{day}'", *at],
        "query one tool": [*EVALCTL, "query", f"{_SUM} WHERE tool = 'book_seat'", *at],
        "query every span": [*EVALCTL, "query", _SUM, *at],
    }
    runs = interleaved({name: partial(run, c) for name, c in commands.items()}, options.rounds)
    start = median(runs["import polars, deltalake"]).wall
    table(
        f"Looking at {facts['spans']:,} spans ({options.rounds} rounds, medians)",
        ("command", "wall s", "CPU s", "peak MB", "read MB", "x import"),
        [
            (
                name,
                f"{m.wall:.3f}",
                f"{m.cpu:.3f}",
                f"{m.rss_mb:.0f}",
                f"{m.read_mb:.0f}",
                f"{m.wall / start:.2f}",
            )
            for name, m in ((name, median(each)) for name, each in runs.items())
        ],
    )


if __name__ == "__main__":
    main()
