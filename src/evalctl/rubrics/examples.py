"""Examples of a rubric, run through the same plan as a backtest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.views import view_schema
from evalctl.rubrics.columns import column_dtype, no_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from evalctl.rubrics.plan import Plan
    from evalctl.rubrics.rubric import Rubric

Outcome = Literal["pass", "fail", "unknown", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleResult:
    """What came out for one example row, counted from 1 within its group."""

    rubric: str
    wanted: Outcome
    number: int
    got: Outcome
    explanation: str | None

    @property
    def ok(self) -> bool:
        """Whether the row got the answer that it stands under."""
        return self.wanted == self.got


def run_examples(rubric: Rubric) -> list[ExampleResult]:
    """Ask a rubric about its own examples; an empty list for a judge, whose answers cost money.

    Columns that a row leaves out are null. A row that leaves out a column of ``where`` is taken as
    selected, unless it stands under ``skip`` or its own values say no.
    """
    groups: tuple[tuple[Outcome, Sequence[Mapping[str, Any]]], ...] = (
        ("pass", rubric.examples.passes),
        ("fail", rubric.examples.fails),
        ("unknown", rubric.examples.unknown),
        ("skip", rubric.examples.skip),
    )
    wanted: list[tuple[Outcome, int, Mapping[str, Any]]] = [
        (group, i + 1, row) for group, rows in groups for i, row in enumerate(rows)
    ]
    if rubric.judge is not None or not wanted:
        return []
    plan = rubric.plan()
    asked = set[str]() if plan.where is None else set(plan.where.meta.root_names())
    answers = _answers(rubric, plan, _frame(rubric, plan, [row for _, _, row in wanted]))
    return [
        ExampleResult(
            rubric=rubric.name,
            wanted=group,
            number=number,
            got=_outcome(answer, is_taken=group != "skip" and not asked <= row.keys()),
            explanation=answer["explanation"],
        )
        for (group, number, row), answer in zip(wanted, answers.iter_rows(named=True), strict=True)
    ]


def example_fault(column: str, value: Any, schema: Mapping[str, pl.DataType]) -> str | None:
    """Return what is wrong with one value of an example row, or None."""
    dtype = column_dtype(column, schema)
    if dtype is None:
        return no_column(column, schema)
    if value is None or _is_of(value, dtype):
        return None
    return f"'{column}' is {_kind(dtype)}, and the example gives {value!r}"[:200]


def _is_of(value: Any, dtype: pl.DataType) -> bool:
    if dtype == pl.Boolean():
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if dtype.is_temporal():
        return _moment(value, dtype) is not None
    if isinstance(dtype, pl.List):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if dtype.is_integer():
        return isinstance(value, int)
    return isinstance(value, (int, float)) if dtype.is_numeric() else isinstance(value, str)


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return "a list of texts"
    if dtype.is_temporal():
        return "a time such as 2026-05-01T10:00:00Z"
    if dtype == pl.Boolean():
        return "true or false"
    return (
        "a whole number"
        if dtype.is_integer()
        else "a number"
        if dtype.is_numeric()
        else "a text (quote it)"
    )


def _moment(value: Any, dtype: pl.DataType) -> datetime | date | None:
    try:
        if dtype == pl.Date():
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _frame(rubric: Rubric, plan: Plan, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    schema = view_schema(rubric.target)
    columns = sorted({*plan.columns, *plan.keys, *(name for row in rows for name in row)})
    types = {name: column_dtype(name, schema) or pl.Null() for name in columns}
    data = {name: [_value(row.get(name), dtype) for row in rows] for name, dtype in types.items()}
    for i, key in enumerate(plan.keys):
        data[key] = [f"{i}-{n}" for n in range(len(rows))]
    return pl.DataFrame(data, schema=types)


def _value(value: Any, dtype: pl.DataType) -> Any:
    return _moment(value, dtype) if value is not None and dtype.is_temporal() else value


def _answers(rubric: Rubric, plan: Plan, frame: pl.DataFrame) -> pl.DataFrame:
    """Return ``selected``, ``fail`` and ``explanation`` per row."""
    selected = pl.lit(value=True) if plan.where is None else plan.where
    try:
        asked = frame.lazy().with_columns(selected.alias("selected"))
        answered = (
            _framed(plan, asked)
            if plan.frame
            else asked.with_columns(plan.fail.alias("fail"), _explained(plan).alias("explanation"))
        )
        return answered.select(
            "selected", "fail", pl.when(pl.col("fail")).then("explanation").alias("explanation")
        ).collect()
    except pl.exceptions.PolarsError as error:
        raise UserError(
            f"{rubric.path}: the examples could not be run: {str(error).splitlines()[0]}"
        ) from None


def _explained(plan: Plan) -> pl.Expr:
    return pl.lit(None, dtype=pl.String) if plan.explanation is None else plan.explanation


def _framed(plan: Plan, asked: pl.LazyFrame) -> pl.LazyFrame:
    if plan.frame is None:
        return asked
    return asked.join(plan.frame(asked), on=list(plan.keys), how="left", maintain_order="left")


def _outcome(answer: Mapping[str, Any], *, is_taken: bool) -> Outcome:
    selected = answer["selected"]
    if selected is False or (selected is None and not is_taken):
        return "skip"
    if answer["fail"] is None:
        return "unknown"
    return "fail" if answer["fail"] else "pass"
