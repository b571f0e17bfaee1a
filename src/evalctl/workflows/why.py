"""evalctl why: one rubric asked again about one trace, with what decided, or why there is no score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.errors import UserError
from evalctl.core.selection import Selection
from evalctl.core.views import view_schema
from evalctl.rubrics.conditions import compile_condition
from evalctl.rubrics.load import load_rubrics, project_rubrics
from evalctl.scoring.answers import STATUSES, VERDICTS
from evalctl.scoring.questions import questions_of, view_columns
from evalctl.scoring.read import KEYS, SESSIONS, read_view, scores_about
from evalctl.scoring.rules import ask, contained, with_answers
from evalctl.workflows.show_find import bucket_of, find_span, in_trace, read_trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from evalctl.lake.lake import Lake
    from evalctl.rubrics.conditions import Condition
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.questions import Question
    from evalctl.scoring.rules import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One condition of the rubric, and what it is for this row: True, False, or None for NULL."""

    label: str
    sql: str
    outcome: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the rubric as it is now says about one target.

    ``verdict`` is None where it is not asked or cannot answer; ``unasked`` then says why. ``values``
    are what its conditions read. ``stored`` is the newest score in the ledger; ``stale`` says what
    has changed since.
    """

    ids: Mapping[str, Any]
    verdict: str | None
    status: str | None
    explanation: str | None
    clauses: Sequence[Clause]
    where: Clause | None
    unasked: str | None
    values: Mapping[str, Any]
    stored: Mapping[str, Any] | None
    stale: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The rubric, the trace, and one finding per target; ``note`` says what else matters."""

    rubric: Rubric
    trace_id: str
    findings: Sequence[Finding]
    note: str | None = None


def find_rubric(folders: Sequence[Path], name: str) -> list[Rubric]:
    """Return the rubric of a name after those whose verdicts it reads.

    Raises:
        UserError: there is none, or a rubric file is wrong.
    """
    found = load_rubrics(project_rubrics(folders), (name,))
    if found[-1].name != name:
        raise UserError(f"{name} is not the name of a rubric; evalctl rubrics list shows them")
    return found


def explain(lake: Lake, word: str, rubrics: Sequence[Rubric], span: str | None = None) -> Why:
    """Ask the last of ``rubrics``, as ``find_rubric`` returns them, about a trace, and one span of it.

    Raises:
        UserError: no trace or span, or several, have such an id.
    """
    spans = read_trace(lake, word, ["digest", "session_id", "is_root"])
    trace_id: str = spans["trace_id"][0]
    rubric = rubrics[-1]
    chosen = None if span is None else find_span(spans, span)
    note = None
    if chosen is not None and rubric.target != "span":
        note = f"{rubric.name} is asked of {rubric.target}s, not of spans: this is about the whole"
    rows = _rows(lake, rubrics, trace_id)
    if rows.is_empty():
        note = "the trace has no session_id, and the rubric is asked of sessions"
    if chosen is not None and rubric.target == "span":
        rows = rows.filter(pl.col("span_id") == chosen)
    questions = questions_of(rubrics)
    sheet = ask(rows, questions)
    findings = _findings(rows, questions, sheet)
    scores = _scores(lake, rubric, trace_id, rows)
    digests = _digests(lake, rubric, spans, rows)
    compared = [_compared(one, rubric, scores, digests) for one in findings]
    return Why(rubric=rubric, trace_id=trace_id, findings=compared, note=note)


def _rows(lake: Lake, rubrics: Sequence[Rubric], trace_id: str) -> pl.DataFrame:
    """Return the rows of the rubric's target that belong to the trace, with what the rubrics read."""
    target = rubrics[-1].target
    named = ("name",) if target == "span" else ()
    reads = view_columns(questions_of(rubrics))
    columns = sorted({*reads, *KEYS[target], *named, "u", "start_time"})
    selection = Selection(traces=(trace_id,))
    rows = read_view(lake, target, selection, columns, with_scores=False).collect()
    return rows.sort("start_time", *KEYS[target], nulls_last=True)


def _findings(rows: pl.DataFrame, questions: Sequence[Question], sheet: Sheet) -> list[Finding]:
    """Return a finding per row about the last question, the ledger left out."""
    at = len(questions) - 1
    rubric, noted = questions[at].rubric, sheet.noted[at].explanation
    seen = with_answers(rows, questions, sheet, [questions[at]])
    read = [name for name in sorted(questions[at].plan.columns) if name in seen.columns]
    said = {} if noted is None else dict(zip(noted.rows.tolist(), noted.values, strict=True))
    asks = [name for name in read if name in _read_by(rubric, rubric.where)]
    clauses = _clauses(seen, rubric)
    wheres = _asked_of(seen, rubric)
    codes: list[int] = sheet.codes[:, at].tolist()
    return [
        Finding(
            ids={name: row[name] for name in (*KEYS[rubric.target], "name") if name in row},
            verdict=VERDICTS[code] if code >= 0 else None,
            status=STATUSES[code] if code >= 0 else None,
            explanation=said.get(i),
            clauses=clauses[i] if code >= 0 else [],
            where=wheres[i],
            unasked=_unasked(rubric, wheres[i], row["u"], code),
            values={name: row[name] for name in (read if code >= 0 else asks)},
            stored=None,
            stale=None,
        )
        for i, (row, code) in enumerate(zip(seen.iter_rows(named=True), codes, strict=True))
    ]


def _clauses(rows: pl.DataFrame, rubric: Rubric) -> list[list[Clause]]:
    """Return the rubric's conditions and their outcomes for each row; none for checks and judges."""
    labels = rubric.rule.labels if rubric.rule else ()
    outcomes = [(label, sql, _outcomes(rows, rubric, sql)) for label, sql in labels]
    return [
        [Clause(label=label, sql=sql, outcome=found[i]) for label, sql, found in outcomes]
        for i in range(rows.height)
    ]


def _asked_of(rows: pl.DataFrame, rubric: Rubric) -> list[Clause | None]:
    sql = rubric.where
    if sql is None:
        return [None] * rows.height
    outcomes = _outcomes(rows, rubric, sql)
    return [Clause(label="where", sql=sql, outcome=outcome) for outcome in outcomes]


def _read_by(rubric: Rubric, sql: str | None) -> frozenset[str]:
    return _compiled(rubric, sql).columns if sql is not None else frozenset()


def _compiled(rubric: Rubric, sql: str) -> Condition:
    return compile_condition(sql, view_schema(rubric.target), str(rubric.path))


def _outcomes(rows: pl.DataFrame, rubric: Rubric, sql: str) -> list[bool | None]:
    expr = _compiled(rubric, sql).expr
    answers = contained(lambda: rows.select(answer=expr).to_series().to_list())
    return answers if isinstance(answers, list) else [None] * rows.height


def _unasked(rubric: Rubric, where: Clause | None, u: float | None, code: int) -> str | None:
    """Say why there is no verdict, in the order in which targets drop out."""
    if code >= 0:
        return "a judge answers this rubric, and none has been asked here" if rubric.judge else None
    if where is not None and where.outcome is not True:
        word = "NULL" if where.outcome is None else "FALSE"
        return f"where is {word}: {where.sql}"
    return f"not in the sample: u = {u or 0:.4f} is not below sample {rubric.sample.rate:g}"


def _scores(
    lake: Lake, rubric: Rubric, trace_id: str, rows: pl.DataFrame
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the newest stored score of the rubric, by the ids of its target."""
    if rubric.target == "session":
        about, bucket = pl.col("session_id").is_in(rows["session_id"].to_list()), SESSIONS
    else:
        about, bucket = in_trace(lake, trace_id), bucket_of(lake, trace_id)
    found = scores_about(lake, (pl.col("target") == rubric.target) & about, [bucket])
    mine = found.filter(pl.col("rubric") == rubric.name).sort("scored_at", "run")
    keys = KEYS[rubric.target]
    return {tuple(row[key] for key in keys): row for row in mine.iter_rows(named=True)}


def _digests(
    lake: Lake, rubric: Rubric, spans: pl.DataFrame, rows: pl.DataFrame
) -> dict[tuple[Any, ...], int]:
    """Return the digest of what each target says now."""
    if rubric.target == "session":
        sessions = tuple(rows["session_id"].to_list())
        traces = read_view(
            lake, "trace", Selection(sessions=sessions), ["source", "trace_id", "session_id"]
        )
        ids = traces.collect()
        stored = lake.spans().filter(pl.col("trace_id").is_in(ids["trace_id"].to_list()))
        spans = (
            stored.select("source", "trace_id", "digest")
            .collect()
            .join(ids, on=["source", "trace_id"])
        )
    keys = list(KEYS[rubric.target])
    sums = spans.group_by(keys).agg(pl.col("digest").sum())
    return {tuple(row[:-1]): row[-1] for row in sums.iter_rows()}


def _compared(
    finding: Finding,
    rubric: Rubric,
    scores: Mapping[tuple[Any, ...], Mapping[str, Any]],
    digests: Mapping[tuple[Any, ...], int],
) -> Finding:
    key = tuple(finding.ids[name] for name in KEYS[rubric.target])
    stored = scores.get(key)
    if stored is None:
        return finding
    stale = None
    if stored["version"] != rubric.version:
        stale = (
            f"the rubric has changed: scored as version {stored['version']}, now {rubric.version}"
        )
    elif stored["digest"] != digests.get(key):
        stale = f"the {rubric.target} has changed since it was scored"
    unasked = None if rubric.judge and stored["verdict"] else finding.unasked
    return replace(finding, stored=stored, stale=stale, unasked=unasked)
