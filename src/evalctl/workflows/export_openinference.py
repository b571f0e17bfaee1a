"""OTLP/JSON lines with OpenInference's attributes: messages, documents and tools one field each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from evalctl.workflows.export_messages import Said, flat, said
from evalctl.workflows.export_otlp import error_type, score_number
from evalctl.workflows.export_wire import Described, decoded, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from evalctl.workflows.export_rows import Batch, Score, Span

VIEW = False

_COLUMNS = {
    "session.id": "session_id",
    "user.id": "user_id",
    "llm.model_name": "model",
    "llm.request.model_name": "request_model",
    "llm.provider": "provider",
    "llm.finish_reason": "finish_reason",
    "llm.token_count.prompt": "prompt_tokens",
    "llm.token_count.completion": "completion_tokens",
    "llm.token_count.prompt_details.cache_read": "cache_read_tokens",
    "llm.token_count.prompt_details.cache_write": "cache_write_tokens",
    "llm.token_count.completion_details.reasoning": "reasoning_tokens",
    "llm.cost.total": "cost_usd",
    "gen_ai.server.time_to_first_token": "ttft_ms",
    "tool.name": "tool",
    "tool_call.id": "tool_call_id",
    "agent.name": "agent",
    "prompt.id": "prompt_name",
    "llm.prompt_template.version": "prompt_version",
}
_MODEL_OF = {"embedding": "embedding.model_name", "reranker": "reranker.model_name"}
_ANNOTATORS = {"rule": "CODE", "code": "CODE", "llm": "LLM", "human": "HUMAN", "user": "HUMAN"}
_LEVELS = {"span": "", "trace": "trace.", "session": "session."}
_DOCUMENTS = {"reranker": "reranker.output_documents"}


def write(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Write batches of spans, each with its scores."""
    return lines(batches, describe)


def describe(span: Span, scores: Sequence[Score]) -> Described:
    """Name what a span's columns hold as OpenInference does."""
    attributes = {"openinference.span.kind": span["kind"].upper()}
    attributes |= {key: span[column] for key, column in _COLUMNS.items()}
    if span["kind"] in _MODEL_OF:
        attributes[_MODEL_OF[span["kind"]]] = attributes.pop("llm.model_name")
    attributes["error.type"] = error_type(span)
    attributes |= _content(span)
    for level, prefix in _LEVELS.items():
        about = [score for score in scores if score["target"] == level and score["status"] == "ok"]
        for i, score in enumerate(about):
            attributes |= dict(flat(f"{prefix}evaluations.{i}.evaluation", _evaluation(score)))
    return Described(attributes=attributes)


def _content(span: Span) -> dict[str, Any]:
    is_tool = span["kind"] == "tool"
    system = span["system_prompt"]
    inputs = said(span["input_messages"])
    if inputs and system:
        inputs = [_system(system), *inputs]
    attributes: dict[str, Any] = {
        "input.value": (span["tool_args"] if is_tool else None) or span["input"],
        "output.value": (span["tool_result"] if is_tool else None) or span["output"],
        "gen_ai.system_instructions": system if not inputs else None,
    }
    attributes |= _messages("llm.input_messages", inputs)
    attributes |= _messages("llm.output_messages", said(span["output_messages"], span["output"]))
    prefix = _DOCUMENTS.get(span["kind"], "retrieval.documents")
    for i, document in enumerate(decoded(span["documents"], [])):
        attributes |= dict(flat(f"{prefix}.{i}.document", _document(document)))
    for i, tool in enumerate(decoded(span["tool_definitions"], [])):
        schema = {"type": "function", "function": tool}
        attributes[f"llm.tools.{i}.tool.json_schema"] = _json(schema)
    return attributes


def _system(text: str) -> Said:
    return Said(
        role="system", texts=(text,), reasoning=None, calls=(), tool_call_id=None, name=None
    )


def _messages(prefix: str, messages: Sequence[Said]) -> dict[str, Any]:
    return {
        key: value
        for i, message in enumerate(messages)
        for key, value in flat(f"{prefix}.{i}.message", _message(message))
    }


def _message(message: Said) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "role": message.role,
        "name": message.name,
        "tool_call_id": message.tool_call_id,
    }
    if message.reasoning is None and len(message.texts) < 2:
        fields["content"] = message.texts[0] if message.texts else None
    else:
        thought = [("reasoning", message.reasoning)] if message.reasoning else []
        for i, (word, text) in enumerate([*thought, *(("text", text) for text in message.texts)]):
            fields[f"contents.{i}.message_content.type"] = word
            fields[f"contents.{i}.message_content.text"] = text
    for i, call in enumerate(message.calls):
        prefix = f"tool_calls.{i}.tool_call"
        fields[f"{prefix}.id"] = call.get("id")
        fields[f"{prefix}.function.name"] = call.get("name")
        fields[f"{prefix}.function.arguments"] = call.get("arguments")
    return fields


def _document(document: dict[str, Any]) -> dict[str, Any]:
    metadata = document.get("metadata")
    return {**document, "metadata": None if metadata is None else _json(metadata)}


def _evaluation(score: Score) -> dict[str, Any]:
    return {
        "name": score["rubric"],
        "score": score_number(score),
        "label": score["verdict"],
        "explanation": score["explanation"],
        "annotator_kind": _ANNOTATORS.get(score["annotator"], "CODE"),
        "identifier": score["version"] or None,
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
