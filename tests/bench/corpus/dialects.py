"""How three families of clients write the same trace: attributes of OTLP/JSON spans as text.

A ``Message`` is rendered once, when it is said, and then repeated in each later model call, which is
what clients do. All values are escaped for the level at which they stand.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from corpus import words
from corpus.shapes import Call, Round, Trace
from corpus.words import Piece, escape


class Message(NamedTuple):
    """One message of a conversation: as indexed attributes, and as JSON inside a string."""

    flat: str
    body: str


class Dialect(Protocol):
    """One way to write down a trace."""

    llm_scope: str
    other_scope: str

    def text(self, index: int, role: str, piece: Piece) -> Message:
        """Render a message of text."""
        ...

    def asked(self, index: int, step: Round) -> Message:
        """Render an assistant message that asks for tools."""
        ...

    def told(self, index: int, call: Call) -> Message:
        """Render the message in which a tool answers."""
        ...

    def model_call(self, trace: Trace, step: Round, said: list[Message]) -> str:
        """Return the attributes of an llm span that was given the messages ``said``."""
        ...

    def tool_call(self, trace: Trace, call: Call) -> str:
        """Return the attributes of a tool span."""
        ...

    def search(self, trace: Trace, documents: list[Piece]) -> str:
        """Return the attributes of a retriever span."""
        ...

    def root(self, trace: Trace) -> str:
        """Return the attributes of the agent span."""
        ...


def text(key: str, value: str) -> str:
    """Return a string attribute; ``value`` is escaped already."""
    return f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}'


def number(key: str, value: int) -> str:
    """Return an integer attribute, in the string form of OTLP/JSON."""
    return f'{{"key":"{key}","value":{{"intValue":"{value}"}}}}'


def words_list(key: str, value: str) -> str:
    """Return an attribute that is a list of one string."""
    return f'{{"key":"{key}","value":{{"arrayValue":{{"values":[{{"stringValue":"{value}"}}]}}}}}}'


def definition(tool: str) -> str:
    """Return the definition of a tool as JSON text, escaped once."""
    schema = '{"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}'
    return escape(
        f'{{"type": "function", "function": {{"name": "{tool}", "parameters": {schema}}}}}'
    )


def returned(call: Call) -> Piece:
    """Return what the model is told that a call gave back."""
    return (
        words.plain(f"error: {call.error}: the service did not answer")
        if call.error
        else call.result
    )


class OpenInference:
    """Indexed messages as attributes, and the whole provider request beside them."""

    llm_scope = other_scope = '{"name":"openinference.instrumentation.openai","version":"0.1.66"}'

    def text(self, index: int, role: str, piece: Piece) -> Message:
        key = f"llm.input_messages.{index}.message"
        return Message(
            f"{text(f'{key}.role', role)},{text(f'{key}.content', piece.one)}",
            f'{{\\"role\\": \\"{role}\\", \\"content\\": \\"{piece.two}\\"}}',
        )

    def asked(self, index: int, step: Round) -> Message:
        key = f"llm.input_messages.{index}.message"
        flat = [text(f"{key}.role", "assistant"), *_openinference_calls(key, step.calls)]
        body = ", ".join(
            f'{{\\"id\\": \\"{c.id}\\", \\"type\\": \\"function\\", \\"function\\": {{\\"name\\": \\"{c.tool}\\", \\"arguments\\": \\"{c.args.two}\\"}}}}'
            for c in step.calls
        )
        return Message(
            ",".join(flat),
            f'{{\\"role\\": \\"assistant\\", \\"content\\": null, \\"tool_calls\\": [{body}]}}',
        )

    def told(self, index: int, call: Call) -> Message:
        key, piece = f"llm.input_messages.{index}.message", returned(call)
        return Message(
            f"{text(f'{key}.role', 'tool')},{text(f'{key}.tool_call_id', call.id)},{text(f'{key}.content', piece.one)}",
            f'{{\\"role\\": \\"tool\\", \\"tool_call_id\\": \\"{call.id}\\", \\"content\\": \\"{piece.two}\\"}}',
        )

    def model_call(self, trace: Trace, step: Round, said: list[Message]) -> str:
        tools = (
            text(f"llm.tools.{n}.tool.json_schema", definition(tool))
            for n, tool in enumerate(trace.service.tools)
        )
        request = f'{{\\"model\\": \\"{trace.model}\\", \\"messages\\": [{", ".join([m.body for m in said])}]}}'
        return ",".join(
            (
                text("openinference.span.kind", "LLM"),
                text("llm.system", "openai"),
                text("input.value", request),
                text("input.mime_type", "application/json"),
                text("output.value", step.text.one),
                *_owners(trace, "session.id", "user.id"),
                text("llm.model_name", trace.model),
                text("llm.invocation_parameters", '{\\"temperature\\": 0.2}'),
                number("llm.token_count.prompt", step.prompt_tokens),
                number("llm.token_count.completion", step.completion_tokens),
                number("llm.token_count.total", step.prompt_tokens + step.completion_tokens),
                text("llm.finish_reason", step.finish),
                *tools,
                *[m.flat for m in said],
                text("llm.output_messages.0.message.role", "assistant"),
                text("llm.output_messages.0.message.content", step.text.one),
                *_openinference_calls("llm.output_messages.0.message", step.calls),
            )
        )

    def tool_call(self, trace: Trace, call: Call) -> str:
        result = () if call.error else (text("output.value", call.result.one),)
        return ",".join(
            (
                text("openinference.span.kind", "TOOL"),
                text("tool.name", call.tool),
                text("input.value", call.args.one),
                text("input.mime_type", "application/json"),
                *_owners(trace, "session.id", "user.id"),
                *result,
            )
        )

    def search(self, trace: Trace, documents: list[Piece]) -> str:
        found = (
            f"{text(f'retrieval.documents.{n}.document.id', f'doc-{n}')},{text(f'retrieval.documents.{n}.document.content', d.one)}"
            for n, d in enumerate(documents)
        )
        return ",".join(
            (
                text("openinference.span.kind", "RETRIEVER"),
                text("input.value", trace.question.one),
                *found,
            )
        )

    def root(self, trace: Trace) -> str:
        return ",".join(
            (
                text("openinference.span.kind", "AGENT"),
                text("agent.name", trace.service.agent),
                text("input.value", trace.question.one),
                text("output.value", trace.answer.one),
                *_owners(trace, "session.id", "user.id"),
            )
        )


def _openinference_calls(key: str, calls: list[Call]) -> list[str]:
    return [
        attribute
        for n, call in enumerate(calls)
        for attribute in (
            text(f"{key}.tool_calls.{n}.tool_call.id", call.id),
            text(f"{key}.tool_calls.{n}.tool_call.function.name", call.tool),
            text(f"{key}.tool_calls.{n}.tool_call.function.arguments", call.args.one),
        )
    ]


def _owners(trace: Trace, session: str, user: str) -> tuple[str, str]:
    return text(session, trace.session_id), text(user, trace.user_id)
