"""Langfuse's SDK over OTLP."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Kinds, Text
from evalctl.formats.otlp.content import read_text
from evalctl.formats.otlp.facts import cost_details, level, usage_details

_KIND = Kinds(
    rank=10,
    exact={
        "generation": "llm",
        "agent": "agent",
        "tool": "tool",
        "chain": "chain",
        "retriever": "retriever",
        "embedding": "embedding",
        "guardrail": "guardrail",
        "evaluator": "evaluator",
    },
    broad={"span": "chain", "event": "chain"},
)

CONVENTION = Convention(
    name="langfuse",
    scopes=("langfuse",),
    columns={
        "langfuse.session.id": ("session_id", 20),
        "langfuse.user.id": ("user_id", 20),
        "langfuse.environment": ("environment", 20),
        "langfuse.observation.model.name": ("model", 50),
        "langfuse.observation.status_message": ("status_message", 20),
        "langfuse.observation.prompt.name": ("prompt_name", 30),
        "langfuse.observation.prompt.version": ("prompt_version", 30),
    },
    kinds={"langfuse.observation.type": _KIND},
    texts={
        "langfuse.observation.input": Text(column="input", rank=0, read=read_text),
        "langfuse.observation.output": Text(column="output", rank=0, read=read_text),
    },
    calls={
        "langfuse.observation.usage_details": usage_details,
        "langfuse.observation.cost_details": cost_details,
        "langfuse.observation.level": level,
    },
)
