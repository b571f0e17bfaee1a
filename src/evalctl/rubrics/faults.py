"""What pydantic found wrong with a rubric, as one sentence with a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalctl.core.errors import RubricError, nearest
from evalctl.core.words import SEVERITIES, TARGETS
from evalctl.rubrics.model import ExamplesForm, JudgeForm, RubricForm, SampleForm

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from evalctl.rubrics.yamltree import Document, Place

_FORMS: dict[str, type[BaseModel]] = {
    "judge": JudgeForm,
    "sample": SampleForm,
    "examples": ExamplesForm,
}
_WORDS = {"target": TARGETS, "severity": SEVERITIES}
_HINTS = {
    "name": "; a rubric's name is its file name",
    "assert": "; the question stands in fail_when, pass_when, check or judge",
    "version": "; the version is computed from what decides a verdict",
}


def form_error(document: Document, error: ValidationError) -> RubricError:
    """Pick the error that lies deepest in the file, which for alternatives is the one meant."""
    faults = [
        (_place(document, fault["loc"]), fault)
        for fault in error.errors(include_url=False, include_context=False)
    ]
    place, fault = max(
        faults, key=lambda found: (len(found[0]), found[1]["type"] == "extra_forbidden")
    )
    return RubricError(document.path, document.line(place), _sentence(place, fault))


def _place(document: Document, loc: tuple[str | int, ...]) -> Place:
    """Drop what pydantic adds to a location for the branches of a union."""
    place: Place = ()
    for step in loc:
        if (*place, step) in document.spans:
            place = (*place, step)
    return place


def _sentence(place: Place, fault: Any) -> str:
    form = (
        _FORMS.get(str(place[0]), RubricForm)
        if len(place) + (fault["type"] == "missing") > 1
        else RubricForm
    )
    fields = {info.alias or name: info for name, info in form.model_fields.items()}
    last = str(fault["loc"][-1])
    if fault["type"] == "extra_forbidden":
        return f"no key '{last}'{_HINTS.get(last) or nearest(last, fields)}; keys are {' '.join(fields)}"
    if fault["type"] == "missing":
        within = f" in {place[0]}" if place else ""
        return f"'{last}' is missing{within}: {fields[last].description}"
    named = next(
        (str(step) for step in reversed(place) if str(step) in fields),
        str(place[0]) if place else "",
    )
    wanted = fields[named].description if named in fields else "something else"
    value = fault.get("input")
    near = nearest(str(value), _WORDS.get(named, ()))
    return f"'{named}' must be {wanted}, not {_shown(value)}{near}"


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"{str(value).lower()} (quote it if it is a text)"
    if isinstance(value, (int, float)):
        return f"the number {value} (quote it if it is a text)"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a map"
    return repr(value)[:80]
