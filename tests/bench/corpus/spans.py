"""Spans of a trace as OTLP/JSON text, with what is known about each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from corpus.dialects import OpenInference, returned
from corpus.dialects_otel import GenAI, OpenLLMetry

if TYPE_CHECKING:
    from corpus.dialects import Dialect, Message
    from corpus.shapes import Call, Retrieval, Round, Trace
    from corpus.words import Piece

DIALECTS: dict[str, Dialect] = {
    "openinference": OpenInference(),
    "genai": GenAI(),
    "openllmetry": OpenLLMetry(),
}
_BYTES_PER_TOKEN = 4


class Said(NamedTuple):
    """What a model call is given: messages, their plain size in bytes, and what they hold."""

    messages: list[Message]
    size: int
    marks: int


class Span(NamedTuple):
    """One span: where it stands in an export, its JSON, and facts to count."""

    end: int
    service: int
    scope: str
    json: str
    kind: str
    tool: str | None
    start: int
    size: int
    marks: int
    tokens: int


def spans_of(trace: Trace, service: int) -> list[Span]:
    """Write the spans of ``trace`` in the order in which they ended."""
    dialect = DIALECTS[trace.convention]
    made: list[Span] = []
    if trace.retrieval:
        made.append(_search(trace, trace.retrieval, dialect, service))
    said = _opening(trace, dialect)
    for step in trace.rounds:
        step.prompt_tokens = said.size // _BYTES_PER_TOKEN
        step.completion_tokens = (
            step.text.size + sum(c.args.size for c in step.calls)
        ) // _BYTES_PER_TOKEN
        made.append(_model_call(trace, step, dialect, service, said))
        made += [_tool_call(trace, call, dialect, service) for call in step.calls]
        said = _remember(dialect, step, said)
    made.append(_root(trace, dialect, service))
    made.sort()
    return made


def _opening(trace: Trace, dialect: Dialect) -> Said:
    """Render what stands in the first model call: system prompt, earlier turns, the question."""
    turns: list[tuple[str, Piece]] = [("system", trace.service.system)]
    for question, answer in trace.earlier:
        turns += [("user", question), ("assistant", answer)]
    turns.append(("user", trace.question))
    said = [dialect.text(n, role, piece) for n, (role, piece) in enumerate(turns)]
    marks = 0
    for _, piece in turns:
        marks |= piece.marks
    return Said(said, sum(piece.size for _, piece in turns), marks)


def _remember(dialect: Dialect, step: Round, said: Said) -> Said:
    """Add what was asked and answered, as the next model call will repeat it."""
    if not step.calls:
        return said
    messages = [*said.messages, dialect.asked(len(said.messages), step)]
    size, marks = said.size + step.text.size, said.marks
    for call in step.calls:
        piece = returned(call)
        messages.append(dialect.told(len(messages), call))
        size, marks = size + call.args.size + piece.size, marks | piece.marks
    return Said(messages, size, marks)


def _model_call(trace: Trace, step: Round, dialect: Dialect, service: int, said: Said) -> Span:
    name = f"chat {trace.model}" if trace.convention == "genai" else "ChatCompletion"
    return Span(
        end=step.end,
        service=service,
        scope=dialect.llm_scope,
        json=_json(
            trace,
            step.span_id,
            trace.root_id,
            name=name,
            start=step.start,
            end=step.end,
            attributes=dialect.model_call(trace, step, said.messages),
            status=_fine(trace),
            kind=3,
        ),
        kind="llm",
        tool=None,
        start=step.start,
        size=said.size + step.text.size,
        marks=said.marks | step.text.marks,
        tokens=step.prompt_tokens,
    )


def _tool_call(trace: Trace, call: Call, dialect: Dialect, service: int) -> Span:
    failed = f'{{"code":2,"message":"{call.error}: the service did not answer"}}'
    return Span(
        end=call.end,
        service=service,
        scope=dialect.other_scope,
        json=_json(
            trace,
            call.span_id,
            trace.root_id,
            name=f"execute_tool {call.tool}",
            start=call.start,
            end=call.end,
            attributes=dialect.tool_call(trace, call),
            status=failed if call.error else _fine(trace),
            events=_exception(call),
        ),
        kind="tool",
        tool=call.tool,
        start=call.start,
        size=call.args.size + call.result.size,
        marks=call.result.marks,
        tokens=0,
    )


def _search(trace: Trace, found: Retrieval, dialect: Dialect, service: int) -> Span:
    return Span(
        end=found.end,
        service=service,
        scope=dialect.other_scope,
        json=_json(
            trace,
            found.span_id,
            trace.root_id,
            name="search_documents",
            start=found.start,
            end=found.end,
            attributes=dialect.search(trace, found.documents),
            status=_fine(trace),
        ),
        kind="chain" if trace.convention == "openllmetry" else "retriever",
        tool=None,
        start=found.start,
        size=trace.question.size + sum(d.size for d in found.documents),
        marks=trace.question.marks,
        tokens=0,
    )


def _root(trace: Trace, dialect: Dialect, service: int) -> Span:
    return Span(
        end=trace.end,
        service=service,
        scope=dialect.other_scope,
        json=_json(
            trace,
            trace.root_id,
            "",
            name=f"invoke_agent {trace.service.agent}",
            start=trace.start,
            end=trace.end,
            attributes=dialect.root(trace),
            status=_fine(trace),
        ),
        kind="agent",
        tool=None,
        start=trace.start,
        size=trace.question.size + trace.answer.size,
        marks=trace.question.marks | trace.answer.marks,
        tokens=0,
    )


def _fine(trace: Trace) -> str:
    """OpenInference says OK; the others leave success unset."""
    return '{"code":1}' if trace.convention == "openinference" else "{}"


def _exception(call: Call) -> str:
    if not call.error:
        return ""
    return (
        f',"events":[{{"timeUnixNano":"{call.end}","name":"exception","attributes":['
        f'{{"key":"exception.type","value":{{"stringValue":"{call.error}"}}}},'
        f'{{"key":"exception.message","value":{{"stringValue":"the service did not answer"}}}}]}}]'
    )


def _json(
    trace: Trace,
    span_id: str,
    parent: str,
    *,
    name: str,
    start: int,
    end: int,
    attributes: str,
    status: str,
    kind: int = 1,
    events: str = "",
) -> str:
    return (
        f'{{"traceId":"{trace.trace_id}","spanId":"{span_id}","parentSpanId":"{parent}","name":"{name}",'
        f'"kind":{kind},"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}",'
        f'"attributes":[{attributes}]{events},"status":{status},"flags":256}}'
    )
