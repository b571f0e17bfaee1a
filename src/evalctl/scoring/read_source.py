"""Views as lazy frames that compute what is asked of them and nothing else.

Polars tells a source which columns a query needs and which condition its rows must meet. So a query
that touches stored columns is a plain scan of the files; one that needs the rest of the trace is
computed group by group, with bounded memory, and narrowed first to the traces that can matter.
"""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import coordinate
from evalctl.core.schema import SCORES, SPANS
from evalctl.core.views import view_schema
from evalctl.scoring.groups import plan_groups, read_group
from evalctl.scoring.select import (
    index_columns,
    property_flags,
    pruning,
    span_steps,
    trace_steps,
    wanted_properties,
)
from evalctl.scoring.views.feedback import FEEDBACK
from evalctl.scoring.views.sessions import session_parts, session_rows
from evalctl.scoring.views.spans import needs_whole_traces, span_columns, span_frame
from evalctl.scoring.views.traces import trace_columns, trace_frame, with_feedback

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evalctl.core.selection import Selection
    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake
    from evalctl.lake.snapshot import Snapshot
    from evalctl.scoring.groups import Group

FEW = 1_000
"""So many traces are named one by one to the files; more are found by a join in each group."""

WIDE_ROWS = 15_000
"""Spans that are read at once with all that they hold: 70 MB of chat, of which several are in flight."""

_TEXTS = frozenset(
    [
        "input",
        "output",
        "input_messages",
        "output_messages",
        "attributes",
        "events",
        "documents",
        "tool_args",
        "tool_result",
        "tool_definitions",
        "system_prompt",
        "resource",
    ]
)
_SAME_IN_A_TRACE = frozenset(("source", "trace_id", "bucket", "u"))
_NOT_AS_STORED = frozenset(("session_id", "user_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One view of a lake, narrowed by a selection but for ``where`` and ``limit``."""

    lake: Lake
    target: Target
    selection: Selection

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Columns of the view; feedback about traces is joined later, by who needs it."""
        left_out = FEEDBACK if self.target == "trace" else ()
        return {n: t for n, t in view_schema(self.target).items() if n not in left_out}

    def scan(self) -> pl.LazyFrame:
        """Return the view."""
        from polars.io.plugins import register_io_source

        return register_io_source(self._read, schema=self.schema, is_pure=True)

    def _read(
        self,
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,  # noqa: ARG002  (groups have a size of their own)
    ) -> Iterator[pl.DataFrame]:
        names = list(self.schema) if with_columns is None else with_columns
        left = sys.maxsize if n_rows is None else n_rows
        for frame in self._frames(names, predicate):
            kept = frame if predicate is None else frame.filter(predicate)
            batch = kept.select(names).head(left)
            if batch.height:
                yield batch
            left -= batch.height
            if left <= 0:
                return

    def _frames(self, names: Sequence[str], predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        """Yield frames with at least ``names`` and what ``predicate`` reads."""
        asked = {*names, *(predicate.meta.root_names() if predicate is not None else ())}
        wanted = [name for name in self.schema if name in asked]
        if self.target == "span":
            return self._spans(wanted, predicate)
        return self._traces(wanted, predicate) if self.target == "trace" else self._sessions(wanted)

    def _spans(self, wanted: Sequence[str], predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        steps = list(span_steps(self.selection).values())
        reads = {*wanted, *(name for step in steps for name in step.meta.root_names())}
        if not needs_whole_traces(reads):
            conditions = [*steps, *_conditions(self._narrow(predicate)), *_conditions(predicate)]
            rows = self.lake.spans().filter(_all(conditions)).select(wanted)
            yield from rows.collect_batches(maintain_order=False)
            return
        for spans in self._whole(span_columns(reads), predicate):
            yield span_frame(spans, reads).filter(_all(steps))

    def _traces(self, wanted: Sequence[str], predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        steps = trace_steps(self.selection)
        reads = {name for step in steps.values() for name in step.meta.root_names()}
        names = {*wanted, "source", "trace_id", *(n for n in reads if n in self.schema)}
        stored = trace_columns(names) | index_columns(self.selection)
        for spans in self._whole(stored, predicate):
            traces = _flagged(trace_frame(spans, names), property_flags(spans, self.selection))
            yield traces.filter(_all(list(steps.values())))

    def _sessions(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield all sessions at once: their traces may stand anywhere, a narrow row for each."""
        names = {*wanted, "source", "session_id", "start_time", "u"}
        reads, keep = session_parts(names)
        feedback = [name for name in FEEDBACK if name in reads]
        own = {*reads, "source", "trace_id", "session_id"} - set(feedback)
        parts = [
            _flagged(trace_frame(spans, own), property_flags(spans, self.selection))
            for spans in self._whole(trace_columns(own) | index_columns(self.selection), None)
        ]
        if not parts:
            return
        traces = pl.concat(parts).lazy()
        if feedback:
            traces = with_feedback(traces, feedback, self.lake.scan(SCORES))
        narrow = traces.select(expr.alias(name) for name, expr in keep.items()).collect()
        sessions = session_rows(narrow, names)
        yield _of_sessions(sessions, traces, self.selection).select(wanted)

    def _whole(self, columns: Iterable[str], predicate: pl.Expr | None) -> Iterator[pl.DataFrame]:
        """Yield the spans of complete traces, group by group; those that cannot matter may be missing."""
        snapshot = self.lake.snapshot(SPANS)
        narrow = self._narrow(predicate)
        traces = None
        if narrow is not None:
            found = snapshot.spans().filter(narrow).select("source", "trace_id")
            traces = found.unique().collect()
            if traces.height <= FEW:
                if traces.height:
                    yield _few(self.lake, snapshot, traces, columns)
                return
        since, until = self._window(snapshot, predicate)
        groups = plan_groups(snapshot.files(), since=since, until=until)
        for group in _small(groups, set(columns)):
            spans = read_group(snapshot, group, columns, traces)
            if spans.height:
                yield spans

    def _narrow(self, predicate: pl.Expr | None) -> pl.Expr | None:
        """Return what one stored span at least of every trace that matters must show."""
        named = self.selection.sessions
        tests = [pl.col("session_id").is_in(list(named))] if named else []
        if (
            self.target == "session"
        ):  # what is not asked of its id may be met by another of its traces
            return tests[0] if tests else None
        tests += _conditions(pruning(self.selection, self.target))
        for part in _conjuncts(predicate):
            name, word = _equality(part)
            if name == "trace_id" and word is not None:
                tests.append(pl.col("bucket") == coordinate(word, self.lake.salt)[1])
            if name in _NOT_AS_STORED or self._is_stored(part):
                tests.append(part)
        if self.selection.traces and len(self.selection.traces) <= FEW:
            buckets = {coordinate(trace, self.lake.salt)[1] for trace in self.selection.traces}
            tests.append(pl.col("bucket").is_in(sorted(buckets)))
        return pl.all_horizontal(tests) if tests else None

    def _is_stored(self, part: pl.Expr) -> bool:
        names = set(part.meta.root_names())
        if self.target == "trace":
            return names <= _SAME_IN_A_TRACE
        return names <= set(SPANS.schema) - _NOT_AS_STORED

    def _window(
        self, snapshot: Snapshot, predicate: pl.Expr | None
    ) -> tuple[datetime | None, datetime | None]:
        """Bound the dates of the groups by the selection's window, else by conditions on ``date``."""
        chosen = self.selection
        if self.target == "session":
            return None, None
        tests = [p for p in _conjuncts(predicate) if set(p.meta.root_names()) == {"date"}]
        if chosen.since or chosen.until or not tests:
            return chosen.since, chosen.until
        days: list[date] = snapshot.files().select("date").unique().filter(tests)["date"].to_list()
        if not days or UNTIMED in days:
            return None, None
        return (
            datetime.combine(min(days), time.min, UTC),
            datetime.combine(max(days), time.max, UTC),
        )


def _small(groups: Iterable[Group], columns: set[str]) -> Iterator[Group]:
    """Cut groups further by bucket where several texts of each span are read."""
    for group in groups:
        buckets = group.bucket_to - group.bucket_from
        wanted = -(-group.rows // WIDE_ROWS) if len(columns & _TEXTS) > 2 else 1
        parts = max(min(wanted, buckets), 1)
        for part in range(parts):
            yield replace(
                group,
                bucket_from=group.bucket_from + buckets * part // parts,
                bucket_to=group.bucket_from + buckets * (part + 1) // parts,
                rows=group.rows // parts,
            )


def _few(
    lake: Lake, snapshot: Snapshot, traces: pl.DataFrame, columns: Iterable[str]
) -> pl.DataFrame:
    ids = traces["trace_id"].to_list()
    buckets = sorted({coordinate(trace, lake.salt)[1] for trace in ids})
    rows = snapshot.spans().filter(pl.col("bucket").is_in(buckets), pl.col("trace_id").is_in(ids))
    names = sorted({*columns, "source", "trace_id"})
    return rows.select(names).join(traces.lazy(), on=["source", "trace_id"], how="semi").collect()


def _flagged(traces: pl.DataFrame, flags: pl.DataFrame | None) -> pl.DataFrame:
    if flags is None:
        return traces
    return traces.join(flags, on=["source", "trace_id"], how="left")


def _of_sessions(
    sessions: pl.DataFrame, traces: pl.LazyFrame, selection: Selection
) -> pl.DataFrame:
    """Keep the sessions that the selection names; a flag is met where any of their traces meets it."""
    flags = [f"_{name}" for name in wanted_properties(selection)]
    any_trace = [pl.col(flag).any() for flag in flags]
    if selection.traces:
        any_trace.append(pl.col("trace_id").is_in(list(selection.traces)).any().alias("_trace"))
    steps = {name: step for name, step in trace_steps(selection).items() if name != "trace"}
    tests = [*steps.values(), *([pl.col("_trace")] if selection.traces else [])]
    if any_trace:
        met = traces.group_by("source", "session_id").agg(any_trace).collect()
        sessions = sessions.join(met, on=["source", "session_id"], how="left")
    return sessions.filter(_all(tests))


def _all(tests: Sequence[pl.Expr]) -> pl.Expr:
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)


def _conditions(condition: pl.Expr | None) -> list[pl.Expr]:
    return [] if condition is None else [condition]


def _conjuncts(predicate: pl.Expr | None) -> list[pl.Expr]:
    """Split ``a AND b AND c`` into its parts, through the serialised form of the expression."""
    if predicate is None:
        return []
    waiting = [json.loads(predicate.meta.serialize(format="json"))]
    parts: list[pl.Expr] = []
    while waiting:
        tree = waiting.pop()
        body: dict[str, Any] = tree.get("BinaryExpr", {})
        if body.get("op") in ("And", "LogicalAnd"):
            waiting += [body["left"], body["right"]]
        else:
            parts.append(pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json"))
    return parts


def _equality(part: pl.Expr) -> tuple[str | None, str | None]:
    """Return column and text of ``column = 'text'``."""
    body = json.loads(part.meta.serialize(format="json")).get("BinaryExpr", {})
    if body.get("op") != "Eq":
        return None, None
    sides = (body["left"], body["right"])
    names = [side["Column"] for side in sides if "Column" in side]
    words = [side["Literal"].get("Scalar", {}).get("String") for side in sides if "Literal" in side]
    return (names[0], words[0]) if len(names) == len(words) == 1 and words[0] else (None, None)
