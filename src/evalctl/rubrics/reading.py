"""One rubric file: YAML, then the form, then conditions and checks, each error with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from evalctl.core.errors import RubricError, nearest
from evalctl.core.views import view_schema
from evalctl.rubrics.checks import BadCheckError, build_check, complete_options
from evalctl.rubrics.conditions import parse_condition
from evalctl.rubrics.faults import form_error
from evalctl.rubrics.model import QUESTIONS, RubricForm, SampleForm
from evalctl.rubrics.rubric import Check, Examples, Judge, Rubric, Rule, Sample
from evalctl.rubrics.sqltext import BadConditionError
from evalctl.rubrics.version import check_meaning, rubric_version, rule_meaning
from evalctl.rubrics.yamltree import Document, Place, parse_yaml, read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from evalctl.rubrics.model import JudgeForm


def read_rubric(path: Path) -> Rubric:
    """Read, check and compile one rubric file.

    Raises:
        RubricError: with the line of the first thing that is wrong.
    """
    return _Reader(read_yaml(path)).rubric()


def parse_rubric(text: str, path: Path) -> Rubric:
    """Check and compile the text of a rubric; its name is the stem of ``path``.

    Raises:
        RubricError: as ``read_rubric``.
    """
    return _Reader(parse_yaml(text, path)).rubric()


class _Reader:
    """Turns a document into a Rubric, collecting the columns that its parts read."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._form = self._checked_form()
        self._schema = view_schema(self._form.target)
        self._columns: set[str] = set()

    def rubric(self) -> Rubric:
        form, path = self._form, self._document.path
        where = self._condition(form.where, ("where",))
        sample = self._sample()
        question = self._question()
        rule, check, judge = self._rule(question), self._check(), self._judge()
        return Rubric(
            name=path.stem,
            description=" ".join(form.description.split()),
            target=form.target,
            version=rubric_version(
                target=form.target,
                where=where,
                question=question,
                meaning=self._meaning(question, check, judge),
            ),
            path=path,
            text=self._document.text,
            where=where,
            rule=rule,
            check=check,
            judge=judge,
            severity=form.severity,
            tags=tuple(form.tags),
            sample=sample,
            examples=self._examples(),
            notes=form.notes,
            columns=frozenset(self._columns),
        )

    def _checked_form(self) -> RubricForm:
        value = self._document.value
        if value is None:
            raise self._error(
                (),
                "empty: a rubric needs a description and one of fail_when, pass_when, check, judge",
            )
        if not isinstance(value, dict):
            raise self._error((), "a rubric is a mapping: lines such as `description: ...`")
        try:
            return RubricForm.model_validate(value)
        except ValidationError as error:
            raise form_error(self._document, error) from None

    def _question(self) -> str:
        asked = [
            name
            for name in self._document.value
            if name in QUESTIONS and self._document.value[name] is not None
        ]
        if len(asked) > 1:
            raise self._error(
                (asked[1],),
                f"{asked[0]} and {asked[1]}: a rubric asks one question; split it in two files",
            )
        if not asked:
            raise self._error((), "asks nothing: write one of fail_when, pass_when, check, judge")
        return asked[0]

    def _condition(self, sql: str | None, place: Place) -> str | None:
        if sql is not None:
            try:
                self._columns |= parse_condition(sql, self._schema).columns
            except BadConditionError as error:
                line, column = self._document.locate(place, error.offset)
                raise RubricError(
                    self._document.path, line, f"{place[0]}: {error.message}", column=column
                ) from None
        return sql

    def _labelled(self, question: str) -> list[tuple[str | None, str]]:
        said = getattr(self._form, question)
        if isinstance(said, str):
            self._condition(said, (question,))
            return [(None, said)]
        pairs = (
            list(said.items())
            if isinstance(said, dict)
            else [(i, sql) for i, sql in enumerate(said)]
        )
        if not pairs:
            raise self._error((question,), f"{question} names no condition")
        for key, sql in cast("list[tuple[str | int, str]]", pairs):
            self._condition(sql, (question, key))
        return [(key if isinstance(key, str) else None, sql) for key, sql in pairs]

    def _rule(self, question: str) -> Rule | None:
        if question not in ("fail_when", "pass_when"):
            return None
        labels = tuple(
            (label or " ".join(sql.split()), sql) for label, sql in self._labelled(question)
        )
        return Rule(labels=labels, passes=question == "pass_when")

    def _check(self) -> Check | None:
        said = self._form.check
        if said is None:
            return None
        if isinstance(said, dict) and len(said) != 1:
            raise self._error(
                ("check",),
                "check names one check: write `check: pii`, or `check:` with the name and its options below",
            )
        name, given = (said, None) if isinstance(said, str) else next(iter(said.items()))
        try:
            options = complete_options(name, given)
            self._columns |= build_check(name, options, self._form.target).columns
        except BadCheckError as error:
            raise self._error(("check", name, error.option or ""), error.message) from None
        return Check(name=name, options=options)

    def _judge(self) -> Judge | None:
        form = self._form.judge
        if form is None:
            return None
        for i, name in enumerate(form.fields or []):
            if name not in self._schema:
                raise self._error(
                    ("judge", "fields", i), f"no column '{name}'{nearest(name, self._schema)}"
                )
        self._columns |= set(form.fields or [])
        return Judge(**_judge_parts(form))

    def _meaning(self, question: str, check: Check | None, judge: Judge | None) -> Any:
        if check is not None:
            return check_meaning(check.name, check.options)
        if judge is not None:
            return {
                key: list(value) if isinstance(value, tuple) else value
                for key, value in _parts(judge).items()
            }
        return rule_meaning(self._labelled(question))

    def _sample(self) -> Sample:
        said = self._form.sample
        if not isinstance(said, SampleForm):
            if not 0 < said <= 1:
                raise self._error(
                    ("sample",), f"'sample' must be a number above 0 and up to 1, not {said:g}"
                )
            return Sample(rate=said)
        return Sample(rate=said.rate, always=self._condition(said.always, ("sample", "always")))

    def _examples(self) -> Examples:
        form = self._form.examples
        if form is None:
            return Examples()
        groups = {
            "pass": form.passes,
            "fail": form.fails,
            "unknown": form.unknown,
            "skip": form.skip,
        }
        for group, rows in groups.items():
            for i, row in enumerate(rows):
                self._check_row(row, ("examples", group, i))
        return Examples(
            passes=tuple(form.passes),
            fails=tuple(form.fails),
            unknown=tuple(form.unknown),
            skip=tuple(form.skip),
        )

    def _check_row(self, row: dict[str, Any], place: Place) -> None:
        from evalctl.rubrics.examples import example_fault

        for column, value in row.items():
            fault = example_fault(column, value, self._schema)
            if fault:
                raise self._error((*place, column), fault)

    def _error(self, place: Place, message: str) -> RubricError:
        return RubricError(self._document.path, self._document.line(place), message)


def _parts(judge: Judge) -> dict[str, Any]:
    return {name: getattr(judge, name) for name in Judge.__dataclass_fields__}


def _judge_parts(form: JudgeForm) -> dict[str, Any]:
    parts = form.model_dump()
    return {**parts, "fields": tuple(form.fields or [])}
