"""OTLP/JSON lines with the attributes of the OpenTelemetry GenAI conventions.

What these have no word for (kinds such as guardrail, plain text of a chain) is written in
OpenInference's words, which most readers of the one know too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evalctl.formats.messages import result_text
from evalctl.workflows.export_messages import Said, said
from evalctl.workflows.export_wire import Described, decoded, lines, nanoseconds, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evalctl.workflows.export_rows import Batch, Score, Span

VIEW = False

_OPERATIONS = {
    "llm": "chat",
    "embedding": "embeddings",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "retriever": "retrieval",
}
_COLUMNS = {
    "gen_ai.conversation.id": "session_id",
    "user.id": "user_id",
    "gen_ai.response.model": "model",
    "gen_ai.request.model": "request_model",
    "gen_ai.provider.name": "provider",
    "gen_ai.usage.input_tokens": "prompt_tokens",
    "gen_ai.usage.output_tokens": "completion_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "gen_ai.usage.cost": "cost_usd",
    "gen_ai.server.time_to_first_token": "ttft_ms",
    "gen_ai.tool.name": "tool",
    "gen_ai.tool.call.id": "tool_call_id",
    "gen_ai.tool.definitions": "tool_definitions",
    "gen_ai.agent.name": "agent",
    "gen_ai.prompt.name": "prompt_name",
    "gen_ai.prompt.version": "prompt_version",
    "gen_ai.retrieval.documents": "documents",
}
_NUMBERS = {"pass": 1.0, "fail": 0.0}


def write(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Write batches of spans, each with its scores."""
    return lines(batches, describe)


def describe(span: Span, scores: Sequence[Score]) -> Described:
    """Name what a span's columns hold as OpenTelemetry does."""
    attributes = {key: span[column] for key, column in _COLUMNS.items()}
    attributes |= kind_attributes(span, _OPERATIONS)
    attributes["error.type"] = error_type(span)
    reason = span["finish_reason"]
    attributes["gen_ai.response.finish_reasons"] = None if reason is None else [reason]
    if span["kind"] == "tool":
        attributes["gen_ai.tool.call.arguments"] = span["tool_args"] or span["input"]
        attributes["gen_ai.tool.call.result"] = span["tool_result"] or span["output"]
    else:
        attributes |= _content(span)
    return Described(
        attributes=attributes, events=[_event(score) for score in scores if _is_said(score)]
    )


def kind_attributes(span: Span, operations: dict[str, str]) -> dict[str, str]:
    """Say the kind: by the operation if one says exactly this kind, else in OpenInference's words."""
    operation = operations.get(span["kind"])
    if operation is not None and "gen_ai.operation.name" not in decoded(span["attributes"]):
        return {"gen_ai.operation.name": operation}
    return {"openinference.span.kind": span["kind"].upper()}


def error_type(span: Span) -> str | None:
    """Return the error's class where the status allows it: on an unset status it would say error."""
    return None if span["status"] == "unset" else span["error_type"]


def score_number(score: Score) -> float | None:
    """Return the value of a score, else 1 for pass and 0 for fail."""
    return score["value"] if score["value"] is not None else _NUMBERS.get(score["verdict"])


def _content(span: Span) -> dict[str, Any]:
    inputs, outputs = span["input_messages"], span["output_messages"]
    query = "gen_ai.retrieval.query.text" if span["kind"] == "retriever" else "input.value"
    system = span["system_prompt"]
    parts = [{"type": "text", "content": system}] if system else None
    return {
        "gen_ai.system_instructions": _json(parts),
        "gen_ai.input.messages": _json([_asked(m) for m in said(inputs)]) if inputs else None,
        "gen_ai.output.messages": (
            _json([_message(m) for m in said(outputs, span["output"])]) if outputs else None
        ),
        query: None if inputs else span["input"],
        "output.value": None if outputs else span["output"],
    }


def _asked(message: Said) -> dict[str, Any]:
    """Write a message of the input, where the answer of a tool is a part of its own kind."""
    if message.role == "tool" and message.tool_call_id and _is_plain(message.texts):
        known = {
            "id": message.tool_call_id,
            "response": "".join(message.texts) or None,
            "name": message.name,
        }
        part = {"type": "tool_call_response", **known}
        return {"role": "tool", "parts": [{k: v for k, v in part.items() if v is not None}]}
    return _message(message)


def _message(message: Said) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    if message.reasoning:
        parts.append({"type": "reasoning", "content": message.reasoning})
    parts += [{"type": "text", "content": text} for text in message.texts]
    parts += [_call(call) for call in message.calls]
    known = {
        "role": message.role,
        "parts": parts,
        "tool_call_id": message.tool_call_id,
        "name": message.name,
    }
    return {key: value for key, value in known.items() if value is not None}


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether a tool's answer is read back as it is: readers decode JSON that stands in a response."""
    return not texts or (len(texts) == 1 and result_text(texts[0]) == texts[0])


def _call(call: dict[str, Any]) -> dict[str, Any]:
    known = {"type": "tool_call", "id": call.get("id"), "name": call.get("name")}
    known["arguments"] = _arguments(call.get("arguments"))
    return {key: value for key, value in known.items() if value is not None}


def _arguments(text: str | None) -> Any:
    """Write arguments as an object, as the convention asks, where that loses nothing of the text."""
    found = decoded(text, text)
    return found if text is not None and _json(found) == text else text


def _event(score: Score) -> dict[str, Any]:
    said_ = {
        "gen_ai.evaluation.name": score["rubric"],
        "gen_ai.evaluation.score.value": score_number(score),
        "gen_ai.evaluation.score.label": score["verdict"],
        "gen_ai.evaluation.explanation": score["explanation"],
        "error.type": score["reason"] if score["status"] == "error" else None,
        "evalctl.target": score["target"],
        "evalctl.version": score["version"] or None,
    }
    return {
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": nanoseconds(score["scored_at"]),
        "attributes": pairs(said_),
    }


def _is_said(score: Score) -> bool:
    return score["status"] != "skipped"


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
