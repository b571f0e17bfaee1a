"""evalctl show."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalctl.cli.options import FormatFlag, LakeFlag, open_lake, settings
from evalctl.cli.output import emit, emit_json, emit_rows, say, width
from evalctl.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.workflows.show import Shown

EXAMPLE = "evalctl show 4bf92f35 --content"


def command(
    trace: Annotated[str, typer.Argument(help="Trace id, or the beginning of one.")],
    span: Annotated[
        str | None, typer.Option("--span", metavar="ID", help="One span in full.")
    ] = None,
    content: Annotated[
        bool, typer.Option("--content", help="Inputs and outputs, shortened.")
    ] = False,
    form: FormatFlag = "table",
    lake: LakeFlag = None,
) -> None:
    """Show one trace: its spans as a tree, errors, tokens, and every verdict.

    Content of traces is shown only with --content or --span.
    """
    opened = open_lake(lake, settings())
    if span is not None:
        _show_span(opened, trace, span, form)
        return
    from evalctl.workflows.show import show_trace

    shown = show_trace(opened, trace, with_content=content)
    if form == "table":
        from evalctl.cli.show_draw import draw

        emit("\n".join(draw(shown, width())))
        _say_next(shown)
    elif form == "json":
        emit_json(_as_data(shown), command="show")
    else:
        emit_rows(_rows(shown), form=form, command="show")


def _show_span(lake: Any, trace: str, span: str, form: Any) -> None:
    from evalctl.workflows.show import show_span

    row, scores = show_span(lake, trace, span)
    if form == "table":
        from evalctl.cli.show_draw import draw_span

        emit("\n".join(draw_span(row, scores, width())))
    elif form == "json":
        emit_json({"span": row, "scores": scores}, command="show")
    else:
        emit_rows([row], form=form, command="show")


def _say_next(shown: Shown) -> None:
    trace_id = _word(shown.header["trace_id"])
    failed = next((score for score in _every_score(shown) if score["verdict"] == "fail"), None)
    if failed is None:
        say(f"next:  evalctl show {trace_id} --content")
    else:
        at = f" --span {_word(failed['span_id'])}" if failed["span_id"] else ""
        say(f"next:  evalctl why {trace_id} {_word(failed['rubric'])}{at}")


def _word(text: str) -> str:
    return shlex.quote(one_line(text, 200))


def _every_score(shown: Shown) -> list[Mapping[str, Any]]:
    about_spans = (score for scores in shown.span_scores.values() for score in scores)
    return [*shown.scores, *about_spans]


def _as_data(shown: Shown) -> dict[str, Any]:
    return {"trace": shown.header, "spans": _rows(shown), "scores": _every_score(shown)}


def _rows(shown: Shown) -> list[dict[str, Any]]:
    return [{"depth": line.depth, **line.span} for line in shown.lines]
