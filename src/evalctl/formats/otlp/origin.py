"""What spans have in common: the cells that a resource and a scope fill, and the convention."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from evalctl.formats.conventions import conventions
from evalctl.formats.jsontext import json_text
from evalctl.formats.otlp.places import FORMATS, SLOTS
from evalctl.formats.otlp.wire import pairs

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain, Resource, Scope

_KIND: Final = SLOTS["kind"]
_UNNAMED = "unknown_service"
PLAIN_OTLP = "otlp"
"""The format of a span that no convention knows."""


def resource_cells(resource: Resource | None) -> list[Any]:
    """Return cells with what the resource says."""
    said = pairs(resource.attributes) if resource else {}
    cells: list[Any] = [None] * len(SLOTS)
    service = _text(said.pop("service.name", None))
    project = _text(said.pop("openinference.project.name", None))
    if project is None and service is not None and not service.startswith(_UNNAMED):
        project = service
    cells[SLOTS["service"]], cells[SLOTS["project"]] = service, project
    cells[SLOTS["service_version"]] = _text(said.pop("service.version", None))
    newer, older = (
        said.pop("deployment.environment.name", None),
        said.pop("deployment.environment", None),
    )
    cells[SLOTS["environment"]] = _text(newer) or _text(older)
    cells[SLOTS["resource"]] = msgspec.json.encode(said).decode() if said else None
    return cells


def scope_cells(base: list[Any], scope: Scope | None) -> list[Any]:
    """Return cells with what the resource and the scope say."""
    cells = base.copy()
    if scope is not None and scope.name:
        cells[SLOTS["scope_name"]], cells[SLOTS["scope_version"]] = (
            scope.name,
            scope.version or None,
        )
        cells[SLOTS["source_format"]] = _format_of(scope.name)
    return cells


def format_by_keys(row: Row) -> str:
    """Return the convention of the attribute that told the kind, else of any that filled a column."""
    keys = [row.held[_KIND]] if _KIND in row.held else row.held.values()
    return next((FORMATS[key] for key in keys if key in FORMATS), PLAIN_OTLP)


@lru_cache(maxsize=1024)
def _format_of(scope: str) -> str | None:
    found = [
        (len(prefix), convention.name)
        for convention in conventions()
        for prefix in convention.scopes
        if scope == prefix or scope.startswith(prefix if prefix.endswith(".") else prefix + ".")
    ]
    return max(found)[1] if found else None


def _text(value: Plain) -> str | None:
    return None if value is None or value == "" else json_text(value)
