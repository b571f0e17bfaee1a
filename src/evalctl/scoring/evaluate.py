"""One group, from its spans to answers: read once, narrow, ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.views import view_schema
from evalctl.scoring.answers import TARGET_KEYS, Answers
from evalctl.scoring.groups import read_group
from evalctl.scoring.ledger import eval_columns
from evalctl.scoring.questions import eval_parts, of_target, references, view_columns
from evalctl.scoring.recall import recalled
from evalctl.scoring.rules import ask
from evalctl.scoring.select import (
    index_columns,
    keep,
    property_flags,
    span_steps,
    trace_steps,
    wanted_properties,
)
from evalctl.scoring.views.context import arranged
from evalctl.scoring.views.feedback import FEEDBACK
from evalctl.scoring.views.spans import span_columns, span_frame
from evalctl.scoring.views.traces import trace_columns, trace_frame, with_feedback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from evalctl.core.selection import Selection
    from evalctl.core.words import Target
    from evalctl.lake.snapshot import Snapshot
    from evalctl.rubrics.conditions import Condition
    from evalctl.scoring.groups import Group
    from evalctl.scoring.questions import Question
    from evalctl.scoring.select import Left

KEYS: dict[str, tuple[str, ...]] = {
    "span": ("source", "trace_id", "span_id"),
    "trace": ("source", "trace_id"),
    "session": ("source", "session_id"),
}
"""Target -> the columns that name one."""
SMALL: tuple[Target, ...] = ("span", "trace")
"""Targets that lie in one group; a session may reach over all of them."""
_PLACE = ("date", "bucket", "digest", "u", "start_time")
_SESSIONS = {name: pl.String() for name in ("source", "trace_id", "session_id")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a run asks, of what: the same for all of its groups.

    ``where`` holds the compiled ``--where`` for each target; ``chosen`` the keys of the targets that a
    limit leaves, None without one.
    """

    spans: Snapshot
    scores: Snapshot
    selection: Selection
    where: Mapping[Target, Condition] = field(default_factory=dict)
    chosen: Mapping[Target, pl.DataFrame] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """Answers about one group, and how many targets each step of the selection left."""

    answers: list[Answers]
    left: dict[Target, Left]
    sessions: pl.DataFrame


def evaluate_group(
    asked: Asked, group: Group, questions: Sequence[Question], *, is_known: bool = False
) -> Evaluated:
    """Answer span and trace questions about the selected targets of a group.

    ``is_known`` says that the ledger holds the answers: they are read from it, and no text is.
    """
    left: dict[Target, Left] = {}
    targets: list[Target] = [target for target in SMALL if of_target(questions, target)]
    traces = _candidates(asked, group, targets, left)
    if traces is not None and traces.is_empty():
        return Evaluated(answers=[], left=left, sessions=pl.DataFrame(schema=_SESSIONS))
    views: dict[Target, set[str]] = {
        t: set() if is_known else view_columns(of_target(questions, t)) for t in targets
    }
    stored = _stored(asked, views) | {"bucket"}
    frame = arranged(read_group(asked.spans, group, stored, traces), by=("bucket",))
    answers: list[Answers] = []
    for target, columns in views.items():
        rows = _targets(asked, frame, target, columns, left, is_counted=traces is not None)
        answer = known_rows if is_known else answer_rows
        answers.append(answer(asked, rows, target, of_target(questions, target)))
    return Evaluated(answers=answers, left=left, sessions=trace_frame(frame, _SESSIONS))


def select_group(
    asked: Asked, group: Group, target: Target, left: dict[Target, Left]
) -> pl.DataFrame:
    """Return ``u`` and the keys of the targets of a group that the selection keeps, but for its limit.

    What each step left is added to ``left``.
    """
    columns = {"u", *KEYS[target]}
    traces = _candidates(asked, group, [target], left)
    if traces is not None and traces.is_empty():
        return pl.DataFrame(schema={name: view_schema(target)[name] for name in sorted(columns)})
    stored = _stored_for(asked, target, columns)
    frame = arranged(read_group(asked.spans, group, stored, traces))
    is_counted = traces is not None
    rows = _targets(asked, frame, target, columns, left, is_counted=is_counted)
    return rows.select(sorted(columns))


def _candidates(
    asked: Asked, group: Group, targets: Sequence[Target], left: dict[Target, Left]
) -> pl.DataFrame | None:
    """Find the traces that hold selected targets from narrow columns; None where all are wanted."""
    selection = asked.selection
    is_narrow = bool(wanted_properties(selection) or selection.traces or selection.sessions)
    if not is_narrow and selection.sample >= 1 and asked.chosen is None:
        return None
    stored = index_columns(selection)
    stored |= trace_columns(stored & set(view_schema("trace"))) if "trace" in targets else set()
    frame = arranged(read_group(asked.spans, group, stored, None))
    found = [_indexed(frame, selection, target, left.setdefault(target, {})) for target in targets]
    traces = pl.concat(found).unique()
    if asked.chosen is None:
        return traces
    chosen = [asked.chosen[target].select("source", "trace_id") for target in targets]
    return traces.join(pl.concat(chosen), on=["source", "trace_id"], how="semi")


def _indexed(frame: pl.DataFrame, selection: Selection, target: Target, left: Left) -> pl.DataFrame:
    columns = index_columns(selection) & set(view_schema(target))
    rows = span_frame(frame, columns) if target == "span" else trace_frame(frame, columns)
    return _stepped(rows, frame, selection, target, left).select("source", "trace_id").unique()


def _stepped(
    rows: pl.DataFrame, spans: pl.DataFrame, selection: Selection, target: Target, left: Left
) -> pl.DataFrame:
    left["lake"] = left.get("lake", 0) + rows.height
    if target == "span":
        return keep(rows, span_steps(selection), left)
    flags = property_flags(spans, selection)
    if flags is not None:
        rows = rows.join(flags, on=["source", "trace_id"], how="left", maintain_order="left")
    return keep(rows, trace_steps(selection), left)


def _targets(
    asked: Asked,
    spans: pl.DataFrame,
    target: Target,
    columns: set[str],
    left: dict[Target, Left],
    *,
    is_counted: bool,
) -> pl.DataFrame:
    """Build the selected rows of a target's view with the columns that are read of them."""
    counts = left.setdefault(target, {})
    where = asked.where.get(target)
    read = _view_columns(asked, target, columns)
    rows = span_frame(spans, read) if target == "span" else _traces(asked, spans, read)
    rows = _stepped(rows, spans, asked.selection, target, {} if is_counted else counts)
    if where is not None:
        rows = keep(with_outside(asked, rows, target, where.columns), {"where": where.expr}, counts)
    if asked.chosen is not None:
        rows = rows.join(asked.chosen[target], on=KEYS[target], how="semi", maintain_order="left")
        counts["limit"] = counts.get("limit", 0) + rows.height
    return rows


def answer_rows(
    asked: Asked, rows: pl.DataFrame, target: Target, questions: Sequence[Question]
) -> Answers:
    """Ask questions about selected rows of their target's view."""
    names = {question.rubric.name for question in questions}
    outside = {name: parts for name, parts in references(questions).items() if name not in names}
    seen = eval_columns(rows, nearby(asked, rows), target, outside) if outside else rows
    sheet = ask(seen, questions, share=asked.selection.sample)
    return Answers(
        target=target,
        keys=target_keys(rows, target),
        questions=questions,
        codes=sheet.codes,
        noted=sheet.noted,
    )


def known_rows(
    asked: Asked, rows: pl.DataFrame, target: Target, questions: Sequence[Question]
) -> Answers:
    """Read from the ledger what was answered about selected rows with the content that they have."""
    return recalled(asked.scores.scan(), target_keys(rows, target), target, questions)


def target_keys(rows: pl.DataFrame, target: Target) -> pl.DataFrame:
    """Return the columns of a ledger row that name target rows; ids of other kinds of target are null."""
    absent = {"span": ("session_id",), "trace": ("span_id", "session_id")}.get(
        target, ("trace_id", "span_id")
    )
    named = rows.drop(absent, strict=False).with_columns(
        pl.lit(None, pl.String).alias(name) for name in absent
    )
    return named.select(*TARGET_KEYS, "date", "bucket", "digest", "start_time")


def with_outside(
    asked: Asked, rows: pl.DataFrame, target: Target, columns: Iterable[str]
) -> pl.DataFrame:
    """Add the ``eval.*`` columns among ``columns`` from the ledger."""
    wanted = eval_parts(columns)
    return eval_columns(rows, nearby(asked, rows), target, wanted) if wanted else rows


def nearby(asked: Asked, rows: pl.DataFrame) -> pl.LazyFrame:
    """Return the ledger's rows on the dates of ``rows``."""
    return asked.scores.scan().filter(pl.col("date").is_in(rows["date"].unique().to_list()))


def _view_columns(asked: Asked, target: Target, columns: set[str]) -> list[str]:
    where = asked.where.get(target)
    named = columns | (set(where.columns) if where else set()) | index_columns(asked.selection)
    known = {*view_schema(target), "digest"}
    return sorted((named | set(_PLACE) | set(KEYS[target])) & known)


def _stored(asked: Asked, views: Mapping[Target, set[str]]) -> set[str]:
    stored = trace_columns(_SESSIONS) | set(index_columns(asked.selection))
    return stored.union(*(_stored_for(asked, target, names) for target, names in views.items()))


def _stored_for(asked: Asked, target: Target, columns: set[str]) -> set[str]:
    names = _view_columns(asked, target, columns)
    stored = span_columns(names) if target == "span" else trace_columns(names)
    return stored | set(index_columns(asked.selection)) | {"start_time"}


def _traces(asked: Asked, spans: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    rows = trace_frame(spans, columns)
    feedback = [name for name in columns if name in FEEDBACK]
    if not feedback:
        return rows
    return with_feedback(rows.lazy(), feedback, nearby(asked, spans)).collect()
