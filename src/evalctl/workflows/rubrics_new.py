"""evalctl rubrics new: a commented rubric to edit, whose examples pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.rubrics.load import is_rubric_name

if TYPE_CHECKING:
    from pathlib import Path

    from evalctl.core.words import Target

_SKELETON = """\
# yaml-language-server: $schema=../.evalctl/rubric.schema.json
# The name of the rubric is the name of this file. Columns that it may read:
# evalctl query "SELECT * FROM {target}s LIMIT 1" --format json

# One sentence: what good looks like.
description: {description}

# What is asked: span (default), trace or session.
target: {target}

# Which of them; the others get no score. Leave it out to ask all.
where: {where}

# TRUE is fail, FALSE is pass, NULL is unknown. Instead of fail_when: pass_when, check or judge.
# Several conditions are an OR; their labels become the explanation.
fail_when:
  {label}: {condition}

severity: medium        # low, medium, high, critical
tags: []

# What this rubric does not see; for readers, no part of its version.
notes: >
  {notes}

# Rows of the view with the answer that each must get: `evalctl rubrics test {name}`.
# Columns that are left out are null.
examples:
  pass:
    - {passes}
  fail:
    - {fails}
  unknown:
    - {unknown}
"""

_FILLED: dict[str, dict[str, str]] = {
    "span": {
        "description": "A tool call finishes within 10 seconds.",
        "where": "kind = 'tool'",
        "label": "slow",
        "condition": "duration_ms > 10000",
        "notes": "Calls that never ended have no duration: they are unknown.",
        "passes": "{kind: tool, duration_ms: 900}",
        "fails": "{kind: tool, duration_ms: 30000}",
        "unknown": "{kind: tool}",
    },
    "trace": {
        "description": "An agent that uses tools is done within a minute.",
        "where": "tool_calls > 0",
        "label": "slow",
        "condition": "duration_ms > 60000",
        "notes": "Traces without a recorded end have no duration: they are unknown.",
        "passes": "{tool_calls: 3, duration_ms: 4200}",
        "fails": "{tool_calls: 3, duration_ms: 90000}",
        "unknown": "{tool_calls: 3}",
    },
    "session": {
        "description": "The user does not have to ask the same thing twice.",
        "where": "traces >= 2",
        "label": "asked again",
        "condition": "repeated_prompts > 0",
        "notes": "The same question in other words is not seen.",
        "passes": "{traces: 2, repeated_prompts: 0}",
        "fails": "{traces: 3, repeated_prompts: 1}",
        "unknown": "{traces: 2}",
    },
}


def new_rubric(folder: Path, name: str, target: Target) -> Path:
    """Write ``<folder>/<name>.yaml`` and return its path; an existing file is never touched.

    Raises:
        UserError: the name is none, or taken.
    """
    if not is_rubric_name(name):
        raise UserError(f"'{name}' is no name for a rubric: use letters, digits, - and _")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.yaml"
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(_SKELETON.format(name=name, target=target, **_FILLED[target]))
    except FileExistsError:
        raise UserError(f"{file} exists already: choose another name, or edit it") from None
    return file
