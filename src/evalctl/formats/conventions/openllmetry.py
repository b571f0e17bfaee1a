"""OpenLLMetry and Traceloop: indexed prompts before 0.60, GenAI messages since."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Indexed, Kinds, Text
from evalctl.formats.otlp.content import read_text
from evalctl.formats.otlp.facts import entity_name

_MESSAGE = {
    "role": "role",
    "content": "content",
    "tool_call_id": "tool_call_id",
    "finish_reason": "finish_reason",
    "tool_calls.*.id": "tool_calls.id",
    "tool_calls.*.name": "tool_calls.name",
    "tool_calls.*.arguments": "tool_calls.arguments",
    "function_call.name": "function_name",
    "function_call.arguments": "function_arguments",
}
_PROPERTIES = "traceloop.association.properties"

CONVENTION = Convention(
    name="openllmetry",
    scopes=("opentelemetry.instrumentation.", "traceloop."),
    columns={
        f"{_PROPERTIES}.session_id": ("session_id", 30),
        f"{_PROPERTIES}.thread_id": ("session_id", 31),
        f"{_PROPERTIES}.conversation_id": ("session_id", 32),
        f"{_PROPERTIES}.user_id": ("user_id", 30),
        f"{_PROPERTIES}.lc_agent_name": ("agent", 60),
        "llm.usage.total_tokens": ("total_tokens", 30),
        "traceloop.prompt.key": ("prompt_name", 20),
        "traceloop.prompt.version": ("prompt_version", 20),
    },
    kinds={
        "traceloop.span.kind": Kinds(
            rank=30,
            exact={"agent": "agent", "tool": "tool"},
            broad={"workflow": "chain", "task": "chain"},
        ),
        "llm.request.type": Kinds(
            rank=40,
            exact={"chat": "llm", "embedding": "embedding", "rerank": "reranker"},
            broad={"completion": "llm"},
        ),
    },
    texts={
        "traceloop.entity.input": Text(column="input", rank=50, read=read_text),
        "traceloop.entity.output": Text(column="output", rank=50, read=read_text),
        "gen_ai.task.input": Text(column="input", rank=51, read=read_text),
        "gen_ai.task.output": Text(column="output", rank=51, read=read_text),
    },
    indexed={
        "gen_ai.prompt": Indexed(group="input", fields=_MESSAGE),
        "gen_ai.completion": Indexed(group="output", fields=_MESSAGE),
        "llm.request.functions": Indexed(
            group="tools",
            fields={"name": "name", "description": "description", "parameters": "parameters"},
        ),
    },
    calls={"traceloop.entity.name": entity_name},
)
