"""The baseline of ingest: what a first draft does. Not evalctl.

``json.loads`` of each line, a dict per span, one frame and one Delta commit per file.

    python tests/bench/naive_ingest.py FOLDER TABLE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl

_FIRST_OF: dict[str, tuple[str, ...]] = {
    "session_id": (
        "session.id",
        "gen_ai.conversation.id",
        "traceloop.association.properties.session_id",
    ),
    "user_id": ("user.id", "traceloop.association.properties.user_id"),
    "kind": (
        "openinference.span.kind",
        "traceloop.span.kind",
        "gen_ai.operation.name",
        "llm.request.type",
    ),
    "model": ("llm.model_name", "gen_ai.response.model"),
    "finish_reason": ("llm.finish_reason", "gen_ai.completion.0.finish_reason"),
    "tool": ("tool.name", "gen_ai.tool.name", "traceloop.entity.name"),
    "input": (
        "input.value",
        "gen_ai.input.messages",
        "gen_ai.tool.call.arguments",
        "traceloop.entity.input",
    ),
    "output": (
        "output.value",
        "gen_ai.output.messages",
        "gen_ai.tool.call.result",
        "traceloop.entity.output",
    ),
}
_COUNTS: dict[str, tuple[str, ...]] = {
    "prompt_tokens": (
        "llm.token_count.prompt",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
    ),
    "completion_tokens": (
        "llm.token_count.completion",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
    ),
}
_SCHEMA = {
    **dict.fromkeys(
        ("trace_id", "span_id", "parent_span_id", "name", "service", "status", *_FIRST_OF),
        pl.String,
    ),
    **dict.fromkeys(("start", "end", *_COUNTS), pl.Int64),
    "attributes": pl.String,
    "events": pl.String,
}


def main() -> None:
    """Ingest each file of a folder into one table."""
    folder, target = Path(sys.argv[1]), sys.argv[2]
    for file in sorted(folder.glob("*.jsonl")):
        frame = pl.DataFrame(_rows(file), schema=_SCHEMA)
        start = pl.from_epoch("start", time_unit="ns")
        frame.with_columns(start_time=start, date=start.dt.date()).write_delta(
            target, mode="append", delta_write_options={"partition_by": ["date"]}
        )


def _rows(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line)["resourceSpans"]:
                about = _attributes(resource["resource"]["attributes"])
                for scope in resource["scopeSpans"]:
                    rows += [_row(span, about) for span in scope["spans"]]
    return rows


def _row(span: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    attributes = _attributes(span["attributes"])
    counts = {name: _first(attributes, keys) for name, keys in _COUNTS.items()}
    return {
        "trace_id": span["traceId"],
        "span_id": span["spanId"],
        "parent_span_id": span["parentSpanId"] or None,
        "name": span["name"],
        "service": about["service.name"],
        "status": "error" if span["status"].get("code") == 2 else "ok",
        "start": int(span["startTimeUnixNano"]),
        "end": int(span["endTimeUnixNano"]),
        **{name: _first(attributes, keys) for name, keys in _FIRST_OF.items()},
        **{name: value and int(value) for name, value in counts.items()},
        "attributes": json.dumps(attributes),
        "events": json.dumps(span.get("events", [])),
    }


def _first(attributes: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((attributes[key] for key in keys if key in attributes), None)


def _attributes(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in pairs}


if __name__ == "__main__":
    main()
