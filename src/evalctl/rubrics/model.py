"""The form of a rubric file, as pydantic checks it and as editors learn it from JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from evalctl.core.words import Severity, Target

Conditions = str | list[str] | dict[str, str]
QUESTIONS = ("fail_when", "pass_when", "check", "judge")
"""Exactly one of these stands in a rubric."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class JudgeForm(_Form):
    """A question for a model: its levels side by side."""

    question: Annotated[
        str, Field(min_length=1, description="a text: the question, as you would ask a colleague")
    ]
    passes: Annotated[
        str, Field(alias="pass", min_length=1, description="a text: what a pass looks like")
    ]
    fails: Annotated[
        str, Field(alias="fail", min_length=1, description="a text: what a fail looks like")
    ]
    unknown: Annotated[
        str | None, Field(description="a text: when the question cannot be answered")
    ] = None
    votes: Annotated[
        int, Field(ge=1, le=15, description="a whole number from 1 to 15: answers to ask for")
    ] = 1
    model: Annotated[str | None, Field(description="a text: the model to ask")] = None
    prompt: Annotated[
        str | None, Field(description="a text: a template instead of the built-in one")
    ] = None
    fields: Annotated[
        list[str] | None, Field(description="a list of column names that the model sees")
    ] = None
    scale: Annotated[
        int | None,
        Field(ge=2, le=10, description="a whole number from 2 to 10: levels of the scale"),
    ] = None


class SampleForm(_Form):
    """Share of targets, and a condition for those that are always asked about."""

    rate: Annotated[
        float, Field(gt=0, le=1, strict=False, description="a number above 0 and up to 1")
    ] = 1.0
    always: Annotated[str | None, Field(description="SQL: targets that sampling always keeps")] = (
        None
    )


class ExamplesForm(_Form):
    """Rows of the target's view with the answer that each must get."""

    passes: Annotated[
        list[dict[str, Any]], Field(alias="pass", description="a list of rows that pass")
    ] = []
    fails: Annotated[
        list[dict[str, Any]], Field(alias="fail", description="a list of rows that fail")
    ] = []
    unknown: Annotated[
        list[dict[str, Any]], Field(description="a list of rows that cannot be answered")
    ] = []
    skip: Annotated[
        list[dict[str, Any]], Field(description="a list of rows that `where` leaves out")
    ] = []


class RubricForm(_Form):
    """One rubric: one question, asked of every span, trace or session that it selects."""

    description: Annotated[
        str, Field(min_length=1, description="a text: one sentence, what good looks like")
    ]
    target: Annotated[Target, Field(description="span, trace or session")] = "span"
    where: Annotated[
        str | None, Field(description="a SQL condition: which targets are asked about")
    ] = None
    fail_when: Annotated[
        Conditions | None,
        Field(description="a SQL condition, a list of them, or a map from label to condition"),
    ] = None
    pass_when: Annotated[
        Conditions | None,
        Field(description="a SQL condition, a list of them, or a map from label to condition"),
    ] = None
    check: Annotated[
        str | dict[str, Any] | None,
        Field(description="the name of a check, or a map from its name to its options"),
    ] = None
    judge: Annotated[JudgeForm | None, Field(description="a map with question, pass and fail")] = (
        None
    )
    severity: Annotated[Severity, Field(description="low, medium, high or critical")] = "medium"
    tags: Annotated[list[str], Field(description="a list of words")] = []
    sample: Annotated[
        float | SampleForm,
        Field(description="a number above 0 and up to 1, or a map with rate and always"),
    ] = 1.0
    examples: Annotated[
        ExamplesForm | None, Field(description="a map with pass, fail, unknown and skip")
    ] = None
    notes: Annotated[str | None, Field(description="a text: what the rubric does not see")] = None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a rubric file: for editors, the same model that loading uses."""
    schema = RubricForm.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "evalctl rubric"
    schema["oneOf"] = [{"required": [name]} for name in QUESTIONS]
    return schema
