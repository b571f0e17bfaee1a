"""Attributes that hold more than one column's worth, or say it in a way of their own.

Each function takes (row, value) and says whether nothing of the value is left to keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalctl.formats.definitions import tools_text
from evalctl.formats.jsontext import json_text, parsed, unquoted

if TYPE_CHECKING:
    from evalctl.formats.otlp.row import Row
    from evalctl.formats.otlp.wire import Plain

_META = {
    "session_id": ("session_id", "thread_id", "conversation_id"),
    "user_id": ("user_id",),
    "agent": ("lc_agent_name",),
}
_TELLING = ("session", "thread", "user", "conversation", "lc_agent_name")
_USAGE = {
    "prompt_tokens": ("input", "input_tokens", "prompt_tokens"),
    "completion_tokens": ("output", "output_tokens", "completion_tokens"),
    "cache_read_tokens": ("cache_read_input_tokens", "input_cached_tokens", "cache_read"),
    "cache_write_tokens": ("cache_creation_input_tokens", "cache_write_input_tokens"),
    "reasoning_tokens": ("output_reasoning_tokens", "reasoning_tokens"),
}
_NESTED_USAGE = (
    ("prompt_tokens_details", "cache_read_tokens", "cached_tokens"),
    ("input_tokens_details", "cache_read_tokens", "cached_tokens"),
    ("completion_tokens_details", "reasoning_tokens", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens", "reasoning_tokens"),
)


def finish_reasons(row: Row, value: Plain) -> bool:
    """Take the last of the reasons that the choices finished with."""
    found = parsed(value)
    reasons = [reason for reason in found if reason] if isinstance(found, list) else [found]
    if reasons and isinstance(reasons[-1], str):
        row.fill("finish_reason", reasons[-1])
        return True
    return not reasons


def usage_details(row: Row, value: Plain) -> bool:
    """Fill token counts from an object in any vendor's words; other counts are not kept."""
    found = parsed(value)
    if not isinstance(found, dict):
        return False
    for column, names in _USAGE.items():
        row.fill(column, next((found[n] for n in names if _is_count(found.get(n))), None))
    for word, column, name in _NESTED_USAGE:
        details = found.get(word)
        if isinstance(details, dict) and _is_count(details.get(name)):
            row.fill(column, details[name])
    return True


def raw_usage(row: Row, value: Plain) -> bool:
    """Fill what other attributes leave out from the provider's own counts; they stay an attribute."""
    usage_details(row, value)
    return False


def cost_details(row: Row, value: Plain) -> bool:
    """Fill the cost from an object; all zero means unknown."""
    found = parsed(value)
    total = found.get("total") if isinstance(found, dict) else None
    if isinstance(total, int | float) and total > 0:
        row.fill("cost_usd", float(total))
    return False


def level(row: Row, value: Plain) -> bool:
    """A level of ERROR is an error."""
    if value == "ERROR":
        row.fill("status", "error")
    return value in {"ERROR", "DEFAULT"}


def tool_status(row: Row, value: Plain) -> bool:
    """A tool that says it failed has failed."""
    if value == "error":
        row.fill("status", "error")
    return value in {"error", "success"}


def drop_pending(row: Row, value: Plain) -> bool:
    """Logfire announces open spans by placeholder spans, which are not operations."""
    row.pending = value == "pending_span"
    return value == "span"


def entity_name(row: Row, value: Plain) -> bool:
    """Traceloop's entity is the tool of a tool span and the agent of an agent span."""
    column = {"tool": "tool", "agent": "agent"}.get(row.kind)
    if column is None or not isinstance(value, str):
        return False
    row.fill(column, value)
    return True


def ai_provider(row: Row, value: Plain) -> bool:
    """``openai.chat`` is the provider ``openai``."""
    if isinstance(value, str):
        row.fill("provider", value.partition(".")[0])
    return False


def first_chunk(row: Row, value: Plain) -> bool:
    """Take the seconds until the first chunk came."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return False
    row.fill("ttft_ms", value * 1000)
    return True


def parameters(row: Row, value: Plain) -> bool:
    """Keep the parameters of a call, without the tools where attributes of their own tell them."""
    found = parsed(value) if isinstance(value, str) and '"tools"' in value else None
    told = [item["json_schema"] for item in row.items.values() if "json_schema" in item]
    if not isinstance(found, dict) or not found.get("tools") or not told:
        return False
    if tools_text(json_text(found.pop("tools"))) != tools_text(json_text(told)):
        return False
    row.rest["llm.invocation_parameters"] = json_text(found)
    return True


def meta(row: Row, value: Plain) -> bool:
    """Find session, user and agent in free metadata; it stays an attribute."""
    text = json_text(value)
    if any(word in text for word in _TELLING):
        found = parsed(text)
        if isinstance(found, dict):
            for column, names in _META.items():
                row.fill(column, next((found[n] for n in names if _is_text(found.get(n))), None))
    return False


def quoted_model(row: Row, value: Plain) -> bool:
    """Take a model name that is JSON text."""
    return _quoted(row, "model", value)


def quoted_session(row: Row, value: Plain) -> bool:
    """Take a session id that is JSON text."""
    return _quoted(row, "session_id", value)


def quoted_user(row: Row, value: Plain) -> bool:
    """Take a user id that is JSON text."""
    return _quoted(row, "user_id", value)


def _quoted(row: Row, column: str, value: Plain) -> bool:
    if isinstance(value, str):
        row.fill(column, unquoted(value))
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
