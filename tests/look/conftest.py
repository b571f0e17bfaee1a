from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from evalctl.cli.app import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., "Done"]


class Done:
    """What a command left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def evalctl(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run a command of evalctl in a project folder of its own, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("EVALCTL_LAKE", raising=False)

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as left:
            main([*arguments])
        said = capsys.readouterr()
        return Done(int(left.value.code or 0), said.out, said.err)

    return run


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run evalctl as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "evalctl", *arguments],
        capture_output=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80", **environment},
    )
