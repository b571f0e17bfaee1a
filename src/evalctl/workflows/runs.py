"""evalctl runs: what was asked, when, of what, what came out, and the command that asks it again."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalctl.core.errors import UserError, nearest
from evalctl.core.schema import RUNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from evalctl.lake.lake import Lake

_NARROWING = (
    ("kinds", "--kind"),
    ("tools", "--tool"),
    ("agents", "--agent"),
    ("models", "--model"),
    ("services", "--service"),
    ("traces", "--trace"),
    ("sessions", "--session"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    """One run: its manifest, its counts per rubric, and the command that repeats it.

    ``flags`` is its selection as flags; the manifest holds it as an object.
    """

    manifest: Mapping[str, Any]
    flags: str
    counts: Sequence[Mapping[str, Any]]
    command: str


def list_runs(lake: Lake) -> list[dict[str, Any]]:
    """Return one row per run, newest first, with the counts of its newest part."""
    return [_summary(row) for row in _newest_parts(lake)]


def show_run(lake: Lake, word: str) -> RunDetail:
    """Return the run whose id is ``word`` or begins with it.

    Raises:
        UserError: no run or several have such an id.
    """
    rows = _newest_parts(lake)
    found = [row for row in rows if row["run"].startswith(word)] if word else []
    if len(found) != 1:
        raise UserError(_no_run(lake, word, [row["run"] for row in found], rows))
    row = found[0]
    manifest = _manifest(row)
    flags = shlex.join([*_window(row), *_flags(manifest["selection"])])
    return RunDetail(
        manifest=manifest, flags=flags, counts=_counts(row), command=repeat_command(row)
    )


def repeat_command(row: Mapping[str, Any]) -> str:
    """Write the backtest that asks the same again: the window as resolved, every flag, every rubric."""
    selection = json.loads(row["selection"] or "{}")
    words = ["evalctl", "backtest", *_window(row), *_flags(selection)]
    for rubric in sorted({count["rubric"] for count in row["counts"] or ()}):
        words += ["--rubric", rubric]
    return shlex.join(words)


def _newest_parts(lake: Lake) -> list[dict[str, Any]]:
    rows = lake.scan(RUNS).drop("groups").collect()
    last = rows.sort("part").unique("run", keep="last", maintain_order=True)
    return last.sort("run", descending=True).to_dicts()


def _summary(row: Mapping[str, Any]) -> dict[str, Any]:
    counts = _counts(row)
    return {
        "run": row["run"],
        "started": row["started_at"],
        "state": row["state"],
        "selection": shlex.join([*_window(row), *_flags(json.loads(row["selection"] or "{}"))]),
        "rubrics": len({count["rubric"] for count in counts}),
        "targets": _sum(counts, "targets"),
        "fail": _sum(counts, "fail"),
        "error": _sum(counts, "error"),
        "cost_usd": row["cost_usd"],
    }


def _manifest(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in row.items() if name != "counts"}
    return {**said, "selection": json.loads(row["selection"] or "{}")}


def _counts(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return sorted(row["counts"] or (), key=lambda count: (-(count["fail"] or 0), count["rubric"]))


def _sum(counts: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(count[name] or 0 for count in counts)


def _window(row: Mapping[str, Any]) -> Iterator[str]:
    for name in ("since", "until"):
        if row[name] is not None:
            yield from (f"--{name}", _time(row[name]))


def _time(at: datetime) -> str:
    return (
        f"{at:%Y-%m-%d}"
        if not (at - at.replace(hour=0, minute=0, second=0, microsecond=0))
        else at.isoformat()
    )


def _flags(selection: Mapping[str, Any]) -> Iterator[str]:
    for name, flag in _NARROWING:
        for value in selection.get(name) or ():
            yield from (flag, value)
    if selection.get("where"):
        yield from ("--where", selection["where"])
    if selection.get("sample", 1.0) != 1.0:
        yield from ("--sample", str(selection["sample"]))
    if selection.get("limit"):
        yield from ("--limit", str(selection["limit"]))


def _no_run(lake: Lake, word: str, found: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    if found:
        return f"{word} begins {len(found)} runs: {' '.join(found[:10])}; give more of the id"
    if not rows:
        return f"no run {word}: nothing was backtested in {lake.uri} yet; evalctl backtest does"
    return f"no run {word}{nearest(word, [row['run'] for row in rows])}; evalctl runs lists them"
