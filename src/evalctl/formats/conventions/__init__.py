"""Semantic conventions: one file each says which attribute means which column.

A convention module has a constant ``CONVENTION``. Nothing else has to be registered: the folder is
listed. Attributes of all conventions are merged into one table, because a single trace, and even a
single span, mixes them; ranks decide where two claim one column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalctl.core.words import Kind
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain

Ranked = tuple[str, int]
"""A column, and a rank: of two attributes for one column the lower rank wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """An attribute that tells the kind of a span.

    Words of ``exact`` say no more than the kind; words of ``broad`` do, and stay in attributes.
    """

    rank: int
    exact: Mapping[str, Kind]
    broad: Mapping[str, Kind] = field(default_factory=dict["str", "Kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """An attribute that holds the content of ``column``; ``read`` takes its value, or declines.

    For ``input`` and ``output``, ``read`` fills the messages as well. A value that is not read
    because another of a lower rank was, is a repetition and is dropped.
    """

    column: str
    rank: int
    read: Callable[[Row, int, Plain], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """Attributes ``<prefix>.<i>.<field>`` or ``<prefix>.<i>.<field>.<j>.<part>``.

    ``fields`` maps what stands between the numbers to a short name; what is not listed stays an
    attribute, and what maps to an empty name is dropped.
    """

    group: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """What one family of clients calls things.

    ``columns`` maps an attribute to its column and rank; ``calls`` are functions for attributes
    that hold more than one column's worth, returning whether nothing is left to keep; ``dropped``
    are attributes whose content always stands in a column or can be computed from columns.
    """

    name: str
    scopes: tuple[str, ...]
    columns: Mapping[str, Ranked]
    kinds: Mapping[str, Kinds] = field(default_factory=dict["str", Kinds])
    texts: Mapping[str, Text] = field(default_factory=dict["str", Text])
    indexed: Mapping[str, Indexed] = field(default_factory=dict["str", Indexed])
    calls: Mapping[str, Callable[[Row, Plain], bool]] = field(
        default_factory=dict["str", "Callable[[Row, Plain], bool]"]
    )
    dropped: frozenset[str] = frozenset()


@cache
def conventions() -> tuple[Convention, ...]:
    """Return every convention in the folder, by file name."""
    names = sorted(module.name for module in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").CONVENTION for name in names)
