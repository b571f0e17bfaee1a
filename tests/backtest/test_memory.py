"""Settings of libraries come before the libraries, and yield to those from outside."""

from __future__ import annotations

import os
import subprocess
import sys

TELL = """
import os, sys
from evalctl.engines.memory import keep_freed_memory
keep_freed_memory()
print(os.environ["_RJEM_MALLOC_CONF"], "polars" in sys.modules, "numpy" in sys.modules)
"""


def test_a_setting_from_outside_wins_and_nothing_is_loaded_too_early() -> None:
    told = subprocess.run(
        [sys.executable, "-c", TELL],
        env={**os.environ, "_RJEM_MALLOC_CONF": "narenas:2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["narenas:2", "False", "False"]
