"""OpenInference: Arize's conventions, written by its instrumentations of most frameworks."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Indexed, Kinds, Text
from evalctl.formats.otlp.content import documents_in, read_text, tools_in
from evalctl.formats.otlp.facts import meta, parameters

_MESSAGE = {
    "message.role": "role",
    "message.content": "content",
    "message.name": "name",
    "message.tool_call_id": "tool_call_id",
    "message.function_call_name": "function_name",
    "message.function_call_arguments_json": "function_arguments",
    "message.contents.*.message_content.type": "contents.type",
    "message.contents.*.message_content.text": "contents.text",
    "message.contents.*.message_content.image.image.url": "",
    "message.tool_calls.*.tool_call.id": "tool_calls.id",
    "message.tool_calls.*.tool_call.function.name": "tool_calls.name",
    "message.tool_calls.*.tool_call.function.arguments": "tool_calls.arguments",
}
_DOCUMENT = {f"document.{name}": name for name in ("id", "score", "content", "metadata")}
_FEEDBACK = ("name", "score", "label", "explanation", "annotator_kind", "identifier", "metadata")


def _feedback(word: str) -> dict[str, str]:
    return {f"{word}.{name}": name for name in _FEEDBACK}


CONVENTION = Convention(
    name="openinference",
    scopes=("openinference.",),
    columns={
        "session.id": ("session_id", 0),
        "user.id": ("user_id", 0),
        "metadata.session_id": ("session_id", 60),
        "metadata.thread_id": ("session_id", 61),
        "metadata.user_id": ("user_id", 60),
        "openinference.project.name": ("project", 0),
        "llm.response.model_name": ("model", 10),
        "llm.model_name": ("model", 30),
        "embedding.model_name": ("model", 31),
        "reranker.model_name": ("model", 32),
        "llm.request.model_name": ("request_model", 10),
        "llm.provider": ("provider", 20),
        "llm.system": ("provider", 30),
        "llm.finish_reason": ("finish_reason", 10),
        "llm.token_count.prompt": ("prompt_tokens", 20),
        "llm.token_count.completion": ("completion_tokens", 20),
        "llm.token_count.total": ("total_tokens", 20),
        "llm.token_count.prompt_details.cache_read": ("cache_read_tokens", 20),
        "llm.token_count.prompt_details.cache_input": ("cache_read_tokens", 21),
        "llm.token_count.prompt_details.cache_write": ("cache_write_tokens", 20),
        "llm.token_count.completion_details.reasoning": ("reasoning_tokens", 20),
        "llm.cost.total": ("cost_usd", 0),
        "tool.name": ("tool", 10),
        "tool_call.function.name": ("tool", 11),
        "tool_call.id": ("tool_call_id", 10),
        "tool.id": ("tool_call_id", 11),
        "agent.name": ("agent", 10),
        "prompt.id": ("prompt_name", 10),
        "llm.prompt_template.version": ("prompt_version", 10),
    },
    kinds={
        "openinference.span.kind": Kinds(
            rank=0,
            exact={
                "llm": "llm",
                "agent": "agent",
                "chain": "chain",
                "tool": "tool",
                "retriever": "retriever",
                "embedding": "embedding",
                "reranker": "reranker",
                "guardrail": "guardrail",
                "evaluator": "evaluator",
                "prompt": "prompt",
                "unknown": "unknown",
            },
            broad={"decision": "chain"},
        )
    },
    texts={
        "input.value": Text(column="input", rank=80, read=read_text),
        "output.value": Text(column="output", rank=80, read=read_text),
        "tool_call.function.arguments": Text(column="input", rank=70, read=read_text),
        "reranker.query": Text(column="input", rank=70, read=read_text),
        "retrieval.documents": Text(column="documents", rank=50, read=documents_in),
        "llm.tools": Text(column="tool_definitions", rank=50, read=tools_in),
    },
    indexed={
        "llm.input_messages": Indexed(group="input", fields=_MESSAGE),
        "llm.output_messages": Indexed(group="output", fields=_MESSAGE),
        "llm.tools": Indexed(group="tools", fields={"tool.json_schema": "json_schema"}),
        "retrieval.documents": Indexed(group="documents", fields=_DOCUMENT),
        "reranker.output_documents": Indexed(group="documents", fields=_DOCUMENT),
        "embedding.embeddings": Indexed(
            group="embeddings", fields={"embedding.text": "text", "embedding.vector": ""}
        ),
        "annotations": Indexed(group="span_feedback", fields=_feedback("annotation")),
        "evaluations": Indexed(group="span_feedback", fields=_feedback("evaluation")),
        "trace.annotations": Indexed(group="trace_feedback", fields=_feedback("annotation")),
        "trace.evaluations": Indexed(group="trace_feedback", fields=_feedback("evaluation")),
        "session.annotations": Indexed(group="session_feedback", fields=_feedback("annotation")),
        "session.evaluations": Indexed(group="session_feedback", fields=_feedback("evaluation")),
    },
    calls={"metadata": meta, "llm.invocation_parameters": parameters},
    dropped=frozenset({"embedding.vector", "input.mime_type", "output.mime_type"}),
)
