"""All rubrics asked of one frame in one pass: Kleene verdicts, stages, and a crash that stays alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from evalctl.scoring.answers import (
    ERROR,
    FAIL,
    NOT_ASKED,
    PASS,
    SKIPPED,
    UNKNOWN,
    VERDICTS,
    Noted,
    Sparse,
)
from evalctl.scoring.questions import PARTS, references

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from evalctl.scoring.questions import Question

EVIDENCE_WIDTH = 200
_ROW = "_row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong in a contained call: the kind of error, nothing that it says."""

    kind: str


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Codes and notes of all questions about the rows of one frame, filled stage by stage."""

    codes: NDArray[np.int8]
    noted: list[Noted]


def contained(call: Callable[[], Any]) -> Any:
    """Return what ``call`` returns, or a ``Failure`` whatever it raises.

    A rubric is somebody's code over somebody's data: whatever it does, it may only cost its own score.
    The error's text may hold content of traces, so only its kind goes on.
    """
    try:
        return call()
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001  (the containment)
        return Failure(kind=type(error).__name__)


def ask(frame: pl.DataFrame, questions: Sequence[Question], *, share: float = 1.0) -> Sheet:
    """Answer all questions about all rows of their target's view.

    ``frame`` has the view columns that the questions read, ``u``, and ``eval.*`` columns of rubrics that
    are not among them; ``share`` is the probability with which the rows were sampled.
    """
    codes = np.full((frame.height, len(questions)), NOT_ASKED, dtype=np.int8)
    sheet = Sheet(codes=codes, noted=[Noted() for _ in questions])
    if frame.is_empty():
        return sheet
    for stage in sorted({question.stage for question in questions}):
        columns = [i for i, question in enumerate(questions) if question.stage == stage]
        here = [questions[i] for i in columns]
        seen = frame if stage == 0 else with_answers(frame, questions, sheet, here)
        _ask_stage(seen, here, columns, sheet, share)
    return sheet


def with_answers(
    frame: pl.DataFrame, questions: Sequence[Question], sheet: Sheet, readers: Sequence[Question]
) -> pl.DataFrame:
    """Add the ``eval.*`` columns that ``readers`` read of questions that have been answered."""
    place = {question.rubric.name: i for i, question in enumerate(questions)}
    added: list[pl.Series] = []
    for name, parts in references(readers).items():
        if name in place:
            i = place[name]
            added += [
                _part(name, part, sheet.codes[:, i], sheet.noted[i]) for part in sorted(parts)
            ]
    return frame.with_columns(added)


def _part(name: str, part: str, codes: NDArray[np.int8], noted: Noted) -> pl.Series:
    label = f"eval.{name}.{part}"
    if part == "verdict":
        words = pl.Series([*VERDICTS, None], dtype=pl.String)
        return words.gather(np.where(codes < 0, len(VERDICTS), codes)).alias(label)
    empty = pl.Series(label, [None], dtype=PARTS[part]).new_from_index(0, len(codes))
    known = noted.value if part == "value" else noted.explanation
    return empty if known is None else empty.scatter(known.rows, known.values)


def _ask_stage(
    frame: pl.DataFrame,
    questions: Sequence[Question],
    columns: Sequence[int],
    sheet: Sheet,
    share: float,
) -> None:
    rows = frame.with_row_index(_ROW)
    plain = [(i, q) for i, q in zip(columns, questions, strict=True) if q.plan.frame is None]
    units: dict[Any, list[tuple[int, Question]]] = {}
    for i, question in plain:
        units.setdefault(question.unit, []).append((i, question))
    together = contained(lambda: pl.collect_all([_unit(rows, unit) for unit in units.values()]))
    if isinstance(together, Failure):
        for i, question in plain:
            _alone(rows, i, question, sheet)
    else:
        for unit, answers in zip(units.values(), together, strict=True):
            for i, question in unit:
                _note(sheet, i, question, answers, answers[str(i)])
    for i, question in zip(columns, questions, strict=True):
        if question.plan.frame is not None:
            _ask_frame(rows, i, question, sheet)
        _finish(rows, i, question, sheet, share)


def _unit(rows: pl.DataFrame, unit: Sequence[tuple[int, Question]]) -> pl.LazyFrame:
    asked = _asked(unit[0][1])
    chosen = rows.lazy() if asked is None else rows.lazy().filter(asked)
    return chosen.select(_ROW, *(question.plan.fail.alias(str(i)) for i, question in unit))


def _asked(question: Question) -> pl.Expr | None:
    """Whether a rubric is asked about a row; None for all. Anything but TRUE is no."""
    sample = question.rubric.sample
    where = question.plan.where
    if sample.rate >= 1:
        return where
    drawn = pl.col("u") < sample.rate
    if question.plan.always is not None:
        drawn = drawn | question.plan.always.fill_null(value=False)
    return drawn if where is None else where & drawn


def _alone(rows: pl.DataFrame, i: int, question: Question, sheet: Sheet) -> None:
    answers = contained(lambda: _unit(rows, [(i, question)]).collect())
    if not isinstance(answers, Failure):
        _note(sheet, i, question, answers, answers[str(i)])
        return
    asked = contained(lambda: _rows_asked(rows, question))
    _fail(sheet, i, np.arange(rows.height) if isinstance(asked, Failure) else asked, answers)


def _rows_asked(rows: pl.DataFrame, question: Question) -> NDArray[np.int64]:
    asked = _asked(question)
    chosen = rows if asked is None else rows.filter(asked)
    return chosen[_ROW].to_numpy().astype(np.int64)


def _fail(sheet: Sheet, i: int, rows: NDArray[np.int64], failure: Failure) -> None:
    sheet.codes[rows, i] = ERROR
    said = pl.Series([f"the rubric stopped with {failure.kind}"]).new_from_index(0, len(rows))
    sheet.noted[i].explanation = Sparse(rows=rows, values=said)
    sheet.noted[i].reason = "rule_error"


def _note(sheet: Sheet, i: int, question: Question, answers: pl.DataFrame, fail: pl.Series) -> None:
    at = answers[_ROW].to_numpy()
    if question.rubric.judge is not None:
        sheet.codes[at, i] = SKIPPED
        sheet.noted[i].reason = "no_model"
        return
    sheet.codes[at, i] = fail.cast(pl.Int8).fill_null(UNKNOWN).to_numpy()


def _ask_frame(rows: pl.DataFrame, i: int, question: Question, sheet: Sheet) -> None:
    """Ask a check that wants a frame; rows that it leaves out are unknown."""
    asked = contained(lambda: _rows_asked(rows, question))
    at = np.arange(rows.height) if isinstance(asked, Failure) else asked
    answers = (
        asked if isinstance(asked, Failure) else contained(lambda: _framed(rows[at], question))
    )
    if isinstance(answers, Failure):
        _fail(sheet, i, at, answers)
        return
    sheet.codes[at, i] = answers["fail"].cast(pl.Int8).fill_null(UNKNOWN).to_numpy()
    for part in ("value", "explanation"):
        said = answers[part].is_not_null().arg_true().to_numpy().astype(np.int64)
        if len(said):
            setattr(sheet.noted[i], part, Sparse(rows=at[said], values=answers[part].gather(said)))


def _framed(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    plan = question.plan
    if plan.frame is None:
        raise TypeError
    keys = list(plan.keys)
    seen = rows.select(sorted(plan.columns | set(keys)))
    found = plan.frame(seen.lazy()).select(
        *keys,
        pl.col("fail").cast(pl.Boolean),
        pl.col("value").cast(pl.Float64),
        pl.col("explanation").cast(pl.String),
    )
    once = found.collect().unique(keys, keep="first", maintain_order=True)
    return rows.select(keys).join(
        once, on=keys, how="left", nulls_equal=True, maintain_order="left"
    )


def _finish(rows: pl.DataFrame, i: int, question: Question, sheet: Sheet, share: float) -> None:
    """Add explanation and evidence to what fails, and with which probability each row was drawn."""
    codes, noted, plan = sheet.codes[:, i], sheet.noted[i], question.plan
    failing = np.flatnonzero(codes == FAIL)
    if len(failing):
        columns = [column for column in sorted(plan.columns) if column in rows.columns]
        hit = rows.select(list(dict.fromkeys([*columns, *plan.evidence])))[failing]
        if plan.explanation is not None:
            noted.explanation = _sparse(failing, contained(lambda: _said(hit, plan.explanation)))
        if plan.evidence:
            noted.evidence = _sparse(failing, contained(lambda: evidence_of(hit, plan.evidence)))
    noted.inclusion = _inclusion(rows, question, codes, share)


def _said(hit: pl.DataFrame, explanation: pl.Expr | None) -> pl.Series:
    said = hit.select(said=pl.lit(None, pl.String) if explanation is None else explanation)["said"]
    return said if len(said) == hit.height else said.new_from_index(0, hit.height)


def _sparse(rows: NDArray[np.int64], values: Any) -> Sparse | None:
    return None if isinstance(values, Failure) else Sparse(rows=rows, values=values)


def evidence_of(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Write the named columns as one JSON object a row; texts are cut to EVIDENCE_WIDTH characters."""
    fields = [_shown(rows.schema[name], pl.col(name)).alias(name) for name in columns]
    return rows.select(evidence=pl.struct(fields).struct.json_encode())["evidence"]


def _shown(dtype: pl.DataType, column: pl.Expr) -> pl.Expr:
    if dtype == pl.String():
        return column.str.slice(0, EVIDENCE_WIDTH)
    if dtype.is_temporal():
        return column.dt.to_string("iso:strict")
    if dtype.is_float():
        return pl.when(column.is_finite()).then(column)
    return column.list.head(20) if isinstance(dtype, pl.List) else column


def _inclusion(
    rows: pl.DataFrame, question: Question, codes: NDArray[np.int8], share: float
) -> NDArray[np.float64] | float:
    drawn = min(share, question.rubric.sample.rate)
    condition = question.plan.always
    if question.rubric.sample.rate >= 1 or condition is None:
        return drawn
    always = contained(lambda: rows.select(condition.fill_null(value=False)).to_series())
    if isinstance(always, Failure):
        return drawn
    return np.where(always.to_numpy() & (codes >= 0), share, drawn)


__all__ = ["PASS", "Failure", "Sheet", "ask", "contained", "evidence_of", "with_answers"]
