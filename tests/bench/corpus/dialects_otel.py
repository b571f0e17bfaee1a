"""OTel GenAI (messages as one JSON text) and OpenLLMetry (indexed prompts, traceloop wrappers)."""

from __future__ import annotations

from corpus.dialects import Message, number, returned, text, words_list
from corpus.shapes import Call, Round, Trace
from corpus.words import EMPTY, Piece


class GenAI:
    """Semantic conventions 1.37 and later; session and user only on the root, which repeats the sums."""

    llm_scope = other_scope = '{"name":"opentelemetry.util.genai.handler","version":"1.1b0"}'

    def text(self, index: int, role: str, piece: Piece) -> Message:
        del index
        return Message(
            "", _message(role, f'{{\\"type\\":\\"text\\",\\"content\\":\\"{piece.two}\\"}}')
        )

    def asked(self, index: int, step: Round) -> Message:
        del index
        return Message("", _message("assistant", ",".join(_parts(step))))

    def told(self, index: int, call: Call) -> Message:
        del index
        part = f'{{\\"type\\":\\"tool_call_response\\",\\"id\\":\\"{call.id}\\",\\"response\\":\\"{returned(call).two}\\"}}'
        return Message("", _message("tool", part))

    def model_call(self, trace: Trace, step: Round, said: list[Message]) -> str:
        answer = _message(
            "assistant", ",".join(_parts(step)), f',\\"finish_reason\\":\\"{step.finish}\\"'
        )
        return ",".join(
            (
                text("gen_ai.operation.name", "chat"),
                text("gen_ai.provider.name", "openai"),
                text("gen_ai.request.model", trace.model),
                text("gen_ai.response.model", trace.model),
                text("server.address", "llm.example.com"),
                words_list("gen_ai.response.finish_reasons", step.finish),
                number("gen_ai.usage.input_tokens", step.prompt_tokens),
                number("gen_ai.usage.output_tokens", step.completion_tokens),
                text("gen_ai.input.messages", f"[{','.join([m.body for m in said])}]"),
                text("gen_ai.output.messages", f"[{answer}]"),
            )
        )

    def tool_call(self, trace: Trace, call: Call) -> str:
        del trace
        outcome = (
            text("error.type", call.error)
            if call.error
            else text("gen_ai.tool.call.result", call.result.one)
        )
        return ",".join(
            (
                text("gen_ai.operation.name", "execute_tool"),
                text("gen_ai.tool.name", call.tool),
                text("gen_ai.tool.type", "function"),
                text("gen_ai.tool.call.id", call.id),
                text("gen_ai.tool.call.arguments", call.args.one),
                outcome,
            )
        )

    def search(self, trace: Trace, documents: list[Piece]) -> str:
        found = ",".join(
            f'{{\\"id\\":\\"doc-{n}\\",\\"score\\":0.{9 - n},\\"content\\":\\"{d.two}\\"}}'
            for n, d in enumerate(documents)
        )
        return ",".join(
            (
                text("gen_ai.operation.name", "retrieval"),
                text("gen_ai.retrieval.query.text", trace.question.one),
                text("gen_ai.retrieval.documents", f"[{found}]"),
            )
        )

    def root(self, trace: Trace) -> str:
        question = self.text(0, "user", trace.question).body
        answer = self.text(0, "assistant", trace.answer).body
        return ",".join(
            (
                text("gen_ai.operation.name", "invoke_agent"),
                text("gen_ai.agent.name", trace.service.agent),
                text("gen_ai.conversation.id", trace.session_id),
                text("user.id", trace.user_id),
                number(
                    "gen_ai.usage.input_tokens", sum(step.prompt_tokens for step in trace.rounds)
                ),
                number(
                    "gen_ai.usage.output_tokens",
                    sum(step.completion_tokens for step in trace.rounds),
                ),
                text("gen_ai.input.messages", f"[{question}]"),
                text("gen_ai.output.messages", f"[{answer}]"),
            )
        )


def _message(role: str, parts: str, rest: str = "") -> str:
    return f'{{\\"role\\":\\"{role}\\",\\"parts\\":[{parts}]{rest}}}'


def _parts(step: Round) -> list[str]:
    asked = [
        f'{{\\"type\\":\\"tool_call\\",\\"id\\":\\"{c.id}\\",\\"name\\":\\"{c.tool}\\",\\"arguments\\":{c.args.one}}}'
        for c in step.calls
    ]
    said = f'{{\\"type\\":\\"text\\",\\"content\\":\\"{step.text.two}\\"}}'
    return asked if asked and step.text is EMPTY else [said, *asked]


class OpenLLMetry:
    """Indexed prompts on llm spans; agents and tools as traceloop entities, success left unset."""

    llm_scope = '{"name":"opentelemetry.instrumentation.openai.v1","version":"0.49.2"}'
    other_scope = '{"name":"traceloop.tracer"}'

    def text(self, index: int, role: str, piece: Piece) -> Message:
        key = f"gen_ai.prompt.{index}"
        return Message(f"{text(f'{key}.role', role)},{text(f'{key}.content', piece.one)}", "")

    def asked(self, index: int, step: Round) -> Message:
        key = f"gen_ai.prompt.{index}"
        said = [text(f"{key}.content", step.text.one)] if step.text.size else []
        return Message(
            ",".join((text(f"{key}.role", "assistant"), *said, *_calls(key, step.calls))), ""
        )

    def told(self, index: int, call: Call) -> Message:
        key = f"gen_ai.prompt.{index}"
        return Message(
            f"{text(f'{key}.role', 'tool')},{text(f'{key}.tool_call_id', call.id)},{text(f'{key}.content', returned(call).one)}",
            "",
        )

    def model_call(self, trace: Trace, step: Round, said: list[Message]) -> str:
        key = "gen_ai.completion.0"
        return ",".join(
            (
                text("llm.request.type", "chat"),
                text("gen_ai.system", "openai"),
                text("gen_ai.request.model", trace.model),
                text("gen_ai.response.model", trace.model),
                number("gen_ai.usage.prompt_tokens", step.prompt_tokens),
                number("gen_ai.usage.completion_tokens", step.completion_tokens),
                number("llm.usage.total_tokens", step.prompt_tokens + step.completion_tokens),
                *_association(trace),
                *[m.flat for m in said],
                text(f"{key}.role", "assistant"),
                text(f"{key}.finish_reason", step.finish),
                text(f"{key}.content", step.text.one),
                *_calls(key, step.calls),
            )
        )

    def tool_call(self, trace: Trace, call: Call) -> str:
        result = () if call.error else (text("traceloop.entity.output", call.result.one),)
        return ",".join(
            (
                text("traceloop.span.kind", "tool"),
                text("traceloop.entity.name", call.tool),
                text("traceloop.workflow.name", trace.service.agent),
                text(
                    "traceloop.entity.input", f'{{\\"args\\": [], \\"kwargs\\": {call.args.one}}}'
                ),
                *_association(trace),
                *result,
            )
        )

    def search(self, trace: Trace, documents: list[Piece]) -> str:
        found = ", ".join(f'\\"{d.two}\\"' for d in documents)
        return ",".join(
            (
                text("traceloop.span.kind", "task"),
                text("traceloop.entity.name", "search_documents"),
                text("traceloop.entity.input", _kwargs("query", trace.question)),
                text("traceloop.entity.output", f"[{found}]"),
                *_association(trace),
            )
        )

    def root(self, trace: Trace) -> str:
        return ",".join(
            (
                text("traceloop.span.kind", "agent"),
                text("traceloop.entity.name", trace.service.agent),
                text("traceloop.entity.input", _kwargs("question", trace.question)),
                text("traceloop.entity.output", f'\\"{trace.answer.two}\\"'),
                *_association(trace),
            )
        )


def _kwargs(name: str, piece: Piece) -> str:
    return f'{{\\"args\\": [], \\"kwargs\\": {{\\"{name}\\": \\"{piece.two}\\"}}}}'


def _association(trace: Trace) -> tuple[str, str]:
    key = "traceloop.association.properties"
    return text(f"{key}.session_id", trace.session_id), text(f"{key}.user_id", trace.user_id)


def _calls(key: str, calls: list[Call]) -> list[str]:
    return [
        attribute
        for n, call in enumerate(calls)
        for attribute in (
            text(f"{key}.tool_calls.{n}.id", call.id),
            text(f"{key}.tool_calls.{n}.name", call.tool),
            text(f"{key}.tool_calls.{n}.arguments", call.args.one),
        )
    ]
