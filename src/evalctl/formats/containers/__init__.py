"""Containers: how records sit in bytes. One file each; nothing has to be registered.

A container module has

``PRIORITY``                 an int: lower is asked first
``recognises(head) -> bool`` from the first bytes of decompressed input
``split(stream) -> Iterator[tuple[bytes, int, int, bool]]``  pieces of whole records: data, offset, line, is last
``decode(chunk) -> Iterator[Batch]``
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


@cache
def container(name: str) -> ModuleType:
    """Import the container of that name."""
    return import_module(f"{__name__}.{name}")


@cache
def names() -> tuple[str, ...]:
    """Return the containers in the folder, the first to be asked first."""
    found = [module.name for module in iter_modules(__path__)]
    return tuple(sorted(found, key=lambda name: (container(name).PRIORITY, name)))
