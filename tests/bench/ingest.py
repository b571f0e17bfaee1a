"""Ingest end to end: a first draft against evalctl with one and two processes, at two sizes.

    python tests/bench/ingest.py [--sizes 0.2 2] [--rounds 3] [--files N] [--work DIR]
                                 [--variants naive 1 2]

Prints one table: wall, CPU, rates, peak memory over all processes, size of the lake, and how memory
grows from the smallest to the largest input.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from measure import EVALCTL, Measured, folder_mb, interleaved, median, run, table

HERE = Path(__file__).parent
VARIANTS = ("naive", "1", "2")
_NAMES = {"naive": "first draft", "1": "evalctl, 1 process", "2": "evalctl, 2 processes"}
_SPANS_PER_GB = 250_000


@dataclass(slots=True, kw_only=True)
class Ingested:
    """One variant at one size."""

    name: str
    gb: float
    figures: Measured
    spans: int
    lake_mb: float
    table_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=float, nargs="+", default=[0.2, 2.0], metavar="GB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--files", type=int, default=0, help="files a corpus; default one per 42,000 spans"
    )
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "evalctl-bench"))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=VARIANTS)
    options = parser.parse_args()
    done: list[Ingested] = []
    for size in sorted(options.sizes):
        corpus = make_corpus(options.work, int(size * _SPANS_PER_GB), options.files)
        done += _measure(corpus, options.work / "lake", options.rounds, options.variants)
    _print(done)


def make_corpus(work: Path, spans: int, files: int = 0) -> Path:
    """Generate a corpus of ``spans`` spans under ``work``, once."""
    folder = work / (f"corpus-{spans}-{files}" if files else f"corpus-{spans}")
    if not (folder / "facts.json").is_file():
        command = [sys.executable, HERE / "generate.py", "--spans", f"{spans}", "--out", folder]
        subprocess.run([*command, "--files", f"{files}"], check=True)
    return folder


def _measure(corpus: Path, lake: Path, rounds: int, variants: list[str]) -> list[Ingested]:
    facts = json.loads((corpus / "facts.json").read_text(encoding="utf-8"))
    naive = [sys.executable, f"{HERE / 'naive_ingest.py'}", f"{corpus}", f"{lake / 'spans'}"]
    ours = [*EVALCTL, "ingest", f"{corpus}", "--lake", f"{lake}", "--processes"]
    commands = {
        name: naive if name == "naive" else [*ours, name] for name in VARIANTS if name in variants
    }
    left: dict[str, tuple[int, float, float]] = {}
    fresh: dict[str, Callable[[], Measured]] = {
        name: partial(_fresh, command, lake, left, name) for name, command in commands.items()
    }
    runs = interleaved(fresh, rounds)
    return [
        Ingested(
            name=name,
            gb=facts["bytes"] / 1e9,
            figures=median(runs[name]),
            spans=left[name][0],
            lake_mb=left[name][1],
            table_mb=left[name][2],
        )
        for name in fresh
    ]


def _fresh(
    command: list[str], lake: Path, left: dict[str, tuple[int, float, float]], name: str
) -> Measured:
    """Ingest into an empty lake, note what is in it, and throw it away.

    Pages of the last run are written back first, so that no variant pays for another's.
    """
    shutil.rmtree(lake, ignore_errors=True)
    lake.parent.mkdir(parents=True, exist_ok=True)
    os.sync()
    measured = run(command, cwd=lake.parent)
    spans = pl.scan_delta(f"{lake / 'spans'}").select(pl.len()).collect().item()
    left[name] = (spans, folder_mb(lake), folder_mb(lake / "spans"))
    shutil.rmtree(lake, ignore_errors=True)
    return measured


def _print(done: list[Ingested]) -> None:
    rows: list[tuple[object, ...]] = []
    for one in done:
        naive = next((d.figures for d in done if d.name == "naive" and d.gb == one.gb), None)
        wall, cpu = one.figures.wall, one.figures.cpu
        rows.append(
            (
                _NAMES[one.name],
                f"{one.gb:.2f}",
                f"{one.spans:,}",
                f"{wall:.2f}",
                f"{cpu:.2f}",
                f"{one.spans / wall:,.0f}",
                f"{one.gb * 1000 / wall:.0f}",
                f"{one.gb * 1000 / cpu:.0f}",
                f"{one.figures.rss_mb:,.0f}",
                f"{one.lake_mb:.0f}",
                f"{naive.wall / wall:.2f}" if naive else "-",
                f"{naive.cpu / cpu:.2f}" if naive else "-",
            )
        )
    head = ("variant", "GB", "rows", "wall s", "CPU s", "spans/s", "MB/s", "MB/s/core")
    table("Ingest into Delta", (*head, "peak MB", "lake MB", "x wall", "x CPU"), rows)
    sizes = sorted({one.gb for one in done})
    for name in dict.fromkeys(one.name for one in done):
        peaks = {one.gb: one.figures.rss_mb for one in done if one.name == name}
        ratio = peaks[sizes[-1]] / peaks[sizes[0]]
        print(f"memory at {sizes[-1]:.2f} GB / at {sizes[0]:.2f} GB, {_NAMES[name]}: {ratio:.2f}")


if __name__ == "__main__":
    main()
