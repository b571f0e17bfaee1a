"""Vercel AI SDK up to 6: ``ai.*`` attributes beside some GenAI ones."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Kinds, Text
from evalctl.formats.otlp.content import ai_tool_calls, read_text, tools_in
from evalctl.formats.otlp.facts import ai_provider

_OPERATIONS = ("generateText", "streamText", "generateObject", "streamObject")

CONVENTION = Convention(
    name="vercel",
    scopes=("ai",),
    columns={
        "ai.telemetry.metadata.sessionId": ("session_id", 40),
        "ai.telemetry.metadata.userId": ("user_id", 40),
        "ai.response.model": ("model", 40),
        "ai.model.id": ("request_model", 40),
        "ai.response.finishReason": ("finish_reason", 20),
        "ai.usage.inputTokens": ("prompt_tokens", 30),
        "ai.usage.promptTokens": ("prompt_tokens", 31),
        "ai.usage.outputTokens": ("completion_tokens", 30),
        "ai.usage.completionTokens": ("completion_tokens", 31),
        "ai.usage.totalTokens": ("total_tokens", 30),
        "ai.usage.inputTokenDetails.cacheReadTokens": ("cache_read_tokens", 30),
        "ai.usage.cachedInputTokens": ("cache_read_tokens", 31),
        "ai.usage.inputTokenDetails.cacheWriteTokens": ("cache_write_tokens", 30),
        "ai.usage.outputTokenDetails.reasoningTokens": ("reasoning_tokens", 30),
        "ai.usage.reasoningTokens": ("reasoning_tokens", 31),
        "ai.response.msToFirstChunk": ("ttft_ms", 20),
        "ai.toolCall.name": ("tool", 20),
        "ai.toolCall.id": ("tool_call_id", 20),
        "ai.telemetry.functionId": ("agent", 40),
    },
    kinds={
        "ai.operationId": Kinds(
            rank=60,
            exact={
                "ai.toolcall": "tool",
                "ai.embed.doembed": "embedding",
                "ai.embedmany.doembed": "embedding",
                "ai.rerank.dorerank": "reranker",
            },
            broad={
                "ai.generatetext.dogenerate": "llm",
                "ai.streamtext.dostream": "llm",
                "ai.generateobject.dogenerate": "llm",
                "ai.streamobject.dostream": "llm",
                **{f"ai.{name}".lower(): "agent" for name in _OPERATIONS},
                "ai.embed": "chain",
                "ai.embedmany": "chain",
                "ai.rerank": "chain",
            },
        )
    },
    texts={
        "ai.prompt.messages": Text(column="input", rank=40, read=read_text),
        "ai.prompt": Text(column="input", rank=41, read=read_text),
        "ai.value": Text(column="input", rank=42, read=read_text),
        "ai.toolCall.args": Text(column="input", rank=20, read=read_text),
        "ai.toolCall.result": Text(column="output", rank=20, read=read_text),
        "ai.response.text": Text(column="output", rank=40, read=read_text),
        "ai.response.object": Text(column="output", rank=41, read=read_text),
        "ai.response.toolCalls": Text(column="output_messages", rank=39, read=ai_tool_calls),
        "ai.prompt.tools": Text(column="tool_definitions", rank=40, read=tools_in),
    },
    calls={"ai.model.provider": ai_provider},
    dropped=frozenset({"ai.embedding", "ai.embeddings"}),
)
