"""evalctl query: SQL over the views of a lake, of which only what the query touches is built."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.core.schema import REJECTS, RUBRICS, RUNS, SOURCES
from evalctl.core.views import view_schema
from evalctl.core.words import TARGETS
from evalctl.scoring.read import (
    FEEDBACK,
    evaluation_columns,
    known_rubrics,
    levels_of,
    read_view,
    rubrics_in,
    score_rows,
)
from evalctl.workflows.query_text import Query, read_query

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake

_TARGETS: Mapping[str, Target] = {f"{target}s": target for target in TARGETS}
_PLAIN = {table.name: table for table in (RUBRICS, REJECTS, SOURCES)}
_UNKNOWN = re.compile(
    r"unable to find column \"(?P<a>.*?)\"; valid"
    r"|no (?:table or struct )?column named '(?P<b>.*?)'"
    r"|^(?P<c>[\w.]+)$"
)
_VALUES = re.compile(r" for \d+ out of \d+ values: .*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows of a query, lazily; ``columns`` are their names."""

    rows: pl.LazyFrame
    columns: tuple[str, ...]
    known: frozenset[str]

    def first(self, limit: int | None) -> tuple[pl.DataFrame, int]:
        """Return the first rows, and how many there are in all; these are counted only if need be."""
        with _plainly(self.known):
            if limit is None:
                every = self.rows.collect()
                return every, every.height
            found = self.rows.head(limit + 1).collect()
            if found.height <= limit:
                return found, found.height
            return found.head(limit), self.rows.select(pl.len()).collect().item()

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield all rows in order, some at a time."""
        with _plainly(self.known):
            yield from self.rows.collect_batches(maintain_order=True)


def run_query(lake: Lake, sql: str) -> Answer:
    """Prepare a query over the views spans, traces, sessions, scores and runs, and the small tables.

    Raises:
        UserError: what is asked for does not exist, or the query cannot be read or answered.
    """
    query = read_query(sql)
    frames = {view: _with_lookups(_view(lake, view, query), query) for view in query.views}
    known = frozenset(name for frame in frames.values() for name in frame.collect_schema().names())
    with _plainly(known), pl.SQLContext(frames) as context:
        rows = context.execute(query.sql, eager=False)
        return Answer(rows=rows, columns=tuple(rows.collect_schema().names()), known=known)


def _view(lake: Lake, view: str, query: Query) -> pl.LazyFrame:
    if view == "scores":
        return score_rows(lake)
    if view == "runs":
        rows = lake.scan(RUNS).drop("groups")
        return rows.sort("part").unique("run", keep="last", maintain_order=True)
    if view in _PLAIN:
        return lake.scan(_PLAIN[view])
    target = _TARGETS[view]
    left_out = () if query.is_star or target != "trace" else set(FEEDBACK) - query.names
    columns = [name for name in view_schema(target) if name not in left_out]
    return read_view(lake, target, columns=[*columns, *_evaluations(lake, target, query)])


def _evaluations(lake: Lake, target: Target, query: Query) -> list[str]:
    """Return the columns of scores that the query names; all that there are for ``SELECT *``."""
    named = rubrics_in(sorted(query.names))
    if not named and not query.is_star:
        return []
    known = known_rubrics(lake)
    here = dict.fromkeys(name for level in levels_of(target) for name in known[level])
    for rubric in named:
        if not any(rubric in names for names in known.values()):
            every = {name for names in known.values() for name in names}
            raise UserError(
                f"no scores of rubric {rubric!r}{nearest(rubric, every)}; evalctl runs lists what was asked"
            )
    return list(
        evaluation_columns(here if query.is_star else [name for name in named if name in here])
    )


def _with_lookups(frame: pl.LazyFrame, query: Query) -> pl.LazyFrame:
    schema = frame.collect_schema()
    lookups = {
        name: pl.col(column).str.json_path_match(path)
        for name, (column, path) in query.lookups.items()
        if schema.get(column) == pl.String()
    }
    return frame.with_columns(**lookups) if lookups else frame


@contextmanager
def _plainly(known: frozenset[str]) -> Generator[None]:
    """Turn errors of the engine into one sentence, without values of rows."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UserError(_sentence(str(error), sorted(known))) from None


def _sentence(text: str, known: Sequence[str]) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    found = _UNKNOWN.search(first)
    name = next((group for group in found.groups() if group), None) if found else None
    if name is not None:
        return f"no column '{name}'{nearest(name, known) or _quoting(name)}"
    return f"the query cannot be answered: {_VALUES.sub('', first)[:300]}"


def _quoting(name: str) -> str:
    if name == "eval":
        return '; columns of scores stand in double quotes: "eval.<rubric>.verdict"'
    return "; evalctl query 'SELECT * FROM spans LIMIT 1' --format json shows all"
