from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from evalctl.core.schema import SPANS
from evalctl.lake.lake import Lake
from evalctl.lake.staging import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(str(tmp_path / "lake"))


@pytest.fixture
def add(lake: Lake) -> Callable[[pl.DataFrame], None]:
    """Commit spans to the lake, one commit a call."""

    def commit(rows: pl.DataFrame) -> None:
        lake.snapshot(SPANS).commit(stage(lake.uri, SPANS, rows), {})

    return commit


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start ``tests.lake.processes`` with arguments; what still runs at the end is ended."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.lake.processes", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()
