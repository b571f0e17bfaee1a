"""The version of a rubric: a hash of what decides a verdict, and of nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evalctl.core.identity import text_hash
from evalctl.rubrics.checks import find_check
from evalctl.rubrics.sqltext import normal_form

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.core.words import Target


def rubric_version(
    *,
    target: Target,
    where: str | None,
    question: str,
    meaning: Any,
) -> str:
    """Return 12 hex characters of SHA-256 over canonical JSON.

    ``question`` is the key that asks (``fail_when``, ``check`` ...) and ``meaning`` what the functions
    below make of its value. Layout of SQL and YAML, prose, severity, tags, sample and examples are
    not part of it.
    """
    said = {
        "target": target,
        "where": None if where is None else normal_form(where),
        question: meaning,
    }
    return text_hash(json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def rule_meaning(conditions: Sequence[tuple[str | None, str]]) -> Any:
    """Conditions with their labels, by which a fail is explained; an OR has no order."""
    return sorted([label or "", normal_form(sql)] for label, sql in conditions)


def check_meaning(name: str, options: Mapping[str, Any]) -> Any:
    """A check with complete options, its own version, and code of the user's where it runs any."""
    module = find_check(name)
    said: dict[str, Any] = {"name": name, "version": module.VERSION, "options": dict(options)}
    fingerprint = getattr(module, "fingerprint", None)
    if fingerprint is not None:
        said["code"] = fingerprint(options)
    return said
