"""evalctl init."""

from __future__ import annotations


def command() -> None:
    """Write a commented evalctl.toml."""
