"""Feedback that travels with spans: annotations in attributes, evaluation results in events and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalctl.formats.jsontext import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.core.words import Annotator
    from evalctl.formats.otlp.wire import Plain

EVALUATION = "gen_ai.evaluation.result"
Feedback = dict[str, Any]
"""The columns of ``FEEDBACK_SCHEMA``; missing ones are null."""

_ANNOTATORS: dict[str, Annotator] = {
    "human": "human",
    "llm": "llm",
    "code": "code",
    "user": "user",
    "llm_judge": "llm",
}
_PASS = frozenset(
    {"pass", "passed", "correct", "true", "yes", "thumbs_up", "thumbs-up", "good", "success", "👍"}
)
_FAIL = frozenset(
    {
        "fail",
        "failed",
        "incorrect",
        "false",
        "no",
        "thumbs_down",
        "thumbs-down",
        "bad",
        "failure",
        "👎",
    }
)


def verdict_of(label: str | None, value: Plain) -> str | None:
    """Return pass or fail where a label or a boolean clearly says so, else null."""
    word = (label or "").strip().lower()
    if value is True or word in _PASS:
        return "pass"
    return "fail" if value is False or word in _FAIL else None


def annotator_of(word: Plain, default: Annotator) -> Annotator:
    """Return the word of evalctl for who gave feedback."""
    return _ANNOTATORS.get(str(word).strip().lower(), default)


def from_event(said: dict[str, Plain], at: int | None) -> Feedback:
    """Read an OpenTelemetry evaluation result; it does not say who gave it: an llm is assumed."""
    score = said.get("gen_ai.evaluation.score.value")
    label = _text(said.get("gen_ai.evaluation.score.label"))
    return {
        "name": _text(said.get("gen_ai.evaluation.name")) or "evaluation",
        "value": number(score),
        "verdict": verdict_of(label, score),
        "explanation": _text(said.get("gen_ai.evaluation.explanation")),
        "label": label,
        "annotator": "llm",
        "at": at,
    }


def from_indexed(items: list[dict[str, Any]], at: int | None) -> Iterator[Feedback]:
    """Read OpenInference annotations; one without a name is not one."""
    for said in items:
        label, score = _text(said.get("label")), said.get("score")
        if said.get("name"):
            yield {
                "name": _text(said["name"]),
                "value": number(score),
                "verdict": verdict_of(label, score),
                "explanation": _text(said.get("explanation")),
                "label": label,
                "annotator": annotator_of(said.get("annotator_kind"), "human"),
                "at": at,
            }


def number(value: Plain) -> float | None:
    """Return a finite number, or null."""
    try:
        found = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return found if found is not None and found - found == 0.0 else None


def _text(value: Plain) -> str | None:
    return None if value is None else json_text(value)
