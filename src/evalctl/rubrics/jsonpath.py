"""``tool_args ->> 'a.b[0]'``: paths into JSON text, checked when the rubric is loaded."""

from __future__ import annotations

import re

from evalctl.rubrics.sqltext import BadConditionError

_STEP = re.compile(
    r"""
      \.?(?P<key>[^\W\d][\w-]*)
    | \[(?P<index>[0-9]{1,9})\]
    | \["(?P<double>(?:[^"\\]|\\.)*)"\]
    | \['(?P<single>(?:[^'\\]|\\.)*)'\]
    """,
    re.VERBOSE,
)
Step = str | int


def parse_path(text: str, offset: int = 0) -> tuple[Step, ...]:
    """Split ``a.b[0]``, ``$.a.b[0]`` or ``$["a.b"][0]`` into keys and indexes.

    Raises:
        BadConditionError: anything else: wildcards, slices, filters, ``..`` and negative indexes are not
            part of it, so a path names one place.
    """
    at = 1 if text.startswith("$") else 0
    steps: list[Step] = []
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None or (match["key"] and _is_unjoined(match[0], at)):
            raise BadConditionError(_complaint(text, at), offset + at)
        steps.append(_step(match))
        at = match.end()
    if not text:
        raise BadConditionError(
            "the JSON path is empty; write 'key', 'a.b' or '$[\"a.b\"][0]'", offset
        )
    return tuple(steps)


def to_json_path(steps: tuple[Step, ...]) -> str:
    """Write steps in the bracket form that ``str.json_path_match`` reads whatever the key holds."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f"['{_escaped(step)}']" for step in steps
    )


def _is_unjoined(step: str, at: int) -> bool:
    """Whether a key follows something else without a dot, or begins the path with one."""
    return step.startswith(".") == (at == 0)


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["key"] is not None:
        return match["key"]
    quoted = match["double"] if match["double"] is not None else match["single"]
    return re.sub(r"\\(.)", r"\1", quoted)


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace("'", "\\'")


def _complaint(text: str, at: int) -> str:
    return (
        f"JSON path {text!r} cannot be read from character {at + 1} on; write 'key', 'a.b', 'a[0].b', "
        "or '$[\"a.b\"]' for a key with dots"
    )
