"""evalctl rubrics: list, show, test and write the questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, settings
from evalctl.cli.output import emit, emit_json, emit_rows, say
from evalctl.core.errors import ExitCode, UserError, nearest
from evalctl.core.text import one_line, visible
from evalctl.core.words import TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalctl.workflows.rubrics_test import TestedRubric

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Rubric, glob, or tag:NAME.")
]

command = typer.Typer(
    name="rubrics",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="List, show, test and write rubrics.",
    epilog="Example:  evalctl rubrics list",
)


@command.command(
    "list", short_help="List the rubrics.", epilog="Example:  evalctl rubrics list 'tag:privacy'"
)
def list_(names: Names = None, form: FormatFlag = "table") -> None:
    """List the project's rubrics, or the starter rubrics where it has none."""
    from evalctl.workflows.rubrics_list import list_rubrics, question_of

    rubrics = list_rubrics(settings().rubrics, names or [])
    rows = [
        {
            "rubric": rubric.name,
            "target": rubric.target,
            "severity": rubric.severity,
            "asks": question_of(rubric),
            **(
                {}
                if form == "table"
                else {"version": rubric.version, "tags": ",".join(rubric.tags)}
            ),
            "description": rubric.description,
        }
        for rubric in rubrics
    ]
    emit_rows(rows, form=form, command="rubrics list")
    if form == "table":
        say(f"\nnext:  evalctl rubrics show {rubrics[0].name}")


@command.command(
    short_help="Show one rubric as it was understood.",
    epilog="Example:  evalctl rubrics show tool-loop",
)
def show(
    name: Annotated[str, typer.Argument(help="Rubric.")],
    form: FormatFlag = "table",
) -> None:
    """Show one rubric: whom it asks what, its version, and the columns that it reads."""
    from evalctl.workflows.rubrics_list import show_rubric

    detail = show_rubric(settings().rubrics, name)
    if form != "table":
        emit_json({**detail.fields, "warnings": detail.warnings}, command="rubrics show")
        return
    for key, value in detail.fields.items():
        if value not in (None, [], ""):
            emit(f"{key.ljust(18)}{_worded(key, value)}")
    emit("\n" + visible(detail.rubric.text.rstrip()))
    for warning in detail.warnings:
        say(f"note:  {warning}")
    say(f"next:  evalctl rubrics test {detail.rubric.name}")


@command.command(
    "test",
    short_help="Run the examples of rubrics.",
    epilog="Example:  evalctl rubrics test tool-loop",
)
def run_tests(names: Names = None, form: FormatFlag = "table") -> None:
    """Run the examples that stand in rubrics; exit 1 when one gets another answer."""
    from evalctl.workflows.rubrics_test import run_rubric_tests

    tested = run_rubric_tests(settings().rubrics, names or [])
    emit_rows([_row(one) for one in tested], form=form, command="rubrics test")
    _explain(tested, words=form == "table")
    if any(one.wrong or one.crash for one in tested):
        raise typer.Exit(ExitCode.FAILED)


@command.command(
    short_help="Write a commented rubric to edit.",
    epilog="Example:  evalctl rubrics new refund-limit --target trace",
)
def new(
    name: Annotated[str, typer.Argument(help="Name of the rubric and of its file.")],
    target: Annotated[
        str, typer.Option("--target", metavar="span|trace|session", help="What it is asked of.")
    ] = "span",
) -> None:
    """Write a commented rubric into the project's rubrics folder; its examples pass."""
    from evalctl.workflows.rubrics_new import new_rubric

    if target not in TARGETS:
        raise UserError(
            f"--target {target}: write span, trace or session{nearest(target, TARGETS)}"
        )
    file = new_rubric(settings().rubrics[0], name, target)
    say(f"wrote {file}")
    say(f"next:  edit it, then evalctl rubrics test {name}")


@command.command(
    short_help="Print the JSON Schema of a rubric.",
    epilog="Example:  evalctl rubrics schema > .evalctl/rubric.schema.json",
)
def schema() -> None:
    """Print the JSON Schema of a rubric file, for editors that complete and check YAML."""
    from evalctl.rubrics.model import json_schema

    emit(json.dumps(json_schema(), indent=2, ensure_ascii=True))


def _row(one: TestedRubric) -> dict[str, Any]:
    return {
        "rubric": one.rubric.name,
        "examples": len(one.results),
        "right": len(one.results) - len(one.wrong),
        "wrong": len(one.wrong),
    }


def _explain(tested: Sequence[TestedRubric], *, words: bool) -> None:
    for one in tested:
        if one.crash:
            say(f"{one.rubric.path}: its function stopped with {one.crash}")
        for result in one.wrong:
            why = f" ({one_line(result.explanation, 200)})" if result.explanation else ""
            say(
                f"{one.rubric.path}: example {result.number} under {result.wanted} came out as {result.got}{why}"
            )
        for warning in one.warnings if words else ():
            say(f"note:  {one.rubric.name}: {warning}")
    if words and not any(one.wrong or one.crash for one in tested):
        count = sum(len(one.results) for one in tested)
        say(f"\n{count} examples of {len(tested)} rubrics came out right\nnext:  evalctl backtest")


def _worded(key: str, value: Any) -> str:
    if key in ("fail_when", "pass_when"):
        return f"\n{' ' * 18}".join(
            one_line(f"{part['label']}: {part['sql']}", 400) for part in value
        )
    text = (
        ", ".join(value)
        if isinstance(value, list)
        else value
        if isinstance(value, str)
        else json.dumps(value)
    )
    return one_line(text, 2000)
