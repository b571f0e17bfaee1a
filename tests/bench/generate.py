"""Write a seeded, realistic corpus of OTLP JSON lines, and beside it what is known to be in it.

    python tests/bench/generate.py --spans 1000000 --out DIR [--files N] [--seed N] [--processes N]

Lines are export requests as a collector's file exporter writes them: spans of many traces in the
order in which they ended, grouped by resource and scope. The same arguments give the same bytes,
whatever the number of processes. ``DIR/facts.json`` holds the counts.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from corpus import plan
from corpus.facts import Facts
from corpus.lines import write_lines
from corpus.spans import spans_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.shapes import World
    from corpus.spans import Span

_SPANS_PER_FILE = 42_000
_TRACES_AT_ONCE = 24

_world: World | None = None


def main() -> None:
    """Read the arguments, make the files, print what was made."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=int, default=0, help="default: one per 42,000 spans")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    began = time.perf_counter()
    files = options.files or max(1, round(options.spans / _SPANS_PER_FILE))
    facts = generate(options.out, options.spans, files, options.seed, options.processes)
    took = time.perf_counter() - began
    print(
        f"{facts['spans']:,} spans, {facts['traces']:,} traces, {facts['bytes'] / 1e9:.2f} GB of JSON with "
        f"{facts['text_bytes'] / 1e9:.2f} GB of text in {files} files: {took:.1f} s"
    )


def generate(out: Path, spans: int, files: int, seed: int, processes: int) -> dict[str, int]:
    """Write ``files`` files and facts.json into ``out``; return the facts."""
    out.mkdir(parents=True, exist_ok=True)
    total = Facts()
    context = get_context("spawn")
    with context.Pool(min(processes, files), _set_up, (seed, spans)) as pool:
        for facts in pool.imap(partial(_file, out, files), range(files)):
            total.add(facts)
    known = total.as_dict(seed=seed, files=files)
    (out / "facts.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return known


def _set_up(seed: int, spans: int) -> None:
    global _world  # noqa: PLW0603  (a pool's initializer has no other way to hand over)
    _world = plan.world(seed, spans)


def _file(out: Path, files: int, index: int) -> Facts:
    """Write one file; its traces are known from its index alone."""
    if _world is None:
        raise RuntimeError("the worker was not set up")
    facts = Facts()
    batches = _batches(_world, index, files, facts)
    rng = Random(f"{_world.seed}/lines/{index}")
    with (out / f"traces-{index:04d}.jsonl").open("wb") as sink:
        facts.counts["bytes"] = write_lines(sink, batches, _world.services, rng)
    return facts


def _batches(world: World, index: int, files: int, facts: Facts) -> Iterator[list[Span]]:
    """Yield spans of some traces at a time, in the order in which they ended.

    The last trace of a file goes on in the next one, so that a file's end cuts a trace in two.
    """
    first, last = (len(world.slots) * n // files for n in (index, index + 1))
    batch = _make(world, first - 1, None)[1::2] if index else []
    for number in range(first, last):
        made = _make(world, number, facts)
        batch += made[::2] if number == last - 1 and index < files - 1 else made
        if (number - first) % _TRACES_AT_ONCE == _TRACES_AT_ONCE - 1:
            yield sorted(batch)
            batch = []
    yield sorted(batch)


def _make(world: World, number: int, facts: Facts | None) -> list[Span]:
    trace = plan.make(world, number)
    made = spans_of(trace, world.services.index(trace.service))
    if facts:
        facts.count(trace, made)
    return made


if __name__ == "__main__":
    main()
