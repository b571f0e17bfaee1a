"""Tool definitions and retrieved documents of every dialect in one form."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from evalctl.formats.jsontext import json_text, parsed

Object = dict[str, Any]
_PARAMETERS = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "json_schema")


@lru_cache(maxsize=256)
def tools_text(text: str) -> str | None:
    """Return tool definitions in JSON of any dialect as a JSON list of {name, description, parameters}.

    Clients repeat one text on every call, so answers are remembered. Null where there are none.
    """
    found = parsed(text)
    items = found if isinstance(found, list) else [found]
    tools = [tool for tool in (_tool(parsed(item)) for item in items) if tool]
    return msgspec.json.encode(tools).decode() if tools else None


def documents_text(found: object) -> str | None:
    """Return a list of documents as a JSON list of {id, content, score, metadata}; null for none."""
    if isinstance(found, dict):
        found = found.get("documents")
    if not isinstance(found, list):
        return None
    documents = [_document(item) for item in found if isinstance(item, dict)]
    return json_text(documents) if documents else None


def _tool(item: object) -> Object | None:
    if not isinstance(item, dict):
        return None
    inner = item.get("function") or item.get("toolSpec")
    said: Object = inner if isinstance(inner, dict) else item
    parameters = next((said[key] for key in _PARAMETERS if said.get(key) is not None), None)
    return {
        "name": said.get("name"),
        "description": said.get("description"),
        "parameters": parsed(parameters),
    }


def _document(item: Object) -> Object:
    inner = item.get("document")
    item = {**item, **inner} if isinstance(inner, dict) else item
    metadata = parsed(item.get("metadata"))
    text = next(
        (item[key] for key in ("content", "page_content", "text") if item.get(key) is not None),
        None,
    )
    score = item.get("score")
    if score is None and isinstance(metadata, dict):
        score = metadata.get("score", metadata.get("relevance_score"))
    return {
        "id": item.get("id"),
        "content": text if text is None else json_text(text),
        "score": score,
        "metadata": metadata,
    }
