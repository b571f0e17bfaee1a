"""The limit of backtest: only read the text columns that the rules read. Not evalctl.

python tests/bench/scan_text.py TABLE
"""

from __future__ import annotations

import json
import sys

import polars as pl

TEXT = ("input", "input_messages", "output", "documents")


def main() -> None:
    """Read the text columns of a Delta table, streaming, and print how many bytes they hold."""
    sums = (pl.col(name).str.len_bytes().sum() for name in TEXT)
    read = (
        pl.scan_delta(sys.argv[1]).select(pl.len().alias("rows"), *sums).collect(engine="streaming")
    )
    row = read.row(0, named=True)
    rows = row.pop("rows")
    print(json.dumps({"rows": rows, "bytes": sum(row.values())}))


if __name__ == "__main__":
    main()
