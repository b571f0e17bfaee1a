"""What a command is asked about: the same flags, the same meaning, on every command that reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which targets are asked about; every empty field means "all".

    ``since`` is inclusive and ``until`` exclusive, both aware UTC. Names in tuples are exact, or globs
    when they hold ``*`` or ``?``; several in one field are alternatives, fields add up (AND).
    Flags that name a span property select targets: for a trace target, ``tools`` means traces that
    have a span of one of these tools. ``where`` is SQL asked at the target's own level.
    ``sample`` keeps a target when its coordinate ``u`` is below it.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    where: str | None = None
    sample: float = 1.0
    limit: int | None = None
