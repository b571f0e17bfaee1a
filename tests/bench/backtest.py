"""Twelve rubrics over every span, against merely reading their text and against a Python loop.

    python tests/bench/backtest.py [--spans 1000000] [--rounds 3] [--lake DIR] [--work DIR] [--only PART ...]

Parts: whole, again, linear, rubrics. The lake is made once, by ``evalctl ingest`` of a generated
corpus, unless ``--lake`` names one. Each run of a backtest begins with a lake that has spans and no
scores; spans are hard links to the same files. Prints one table a part, and what was counted
against what the generator planted.
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
from typing import Any

import polars as pl
from measure import EVALCTL, Measured, folder_mb, interleaved, median, run, table

from ingest import make_corpus

HERE = Path(__file__).parent
RUBRICS = HERE / "rubrics"
PARTS = ("whole", "again", "linear", "rubrics")
_LOOP_SHARE = 0.05
_HEAD = ("variant", "spans", "wall s", "CPU s", "spans/s", "peak MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all parts need."""

    work: Path
    lake: Path
    spans: int
    rounds: int

    @property
    def project(self) -> Path:
        """A project folder whose lake is thrown away after each run."""
        return self.work / "project"


def main() -> None:
    """Measure the parts asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lake", type=Path, help="a lake that holds the generated corpus")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "evalctl-bench"))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    lake = options.lake or make_lake(options.work, options.spans)
    bench = Bench(
        work=options.work, lake=lake.resolve(), spans=options.spans, rounds=options.rounds
    )
    parts: dict[str, Callable[[Bench], None]] = {
        "whole": whole,
        "again": again,
        "linear": linear,
        "rubrics": rubrics,
    }
    for name in options.only:
        parts[name](bench)


def make_lake(work: Path, spans: int) -> Path:
    """Ingest a generated corpus of ``spans`` spans under ``work``, once."""
    lake = work / f"lake-{spans}"
    if not (lake / "spans").is_dir():
        corpus = make_corpus(work, spans)
        subprocess.run([*EVALCTL, "ingest", corpus, "--lake", lake], check=True)
        shutil.copy(corpus / "facts.json", lake / "facts.json")
    return lake


def whole(bench: Bench) -> None:
    """Backtest against reading only and against the loop; then counts against the facts."""
    spans = f"{bench.lake / 'spans'}"
    scan = [sys.executable, f"{HERE / 'scan_text.py'}", spans]
    loop = [sys.executable, f"{HERE / 'python_loop.py'}", spans, f"{_LOOP_SHARE}"]
    runs = interleaved(
        {
            "only read the text": partial(run, scan),
            "evalctl backtest": partial(_backtest, bench, bench.lake, RUBRICS),
        },
        bench.rounds,
    )
    read, ours = (median(runs[name]) for name in runs)
    looped = run(loop)
    told: dict[str, Any] = json.loads(looped.output)
    rows = json.loads(read.output)["rows"]
    times = rows / told["rows"]
    looped.wall, looped.cpu = told["wall"] * times, told["cpu"] * times
    lines = (
        ("only read the text", read),
        ("evalctl backtest, 12 rubrics", ours),
        (f"Python loop, {told['rows']:,} rows x {times:.1f}", looped),
    )
    table(
        f"Backtest, {json.loads(read.output)['bytes'] / 1e9:.2f} GB of text",
        (*_HEAD, "wall / read", "CPU / read", "loop / wall", "loop / CPU"),
        [
            (
                *_figures(name, rows, m),
                f"{m.wall / read.wall:.2f}",
                f"{m.cpu / read.cpu:.2f}",
                f"{looped.wall / m.wall:.1f}",
                f"{looped.cpu / m.cpu:.1f}",
            )
            for name, m in lines
        ],
    )
    print(f"scores written: {folder_mb(bench.project / 'lake' / 'scores'):.1f} MB")
    _compare_with_facts(bench)


def again(bench: Bench) -> None:
    """The same command twice: the second has nothing to do."""
    first = _backtest(bench, bench.lake, RUBRICS)
    seconds = median(_command(bench) for _ in range(max(bench.rounds, 3)))
    table(
        "The same command again",
        (*_HEAD, "last line"),
        [
            (*_figures(name, bench.spans, m), (m.output.strip().splitlines() or [""])[-1][:60])
            for name, m in (("first", first), ("second (median)", seconds))
        ],
    )


def linear(bench: Bench) -> None:
    """A quarter of the spans against all of them."""
    quarter = make_lake(bench.work, bench.spans // 4)
    runs = interleaved(
        {
            "a quarter": partial(_backtest, bench, quarter, RUBRICS),
            "all": partial(_backtest, bench, bench.lake, RUBRICS),
        },
        bench.rounds,
    )
    small, large = (median(runs[name]) for name in runs)
    table(
        "Growth with spans",
        (*_HEAD, "CPU / a quarter"),
        [
            (*_figures("a quarter", bench.spans // 4, small), "1.00"),
            (*_figures("all", bench.spans, large), f"{large.cpu / small.cpu:.2f}"),
        ],
    )


def rubrics(bench: Bench) -> None:
    """One, six and twelve rubrics that read the same four text columns."""
    folders = {count: _alike(bench.work / f"alike-{count}", count) for count in (1, 6, 12)}
    runs = interleaved(
        {
            f"{count}": partial(_backtest, bench, bench.lake, folder)
            for count, folder in folders.items()
        },
        bench.rounds,
    )
    first = median(runs["1"])
    table(
        "Rubrics that share columns",
        (*_HEAD, "CPU / one rubric", "CPU s a further rubric"),
        [
            (
                *_figures(f"{count} rubrics", bench.spans, m),
                f"{m.cpu / first.cpu:.2f}",
                f"{(m.cpu - first.cpu) / (count - 1):.2f}" if count > 1 else "-",
            )
            for count, m in ((count, median(runs[f"{count}"])) for count in folders)
        ],
    )


def _backtest(bench: Bench, lake: Path, folder: Path) -> Measured:
    """Run a backtest over a lake without scores."""
    shutil.rmtree(bench.project, ignore_errors=True)
    copy = bench.project / "lake"
    copy.mkdir(parents=True)
    shutil.copy(lake / "evalctl.json", copy)
    shutil.copytree(lake / "spans", copy / "spans", copy_function=os.link)
    paths = f'[lake]\nuri = "lake"\n\n[rubrics]\npaths = ["{folder}"]\n'
    (bench.project / "evalctl.toml").write_text(paths, encoding="utf-8")
    os.sync()
    return _command(bench)


def _command(bench: Bench) -> Measured:
    return run([*EVALCTL, "backtest"], cwd=bench.project)


def _figures(name: str, spans: int, m: Measured) -> tuple[str, ...]:
    rates = f"{m.wall:.2f}", f"{m.cpu:.2f}", f"{spans / m.wall:,.0f}"
    return name, f"{spans:,}", *rates, f"{m.rss_mb:,.0f}"


def _alike(folder: Path, count: int) -> Path:
    """Write rubrics of equal cost: each looks for another word that is never there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for n in range(count):
        pattern = f"zq{chr(97 + n)}-[0-9]{{8}}"
        columns = ("input", "input_messages", "output", "documents")
        conditions = "".join(f"  {column}: {column} ~ '{pattern}'\n" for column in columns)
        text = f"description: Word {n} is not there.\nfail_when:\n{conditions}"
        (folder / f"word-{n}.yaml").write_text(text, encoding="utf-8")
    return folder


def _compare_with_facts(bench: Bench) -> None:
    """Print fails as scored beside fails as planted, where the lake came with its facts."""
    file = bench.lake / "facts.json"
    if not file.is_file():
        return
    facts = json.loads(file.read_text(encoding="utf-8"))
    planted = {
        "no-api-key": facts["spans_with"]["key"],
        "no-card-or-ssn": facts["spans_with"]["card_like_or_ssn"],
        "no-email": facts["spans_with"]["email"],
        "no-ip-address": facts["spans_with"]["ip"],
        "no-phone": facts["spans_with"]["phone"],
        "no-refusal": facts["spans_with"]["refusal"],
        "refund-arguments": facts["bad_refund_arguments"],
        "refund-before-order": facts["refund_before_order_traces"],
        "too-many-steps": facts["traces_over_14_spans"],
        "tool-loop": facts["looping_traces"],
        "unrecovered-error": facts["unrecovered_traces"],
        "within-limits": facts["slow_tool_calls"] + facts["long_prompts"],
    }
    answers = pl.scan_delta(f"{bench.project / 'lake' / 'scores'}").select("answers")
    found = answers.explode("answers").unnest("answers").filter(pl.col("verdict") == "fail")
    counts = dict(found.group_by("rubric").len().collect(engine="streaming").iter_rows())
    rows = [(name, counts.get(name, 0), n) for name, n in planted.items()]
    table("Fails", ("rubric", "scored", "planted"), rows)


if __name__ == "__main__":
    main()
