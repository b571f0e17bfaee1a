"""Units of work: dates and a range of buckets whose traces are complete, planned from the log alone.

A trace belongs to the group of its first date. Traces that go on after midnight, or whose spans have
no start time, are found by their ids on the neighbouring dates: the nearest dates before and after
that hold spans, and the partition of spans without a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import BUCKETS, text_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evalctl.lake.snapshot import Snapshot

MAX_ROWS = 120_000
"""Spans of a group: about 230 MB of chat text, with which a run stays below 1 GB."""
MAX_BYTES = 24 << 20
"""Compressed bytes of a group: text shrinks about eightfold in a lake, so 200 MB in memory."""

_TRACE = ("source", "trace_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Spans of ``dates`` (in order) in buckets ``bucket_from`` to ``bucket_to``, exclusive.

    ``before`` is the nearest earlier date that holds spans, ``later`` are all that follow; ``states``
    tells for each date what its scores depend on, in a form that compaction does not change.
    """

    dates: tuple[date, ...]
    bucket_from: int
    bucket_to: int
    rows: int
    before: date | None
    later: tuple[date, ...]
    has_untimed: bool
    states: tuple[str, ...]


def plan_groups(
    files: pl.DataFrame,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    max_rows: int = MAX_ROWS,
) -> list[Group]:
    """Cut the spans of a window into groups of bounded size, from the rows of ``Lake.files``.

    Small dates share a group; large ones are cut by buckets. The last date before the window is part
    of the plan for the traces that reach into it; spans without a time only without a window.
    """
    days = _days(files)
    states = day_states(files)
    dates = sorted(days)
    earliest = _earliest(dates, since)
    wanted = [day for day in dates if _in_window(day, earliest, since, until)]
    near = _neighbours(dates)
    return [
        Group(
            dates=tuple(run),
            bucket_from=low,
            bucket_to=high,
            rows=sum(days[day][0] for day in run) * (high - low) // BUCKETS,
            before=near[run[0]][0],
            later=tuple(day for day in dates if day > run[-1] and UNTIMED not in (day, run[-1])),
            has_untimed=UNTIMED in days and UNTIMED not in run,
            states=tuple(states[day] for day in run),
        )
        for run in _runs(wanted, days, max_rows)
        for low, high in pairwise(_edges(max(_parts(*days[day], max_rows) for day in run)))
    ]


def day_states(files: pl.DataFrame) -> dict[date, str]:
    """Hash, for each date, the rows and newest batch of it, its neighbours and the untimed spans."""
    facts = dict(
        files.group_by("date")
        .agg(fact=pl.format("{} {}", pl.col("rows").sum(), pl.col("batch_max").max().fill_null("")))
        .select("date", "fact")
        .iter_rows()
    )
    near = _neighbours(sorted(facts))
    return {day: text_hash("|".join(_facts(facts, day, *near[day]))) for day in facts}


def read_group(
    spans: Snapshot, group: Group, columns: Iterable[str], traces: pl.DataFrame | None
) -> pl.DataFrame:
    """Read ``columns`` of all spans of the traces whose home the group is, at their newest revision.

    ``traces`` (``source``, ``trace_id``) narrows them; rows come in no order.
    """
    names = sorted({*columns, *_TRACE})
    own = _read(spans, group, group.dates, names, traces)
    own, guests = _at_home(spans, group, own)
    if not guests:
        return own
    return pl.concat([own, *(_read(spans, group, [day], names, ids) for day, ids in guests)])


def _at_home(
    spans: Snapshot, group: Group, own: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[date, pl.DataFrame]]]:
    """Drop traces that began on an earlier date; name those that go on elsewhere, by date.

    Rows of a trace lie together in the files, so runs of equal ids stand for traces: there are ten
    times fewer of them to join.
    """
    if group.dates == (UNTIMED,):
        timed = _ids(spans, group, None).filter(pl.col("date") != UNTIMED).collect()
        return own.join(timed, on=_TRACE, how="anti", maintain_order="left"), []
    near = [*([group.before] if group.before else []), *group.later[:1]]
    near += [UNTIMED] if group.has_untimed else []
    runs = own.select(_run=pl.struct(_TRACE).rle_id()).to_series()
    mine = own.select(_TRACE).filter(runs.ne_missing(runs.shift()))
    shared = _shared(spans, group, near, mine)
    earlier = shared.filter(pl.col("date").is_in([group.before] if group.before else []))
    if earlier.height:
        gone = mine.with_row_index("_run").join(earlier, on=_TRACE, how="semi")["_run"]
        own = own.filter(~runs.is_in(gone.implode()))
        shared = shared.join(earlier, on=_TRACE, how="anti")
    return own, _guests(spans, group, shared)


def _guests(spans: Snapshot, group: Group, shared: pl.DataFrame) -> list[tuple[date, pl.DataFrame]]:
    """Follow traces from date to date for as long as any goes on, and to their untimed spans."""
    found: list[tuple[date, pl.DataFrame]] = []
    untimed = shared.filter(pl.col("date") == UNTIMED).select(_TRACE)
    if untimed.height:
        found.append((UNTIMED, untimed))
    for day in group.later:
        going = shared.filter(pl.col("date") == day).select(_TRACE)
        if going.is_empty():
            break
        found.append((day, going))
        following = [other for other in group.later if other > day][:1]
        shared = _shared(spans, group, following, going)
    return found


def _shared(
    spans: Snapshot, group: Group, dates: Sequence[date], own: pl.DataFrame
) -> pl.DataFrame:
    """Return the traces of ``own`` that also have spans on other dates, once for each."""
    if not dates:
        return pl.DataFrame(schema={"source": pl.String, "trace_id": pl.String, "date": pl.Date})
    ids = _ids(spans, group, dates).join(own.lazy().select(_TRACE), on=_TRACE, how="semi")
    return ids.unique().collect()


def _ids(spans: Snapshot, group: Group, dates: Sequence[date] | None) -> pl.LazyFrame:
    rows = spans.scan().filter(_buckets(group))
    if dates is not None:
        rows = rows.filter(pl.col("date").is_in(list(dates)))
    return rows.select(*_TRACE, "date")


def _read(
    spans: Snapshot,
    group: Group,
    dates: Sequence[date],
    names: list[str],
    traces: pl.DataFrame | None,
) -> pl.DataFrame:
    rows = spans.spans(dates=list(dates)).filter(_buckets(group))
    if traces is None:
        return rows.select(names).collect()
    if traces.height <= 1000:  # a literal list reaches the statistics; a join does not
        rows = rows.filter(pl.col("trace_id").is_in(traces["trace_id"].to_list()))
    return rows.select(names).join(traces.lazy(), on=_TRACE, how="semi").collect()


def _buckets(group: Group) -> pl.Expr:
    if group.bucket_to - group.bucket_from == BUCKETS:
        return pl.lit(value=True)
    return pl.col("bucket").is_between(group.bucket_from, group.bucket_to, closed="left")


def _days(files: pl.DataFrame) -> dict[date, tuple[int, int]]:
    sums = files.group_by("date").agg(pl.col("rows").sum(), pl.col("size").sum())
    return {day: (rows, size) for day, rows, size in sums.iter_rows()}


def _parts(rows: int, size: int, max_rows: int) -> int:
    return min(max(-(-rows // max_rows), -(-size // MAX_BYTES), 1), BUCKETS)


def _edges(parts: int) -> list[int]:
    return [BUCKETS * part // parts for part in range(parts + 1)]


def _runs(wanted: list[date], days: dict[date, tuple[int, int]], max_rows: int) -> list[list[date]]:
    """Put neighbouring small dates together; spans without a time stay alone."""
    runs: list[list[date]] = []
    rows = size = 0
    for day in wanted:
        more_rows, more_size = days[day]
        fits = rows + more_rows <= max_rows and size + more_size <= MAX_BYTES
        if runs and fits and runs[-1][-1] != UNTIMED:
            runs[-1].append(day)
            rows, size = rows + more_rows, size + more_size
        else:
            runs.append([day])
            rows, size = more_rows, more_size
    return runs


def _earliest(dates: list[date], since: datetime | None) -> date:
    """Return the date before the window: traces that began on it may have spans inside."""
    if since is None:
        return date.min
    return max((day for day in dates if day < since.date()), default=since.date())


def _in_window(day: date, earliest: date, since: datetime | None, until: datetime | None) -> bool:
    if day == UNTIMED:
        return since is None and until is None
    return day >= earliest and (until is None or day <= until.date())


def _neighbours(dates: list[date]) -> dict[date, tuple[date | None, date | None]]:
    timed = [day for day in dates if day != UNTIMED]
    near: dict[date, tuple[date | None, date | None]] = {UNTIMED: (None, None)}
    for i, day in enumerate(timed):
        after = timed[i + 1] if i + 1 < len(timed) else None
        near[day] = (timed[i - 1] if i else None, after)
    return near


def _facts(facts: dict[date, str], day: date, before: date | None, after: date | None) -> list[str]:
    around = [near for near in (before, day, after, UNTIMED) if near is not None]
    if day == UNTIMED:
        around = sorted(facts)
    return [f"{near} {facts[near]}" for near in around if near in facts]
