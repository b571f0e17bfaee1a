"""evalctl backtest."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli import options as flags
from evalctl.cli.output import emit_json, emit_rows, say, table, width
from evalctl.cli.progress import duration, progress_bar
from evalctl.core.errors import ExitCode, UserError, nearest
from evalctl.core.text import one_line
from evalctl.core.words import SEVERITIES, TARGETS
from evalctl.engines.memory import keep_freed_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.config import Config
    from evalctl.rubrics.rubric import Rubric
    from evalctl.workflows.backtest_result import BacktestResult, RubricCounts

EXAMPLE = "evalctl backtest --since 30d --kind tool --fail-on high"

_STEPS = {"lake": "in the lake", "window": "in the window"}
_TROUBLE = ("unknown", "skipped", "error")
_SHOWN = 5
_NAME = 14
"""Names of rubrics are cut to no less."""


def command(
    *,
    rubric: flags.Rubric = None,
    since: flags.Since = None,
    until: flags.Until = None,
    kind: flags.Kind = None,
    tool: flags.Tool = None,
    agent: flags.Agent = None,
    model: flags.Model = None,
    service: flags.Service = None,
    where: flags.Where = None,
    trace: flags.Trace = None,
    session: flags.Session = None,
    sample: flags.Sample = None,
    limit: flags.Limit = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done; write nothing.")
    ] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="SEVERITY",
            help="Exit 1 if a rubric of this severity or worse fails anywhere.",
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Score again what was scored; the newest counts.")
    ] = False,
    write_back: Annotated[
        bool,
        typer.Option("--write-back", help="Also put the scores into the spans' own rows."),
    ] = False,
    engine: Annotated[str, typer.Option("--engine", metavar="local", help="Where it runs.")] = (
        "local"
    ),
    form: flags.FormatFlag = "table",
    lake: flags.LakeFlag = None,
) -> None:
    """Ask rubrics about the history in the lake, and keep every answer.

    Flags such as --tool select targets: spans that have the property, traces with a span that has it.
    --where is asked of the rubric's own target. The same command again has nothing to do.
    """
    if fail_on is not None and fail_on not in SEVERITIES:
        raise UserError(
            f"--fail-on {fail_on}: no such severity{nearest(fail_on, SEVERITIES)}; "
            f"severities are {' '.join(SEVERITIES)}"
        )
    chosen = flags.selection(
        since=since,
        until=until,
        kind=kind,
        tool=tool,
        agent=agent,
        model=model,
        service=service,
        where=where,
        trace=trace,
        session=session,
        sample=sample,
        limit=limit,
    )
    keep_freed_memory()
    from evalctl.workflows.backtest import backtest

    config = flags.settings()
    opened = flags.open_lake(lake, config)
    with progress_bar("scoring", unit="spans") as progress:
        result = backtest(
            opened,
            _rubrics(config, rubric),
            chosen,
            plan=plan,
            refresh=refresh,
            write_back=write_back,
            engine=engine,
            progress=progress,
        )
    print_result(result, form)
    if fail_on is not None and _fails(result, fail_on):
        raise typer.Exit(ExitCode.FAILED)


def _rubrics(config: Config, names: list[str] | None) -> list[Rubric]:
    from evalctl.rubrics.load import load_rubrics, project_rubrics

    return load_rubrics(project_rubrics(config.rubrics), names or ())


def _fails(result: BacktestResult, severity: str) -> bool:
    bar = SEVERITIES.index(severity)
    return any(line.fails and SEVERITIES.index(line.severity) >= bar for line in result.rubrics)


def print_result(result: BacktestResult, form: Any) -> None:
    """Print the summary: counts per rubric on stdout; selection, examples and what next in words."""
    lines = sorted(result.rubrics, key=lambda line: -SEVERITIES.index(line.severity))
    rows = [_row(line) if form == "table" else _record(line) for line in lines]
    _say_selection(result)
    if form == "json":
        told = {**asdict(result), "rubrics": rows, "dates": sorted(result.dates)}
        emit_json(told, command="backtest")
        return
    if result.state == "planned":
        _say_plan(result)
        return
    emit_rows(_fitting(rows) if form == "table" else rows, form=form, command="backtest")
    if form == "table":
        _say_examples(result)
    for note in result.notes:
        say(note)
    _say_end(result)
    if form == "table":
        _say_next(result)


def _row(line: RubricCounts) -> dict[str, Any]:
    return {
        "rubric": line.rubric,
        "severity": line.severity,
        "targets": line.targets,
        "pass": line.passes,
        "fail": line.fails,
        "unknown": line.unknown,
        "skipped": line.skipped,
        "error": line.errors,
        "pass rate, 95%": _rate(line),
        "sessions": line.sessions,
    }


def _record(line: RubricCounts) -> dict[str, Any]:
    words = {"passes": "pass", "fails": "fail", "errors": "error"}
    return {words.get(name, name): value for name, value in asdict(line).items()}


def _rate(line: RubricCounts) -> str:
    if line.rate is None or line.low is None or line.high is None:
        return "n/a"
    return f"{_percent(line.rate)}% {_percent(line.low)}-{_percent(line.high)}"


def _percent(share: float) -> str:
    """Write a share so that only all is 100 and only nothing is 0."""
    text = f"{100 * share:.1f}"
    if text == "100.0":
        return "100" if share == 1 else "99.9"
    if text == "0.0":
        return "0" if share == 0 else "0.1"
    return text


def _fitting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out counts that are 0 everywhere, then what a narrow screen has no room for.

    Rows stand by severity, so its column goes first; passes follow from the rate. Names are cut last.
    """
    empty = {word for word in _TROUBLE if not any(row[word] for row in rows)}
    for spare in (set[str](), {"severity"}, {"severity", "pass"}):
        kept = [{word: row[word] for word in row if word not in empty | spare} for row in rows]
        over = max(map(len, table(kept, limit=500).splitlines()), default=0) - width()
        if over <= 0:
            break
        longest = max(len(row["rubric"]) for row in kept)
        if longest - over >= _NAME:
            return [{**row, "rubric": one_line(row["rubric"], longest - over)} for row in kept]
    return kept


def _say_selection(result: BacktestResult) -> None:
    since = f"{result.since:%Y-%m-%d %H:%M:%S}" if result.since else "the beginning"
    until = f"{result.until:%Y-%m-%d %H:%M:%S}" if result.until else "the end"
    say(f"window: {since} to {until} UTC")
    for target, steps in sorted(result.left.items(), key=lambda item: TARGETS.index(item[0])):
        said = [f"{count:,} {_STEPS.get(step, f'after --{step}')}" for step, count in steps.items()]
        say(f"{target}s: {', '.join(said)}")


def _say_plan(result: BacktestResult) -> None:
    done = result.groups - result.todo
    say(
        f"plan: {result.todo:,} of {_groups(result.groups)} to score, about "
        f"{result.todo_spans:,} spans; {done:,} are finished; nothing was written"
    )


def _say_examples(result: BacktestResult) -> None:
    if not result.examples:
        return
    say()
    say("worst first:")
    for example in result.examples[:_SHOWN]:
        say(f"  {example['rubric']}{_times(example)}")
        say(f"    {_where(example)}")
        detail = _detail(example)
        if detail:
            say(f"    {one_line(detail, 74)}")


def _where(example: Mapping[str, Any]) -> str:
    ids = [example[name] for name in ("session_id", "trace_id", "span_id") if example[name]]
    return one_line(" ".join(ids), 74)


def _times(example: Mapping[str, Any]) -> str:
    return f", {example['times']} times in this session" if example["times"] > 1 else ""


def _detail(example: Mapping[str, Any]) -> str:
    evidence: dict[str, Any] = json.loads(example["evidence"] or "{}")
    facts = ", ".join(f"{name} = {value}" for name, value in evidence.items() if value is not None)
    return ": ".join(part for part in (example["explanation"], facts) if part)


def _say_end(result: BacktestResult) -> None:
    say()
    if result.state == "nothing to do":
        say(f"nothing to do: {_groups(result.groups)} scored before; nothing was written")
        return
    spans = f"{result.todo_spans:,} spans in {_groups(result.todo)}"
    say(f"run {result.run}: {spans}, {result.scores:,} rows of scores, {duration(result.seconds)}")


def _groups(count: int) -> str:
    return f"{count:,} group{'s' * (count != 1)}"


def _say_next(result: BacktestResult) -> None:
    traced = [example for example in result.examples if example["trace_id"]]
    if traced:
        trace, name = traced[0]["trace_id"], traced[0]["rubric"]
        say(f"next:  evalctl show {shlex.quote(trace)}")
        say(f"       evalctl why {shlex.quote(trace)} {name}")
    else:
        say("next:  evalctl runs")
