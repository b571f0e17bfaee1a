"""Which groups earlier runs finished for which rubric versions: known from manifests alone."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.clock import UNTIMED
from evalctl.core.identity import text_hash
from evalctl.core.schema import RUNS
from evalctl.core.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from evalctl.lake.lake import Lake
    from evalctl.lake.snapshot import Snapshot
    from evalctl.rubrics.rubric import Rubric
    from evalctl.scoring.groups import Group

    Window = tuple[datetime | None, datetime | None]
    Meaning = list[Any]

SESSIONS_GROUP = (None, 0, 0)
"""Stands among the groups of a run for the stage about sessions: no date, no buckets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One row of ``runs``: what was asked, over which window, and the groups that are finished."""

    run: str
    state: str
    key: str
    since: datetime | None
    until: datetime | None
    manifest: Mapping[str, Any]
    counts: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]

    def covers(self, rubric: Rubric, rubrics: Mapping[str, Rubric]) -> bool:
        """Whether the rubric, as it is, was asked of all that it would be asked of now.

        The same must hold for those of ``rubrics`` whose verdicts it reads.
        """
        asked: Meaning | None = self.manifest["asked"].get(rubric.name)
        if asked is None or asked[0] != rubric.version:
            return False
        if asked[1] < 1 and asked[1:] != meaning(rubric)[1:]:
            return False
        return all(self.covers(rubrics[name], rubrics) for name in rubric.uses & rubrics.keys())


def meaning(rubric: Rubric) -> Meaning:
    """Return what decides whether a rubric was asked already: version, rate, condition for always."""
    return [rubric.version, rubric.sample.rate, rubric.sample.always]


def selection_key(selection: Selection) -> str:
    """Hash what narrows a selection, without its window."""
    fields = selection_fields(selection)
    return text_hash(json.dumps(fields, sort_keys=True))


def selection_fields(selection: Selection) -> dict[str, Any]:
    """Return the fields of a selection without its window, as JSON holds them."""
    fields = asdict(selection)
    del fields["since"], fields["until"]
    if not selection.limit:
        return fields
    # A limit is a prefix of one window's sampling order: other windows have other prefixes.
    return {**fields, "window": [str(selection.since), str(selection.until)]}


def load_parts(lake: Lake, selection: Selection) -> list[Part]:
    """Read the manifests that can speak for this selection: of the same one, or of everything."""
    keys = {selection_key(selection), selection_key(Selection())}
    rows = lake.scan(RUNS).filter(pl.col("selection_key").is_in(sorted(keys)))
    return [
        Part(
            run=row["run"],
            state=row["state"],
            key=row["selection_key"],
            since=row["since"],
            until=row["until"],
            manifest=json.loads(row["selection"]),
            counts=row["counts"] or (),
            groups=row["groups"] or (),
        )
        for row in rows.sort("run", "part").collect().iter_rows(named=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Finished groups, and where each date's spans begin and end, for one selection's window."""

    parts: Sequence[Part]
    rubrics: Mapping[str, Rubric]
    since: datetime | None
    until: datetime | None
    extents: Mapping[date, tuple[datetime, datetime]]
    has_untimed: bool

    def is_done(self, rubric: Rubric, group: Group) -> bool:
        """Whether earlier runs finished the group for the rubric, as both are now."""
        days = zip(group.dates, group.states, strict=True)
        return all(self._is_day_done(rubric, group, day, state) for day, state in days)

    def is_state_done(self, rubric: Rubric, state: str) -> bool:
        """Whether the stage about sessions was finished for the rubric in this state of the lake."""
        return any(
            entry["date"] is None and entry["state"] == state
            for part in self._speaking(rubric)
            if (part.since, part.until) in ((None, None), (self.since, self.until))
            for entry in part.groups
        )

    def _is_day_done(self, rubric: Rubric, group: Group, day: date, state: str) -> bool:
        ranges = [
            (entry["bucket_from"], entry["bucket_to"])
            for part in self._speaking(rubric)
            if self._contains(part, day)
            for entry in part.groups
            if entry["date"] == day and entry["state"] == state
        ]
        return _is_covered(group.bucket_from, group.bucket_to, ranges)

    def _speaking(self, rubric: Rubric) -> Iterable[Part]:
        return (part for part in self.parts if part.covers(rubric, self.rubrics))

    def _contains(self, part: Part, day: date) -> bool:
        """Whether the part's window holds every span of the day's traces that this window holds."""
        if part.since is None and part.until is None:
            return True
        if self.has_untimed and self.since is None and self.until is None:
            return False
        first, last = self.extents.get(day, (None, None))
        from_start = part.since is None or _is_within(part.since, self.since, first)
        to_end = part.until is None or _reaches(part.until, self.until, last)
        return from_start and to_end


def history(
    parts: Sequence[Part],
    rubrics: Sequence[Rubric],
    selection: Selection,
    files: pl.DataFrame,
    groups: Sequence[Group],
) -> History:
    """Put what earlier runs finished beside what is asked now."""
    near = {day: group.later[:1] for group in groups for day in group.dates}
    return History(
        parts=parts,
        rubrics={rubric.name: rubric for rubric in rubrics},
        since=selection.since,
        until=selection.until,
        extents=_extents(files, near),
        has_untimed=UNTIMED in set(files["date"]),
    )


def same_targets(spans: Snapshot, one: Window, other: Window) -> bool:
    """Whether no span starts inside one window and outside the other."""
    if one == other:
        return True
    edges = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    if any(None in pair for pair in edges):
        return False
    start = pl.col("start_time")
    between = pl.any_horizontal(
        (start >= min(pair)) & (start < max(pair))  # pyright: ignore[reportArgumentType]
        for pair in edges
    )
    days = [(pl.col("date") >= min(p).date()) & (pl.col("date") <= max(p).date()) for p in edges]  # pyright: ignore[reportArgumentType]
    found = spans.scan().filter(pl.any_horizontal(days), between).select(pl.len()).collect()
    return found.item() == 0


def _is_within(begin: datetime, since: datetime | None, first: datetime | None) -> bool:
    return (since is not None and begin <= since) or (first is not None and begin <= first)


def _reaches(end: datetime, until: datetime | None, last: datetime | None) -> bool:
    return (until is not None and until <= end) or (last is not None and last < end)


def _extents(
    files: pl.DataFrame, near: Mapping[date, Sequence[date]]
) -> dict[date, tuple[datetime, datetime]]:
    """Return the first start of each date and the last of it and the next; the log cuts off at 1 ms."""
    spans = files.group_by("date").agg(
        pl.col("start_min").min(), pl.col("start_max").max().dt.offset_by("1ms")
    )
    own = {day: (low, high) for day, low, high in spans.iter_rows() if low is not None}
    return {
        day: (low, max(own[other][1] for other in (day, *near.get(day, ())) if other in own))
        for day, (low, _) in own.items()
    }


def _is_covered(low: int, high: int, ranges: Iterable[tuple[int, int]]) -> bool:
    at = low
    for start, end in sorted(ranges):
        if start > at:
            break
        at = max(at, end)
    return at >= high
