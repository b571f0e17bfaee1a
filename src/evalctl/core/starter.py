"""Where the files that ship with evalctl are: starter rubrics and demo traces."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def starter_rubrics() -> Path:
    """Return the folder of the starter rubrics, installed or in a source checkout."""
    packed = _PACKAGE / "starter" / "rubrics"
    return packed if packed.is_dir() else _PACKAGE.parent.parent / "rubrics"


def demo_traces() -> Path:
    """Return the folder of the bundled traces."""
    return _PACKAGE / "starter" / "traces"
