"""Words of clients, and the words that stand in columns for them."""

from __future__ import annotations

from typing import Final

PROVIDERS: Final = {
    "vertex_ai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "xai": "x_ai",
    "openai.chat": "openai",
    "openai.responses": "openai",
}
REASONS: Final = {
    "tool_call": "tool_calls",
    "tool-calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "content-filter": "content_filter",
    "safety": "content_filter",
    "failed": "error",
}
ERRORS: Final = frozenset({2, "2", "STATUS_CODE_ERROR", "ERROR"})
OKS: Final = frozenset({1, "1", "STATUS_CODE_OK", "OK"})
REDACTED: Final = frozenset({None, "__REDACTED__", "[REDACTED]", "<REDACTED>", "REDACTED", "***"})
