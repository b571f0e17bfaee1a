"""Finding checks by name, and validating what a rubric says to them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from evalctl.core.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.words import Target
    from evalctl.rubrics.checks._options import Option
    from evalctl.rubrics.plan import Plan

GROUP = "evalctl.checks"


class BadCheckError(Exception):
    """A check or one of its options is wrong: one sentence, and the option's name if it is one."""

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.message, self.option = message, option


class CheckModule(Protocol):
    """What a check's file defines."""

    VERSION: int
    MAIN: str | None
    OPTIONS: Mapping[str, Option]

    def build(self, options: Mapping[str, Any], target: Target) -> Plan:
        """Plan the check; options are complete and of the right types."""
        ...


def check_names() -> tuple[str, ...]:
    """Return the names of all checks, sorted."""
    return tuple(sorted({*_built_in(), *_installed()}))


@cache
def find_check(name: str) -> CheckModule:
    """Import the module of a check.

    Raises:
        BadCheckError: there is none of that name.
    """
    if name in _built_in():
        return cast("CheckModule", import_module(f"evalctl.rubrics.checks.{name}"))
    found = _installed().get(name)
    if found is None:
        raise BadCheckError(
            f"no check '{name}'{nearest(name, check_names())}; checks are {' '.join(check_names())}"
        )
    try:
        return cast("CheckModule", found.load())
    except (ImportError, AttributeError):
        raise BadCheckError(
            f"check '{name}' is installed by {found.value} and cannot be loaded"
        ) from None


def complete_options(name: str, given: Any) -> dict[str, Any]:
    """Check what stands after a check's name and fill in defaults.

    Raises:
        BadCheckError: an option that does not exist, is missing, or has a wrong value.
    """
    module = find_check(name)
    if given is None:
        given = {}
    if not isinstance(given, dict):
        if module.MAIN is None:
            raise BadCheckError(f"{name} takes options: {' '.join(module.OPTIONS)}")
        given = {module.MAIN: given}
    given = cast("dict[str, Any]", given)
    for key in given:
        if key not in module.OPTIONS:
            raise BadCheckError(
                f"{name} has no option '{key}'{nearest(key, module.OPTIONS)}; options are {' '.join(module.OPTIONS)}",
                key,
            )
    return {
        key: option.checked(name, key, given.get(key)) for key, option in module.OPTIONS.items()
    }


def build_check(name: str, options: Mapping[str, Any], target: Target) -> Plan:
    """Plan a check whose options are complete.

    Raises:
        BadCheckError: the options do not fit each other or the target.
    """
    return find_check(name).build(options, target)


@cache
def _built_in() -> frozenset[str]:
    return frozenset(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))


@cache
def _installed() -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=GROUP)}
