"""Questions about sessions: one stage over all traces of the lake, narrowed to a few columns each.

A session may reach over many days, so its traces are read from all of them, group by group, and kept
as narrow rows: a hash and some flags where a text itself is not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.identity import text_hash
from evalctl.core.views import view_schema
from evalctl.scoring.evaluate import KEYS, Evaluated, answer_rows, known_rows, nearby, with_outside
from evalctl.scoring.groups import day_states, plan_groups, read_group
from evalctl.scoring.questions import view_columns
from evalctl.scoring.select import keep, lowest, property_flags, trace_steps, wanted_properties
from evalctl.scoring.views.context import arranged
from evalctl.scoring.views.feedback import FEEDBACK
from evalctl.scoring.views.sessions import session_parts, session_rows
from evalctl.scoring.views.traces import trace_columns, trace_frame, with_feedback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.scoring.evaluate import Asked
    from evalctl.scoring.groups import Group
    from evalctl.scoring.questions import Question
    from evalctl.scoring.select import Left

_ID = ["source", "session_id"]
_ALWAYS = {"source", "session_id", "start_time", "date", "bucket", "u", "digest"}


def lake_state(files: pl.DataFrame) -> str:
    """Hash what the answers about sessions depend on: all spans of the lake."""
    states = day_states(files)
    return text_hash("|".join(f"{day} {state}" for day, state in sorted(states.items())))


def evaluate_sessions(
    asked: Asked, questions: Sequence[Question], *, is_known: bool = False
) -> Evaluated:
    """Answer session questions about the selected sessions of the whole lake; see ``evaluate_group``."""
    left: Left = {}
    rows = selected_sessions(asked, set() if is_known else view_columns(questions), left)
    answer = known_rows if is_known else answer_rows
    answers = answer(asked, rows, "session", questions)
    nobody = pl.DataFrame(
        schema={"source": pl.String, "trace_id": pl.String, "session_id": pl.String}
    )
    return Evaluated(answers=[answers], left={"session": left}, sessions=nobody)


def selected_sessions(asked: Asked, columns: set[str], left: Left) -> pl.DataFrame:
    """Build the rows of the session view that the selection keeps, with the columns that are read."""
    where = asked.where.get("session")
    named = columns | _ALWAYS | (set(where.columns) if where else set())
    names = sorted(named & {*view_schema("session"), "digest"})
    parts, flags = _parts(asked, names)
    rows = _selected(session_rows(parts, names), flags, asked, left)
    if where is not None:
        rows = keep(
            with_outside(asked, rows, "session", where.columns), {"where": where.expr}, left
        )
    if asked.selection.limit is not None:
        chosen = lowest([rows], KEYS["session"], asked.selection.limit)
        rows = rows.join(chosen, on=_ID, how="semi", maintain_order="left")
        left["limit"] = rows.height
    return rows


def _parts(asked: Asked, names: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Narrow the traces of all groups; with them, which sessions have what the flags name."""
    groups = plan_groups(asked.spans.files())
    found = [_part(asked, group, names) for group in groups]
    parts = pl.concat([part for part, _ in found])
    flagged = [flags for _, flags in found if flags is not None]
    if not flagged:
        return parts, None
    flags = pl.concat(flagged)
    return parts, flags.group_by(_ID).agg(pl.exclude(_ID).any())


def _part(
    asked: Asked, group: Group, names: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    reads, kept = session_parts(names)
    feedback = sorted(reads & set(FEEDBACK))
    stored = trace_columns(reads) | set(wanted_properties(asked.selection))
    spans = arranged(read_group(asked.spans, group, stored, None))
    traces = trace_frame(spans, sorted(reads)).filter(pl.col("session_id").is_not_null())
    if feedback:
        traces = with_feedback(traces.lazy(), feedback, nearby(asked, spans)).collect()
    part = traces.select(expr.alias(name) for name, expr in kept.items())
    return part, _flags(asked, spans, traces)


def _flags(asked: Asked, spans: pl.DataFrame, traces: pl.DataFrame) -> pl.DataFrame | None:
    """Mark, for each trace with a session, the properties and ids that the selection names."""
    selection = asked.selection
    properties = property_flags(spans, selection)
    if properties is None and not selection.traces:
        return None
    rows = traces.select(*_ID, "trace_id")
    if properties is not None:
        rows = rows.join(properties, on=["source", "trace_id"], how="left")
    return rows.with_columns(_trace=pl.col("trace_id").is_in(list(selection.traces))).drop(
        "trace_id"
    )


def _selected(
    rows: pl.DataFrame, flags: pl.DataFrame | None, asked: Asked, left: Left
) -> pl.DataFrame:
    left["lake"] = rows.height
    steps = trace_steps(asked.selection)
    if "trace" in steps:
        steps["trace"] = pl.col("_trace")
    if flags is not None:
        rows = rows.join(flags, on=_ID, how="left", maintain_order="left")
    return keep(rows, steps, left)
