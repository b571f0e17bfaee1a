"""evalctl why."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, open_lake, settings
from evalctl.cli.output import emit, emit_json, emit_rows, say, width
from evalctl.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evalctl.workflows.why import Clause, Finding, Why

EXAMPLE = "evalctl why 4bf92f35 tool-error"

_SHOWN = 5
_ORDER = {"fail": 0, "unknown": 1, "pass": 3}
_WORDS = {True: "TRUE", False: "FALSE", None: "NULL"}


def command(
    trace: Annotated[str, typer.Argument(help="Trace id, or the beginning of one.")],
    rubric: Annotated[str, typer.Argument(help="Name of the rubric.")],
    span: Annotated[
        str | None, typer.Option("--span", metavar="ID", help="Only this span.")
    ] = None,
    form: FormatFlag = "table",
    lake: LakeFlag = None,
) -> None:
    """Ask a rubric again about one trace, and name the clause that decided.

    Or say why there is no score: excluded by where, not in the sample, never asked.
    """
    from evalctl.workflows.why import explain, find_rubric

    config = settings()
    why = explain(open_lake(lake, config), trace, find_rubric(config.rubrics, rubric), span)
    if form == "json":
        emit_json(_as_data(why), command="why")
    elif form == "table":
        for line in _draw(why):
            emit("\n".join(_wrapped(line)))
        _say_next(why)
    else:
        emit_rows([_as_row(finding) for finding in why.findings], form=form, command="why")


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return wrap(line, width(), subsequent_indent=indent) or [""]


def _draw(why: Why) -> Iterator[str]:
    rubric = why.rubric
    yield f"{rubric.name} ({rubric.severity}), version {rubric.version}, asked of {rubric.target}s"
    yield f"  {one_line(rubric.description, 200)}"
    yield f"trace {one_line(why.trace_id, 80)}"
    if why.note:
        yield why.note
    if len(why.findings) > 1:
        yield _summary(why.findings)
    order = sorted(why.findings, key=lambda finding: _ORDER.get(finding.verdict or "", 4))
    asked = [finding for finding in order if finding.verdict is not None or finding.stored]
    for finding in (asked or order)[:_SHOWN]:
        yield ""
        yield from _draw_one(finding, why)


def _draw_one(finding: Finding, why: Why) -> Iterator[str]:
    span = finding.ids.get("span_id")
    about = f"span {one_line(span, 60)} {one_line(finding.ids['name'] or '', 60)}: " if span else ""
    yield about + _verdict(finding)
    if finding.unasked:
        yield f"  {one_line(finding.unasked, 500)}"
    if finding.where and finding.verdict is not None:
        yield f"    {_WORDS[finding.where.outcome].ljust(5)}  {_clause(finding.where)}"
    for clause in finding.clauses:
        sign = "→" if clause.outcome else " "
        yield f"  {sign} {_WORDS[clause.outcome].ljust(5)}  {_clause(clause)}"
    if why.rubric.check and finding.verdict is not None:
        yield f"    check {why.rubric.check.name}"
    for name, value in finding.values.items():
        yield f"      {name} = {_value(value)}"
    yield f"  {_stored(finding)}"
    if finding.stale:
        yield f"  stale: {finding.stale}"


def _verdict(finding: Finding) -> str:
    if finding.status == "error":
        return f"error: {one_line(finding.explanation or '', 200)}"
    if finding.verdict is None:
        return "no verdict"
    said = f": {one_line(finding.explanation, 200)}" if finding.explanation else ""
    return finding.verdict + said


def _clause(clause: Clause) -> str:
    named = "" if clause.label == clause.sql else f"{clause.label}: "
    return named + one_line(clause.sql, 300)


def _value(value: Any) -> str:
    return "NULL" if value is None else one_line(str(value), 200)


def _stored(finding: Finding) -> str:
    stored = finding.stored
    if stored is None:
        return "no score in the lake" + (": no run has asked it" if finding.verdict else "")
    verdict = stored["verdict"] or f"{stored['status']} ({stored['reason']})"
    at = f"{stored['scored_at']:%Y-%m-%d %H:%M:%S}"
    return f"stored: {verdict}, version {stored['version']}, run {stored['run']}, {at}"


def _summary(findings: Sequence[Finding]) -> str:
    asked = [finding for finding in findings if finding.verdict is not None]
    counts = {word: sum(f.verdict == word for f in asked) for word in ("fail", "pass", "unknown")}
    listed = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    more = "" if len(asked) <= _SHOWN else f"; showing {_SHOWN} of {len(asked)}, --span ID for one"
    left_out = len(findings) - len(asked)
    rest = f", {left_out} without a verdict" if left_out else ""
    return f"{len(findings)} spans: {listed or 'none asked'}{rest}{more}"


def _say_next(why: Why) -> None:
    rubric = shlex.quote(why.rubric.name)
    trace_id = shlex.quote(one_line(why.trace_id, 200))
    asked = [finding for finding in why.findings if finding.verdict is not None]
    if any(finding.stored is None or finding.stale for finding in asked):
        say(f"next:  evalctl backtest --rubric {rubric} --trace {trace_id}")
    else:
        say(f"next:  evalctl show {trace_id} --content")


def _as_data(why: Why) -> dict[str, Any]:
    return {
        "rubric": why.rubric.name,
        "version": why.rubric.version,
        "target": why.rubric.target,
        "trace_id": why.trace_id,
        "note": why.note,
        "findings": [asdict(finding) for finding in why.findings],
    }


def _as_row(finding: Finding) -> dict[str, Any]:
    decided = [clause.label for clause in finding.clauses if clause.outcome]
    stored = finding.stored["verdict"] if finding.stored else None
    return {
        **finding.ids,
        "verdict": finding.verdict,
        "decided": ", ".join(decided),
        "unasked": finding.unasked,
        "stored": stored,
        "stale": finding.stale,
    }
