"""The views once more, in plain Python loops over dictionaries: slow, obvious, and independent."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from evalctl.core.clock import UNTIMED

Span = dict[str, Any]
LAST = datetime.max.replace(tzinfo=UTC)


def spans_by_trace(rows: list[Span]) -> dict[str, list[Span]]:
    ordered = sorted(rows, key=lambda s: (s["trace_id"], s["start_time"] or LAST, s["span_id"]))
    return {trace: list(group) for trace, group in groupby(ordered, lambda s: s["trace_id"])}


def way_up(span: Span, trace: list[Span]) -> tuple[list[Span], str]:
    """Return the ancestors and how the way ends: at a root, broken, or never."""
    by_id = {s["span_id"]: s for s in trace}
    found: list[Span] = []
    here = span
    while True:
        parent = here["parent_span_id"]
        if parent is None:
            return found, "root"
        if parent not in by_id:
            return found, "broken"
        here = by_id[parent]
        found.append(here)
        if len(found) > len(trace):
            return [], "circle"


def ancestors(span: Span, trace: list[Span]) -> list[Span]:
    return way_up(span, trace)[0]


def is_work(span: Span, trace: list[Span]) -> bool:
    return all(s["kind"] != "evaluator" for s in (span, *ancestors(span, trace)))


def has_usage(span: Span) -> bool:
    return any(
        span.get(name) is not None for name in ("prompt_tokens", "completion_tokens", "cost_usd")
    )


def below(span: Span, trace: list[Span]) -> list[Span]:
    """Return descendants that are not cut off by an evaluator span in between."""
    found: list[Span] = []
    for other in trace:
        above = ancestors(other, trace)
        ids = [s["span_id"] for s in above]
        if span["span_id"] in ids:
            path = [other, *above[: ids.index(span["span_id"])]]
            if all(s["kind"] != "evaluator" for s in path):
                found.append(other)
    return found


def is_leaf(span: Span, trace: list[Span]) -> bool:
    if span["kind"] != "llm":
        return False
    return not any(s["kind"] == "llm" and has_usage(s) for s in below(span, trace))


def is_caller(above: Span, span: Span, trace: list[Span]) -> bool:
    """Whether ``above`` is a model call with usage that ``span`` is a part of."""
    return above["kind"] == "llm" and has_usage(above) and span in below(above, trace)


def same_call(one: Span, other: Span) -> bool | None:
    """Whether two calls are identical; None where unrecorded arguments leave it open."""
    if (one["tool"] or "?") != (other["tool"] or "?"):
        return False
    if one["tool_args"] is None or other["tool_args"] is None:
        return None
    return canonical(one["tool_args"]) == canonical(other["tool_args"])


def canonical(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True).replace(".0", "")
    except ValueError:
        return text.strip()


def repeats(tools: list[Span]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for _, run in groupby(tools, lambda s: s["tool"] or "?"):
        calls = list(run)
        dark = any(call["tool_args"] is None for call in calls)
        count = 0
        for i, call in enumerate(calls):
            again = i > 0 and same_call(calls[i - 1], call) is True
            count = count + 1 if again else 1
            found[call["span_id"]] = None if dark and i > 0 else count
    return found


def most_repeats(tools: list[Span]) -> int | None:
    if not tools:
        return 0
    dark = Counter(s["tool"] or "?" for s in tools if s["tool_args"] is None)
    calls = Counter(s["tool"] or "?" for s in tools)
    if any(calls[tool] > 1 for tool in dark):
        return None
    return max(
        Counter(
            (s["tool"] or "?", str(s["tool_args"] and canonical(s["tool_args"]))) for s in tools
        ).values()
    )


def lost(span: Span, tools: list[Span]) -> bool:
    later = tools[tools.index(span) + 1 :]
    return span["status"] == "error" and not any(
        (s["tool"] or "?") == (span["tool"] or "?") and s["status"] != "error" for s in later
    )


def first(values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def span_rows(rows: list[Span]) -> list[dict[str, Any]]:
    """Return the context columns of every span, in order of trace and span."""
    found: list[dict[str, Any]] = []
    for trace in spans_by_trace(rows).values():
        by_id = {s["span_id"]: s for s in trace}
        tools = [s for s in trace if s["kind"] == "tool" and is_work(s, trace)]
        repeat = repeats(tools)
        session = first(
            [s["session_id"] for s in trace if s["is_root"]] + [s["session_id"] for s in trace]
        )
        for span in trace:
            above, end = way_up(span, trace)
            parent = by_id.get(span["parent_span_id"])
            at = tools.index(span) if span in tools else None
            found.append(
                {
                    "trace_id": span["trace_id"],
                    "span_id": span["span_id"],
                    "session_id": span["session_id"] if span["session_id"] is not None else session,
                    "is_orphan": span["parent_span_id"] is not None and parent is None,
                    "depth": len(above) if end == "root" else None,
                    "parent_kind": parent and parent["kind"],
                    "parent_name": parent and parent["name"],
                    "previous_tool": tools[at - 1]["tool"] if at else None,
                    "next_tool": tools[at + 1]["tool"]
                    if at is not None and at + 1 < len(tools)
                    else None,
                    "repeat": repeat.get(span["span_id"]),
                    "is_leaf_llm": is_leaf(span, trace),
                }
            )
    return found


def counted(trace: list[Span]) -> list[Span]:
    work = [s for s in trace if is_work(s, trace) and has_usage(s)]
    usual = [s for s in work if is_leaf(s, trace) or s["kind"] in ("embedding", "reranker")]
    if usual or not work:
        return usual
    return [min(work, key=lambda s: (len(ancestors(s, trace)), trace.index(s)))]


def total(values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def longest(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return max(known, default=0) if len(known) == len(counts) else None


def trace_row(trace: list[Span]) -> dict[str, Any]:
    """Return the columns of one trace that depend on how its spans hang together."""
    work = [s for s in trace if is_work(s, trace)]
    tools = [s for s in work if s["kind"] == "tool"]
    llms = [s for s in work if s["kind"] == "llm"]
    roots = [s for s in work if s["is_root"]]
    summed = counted(trace)
    leaves = [s for s in work if is_leaf(s, trace)]
    calls = [
        s
        for s in leaves
        if not any(a in leaves and s in below(a, trace) for a in ancestors(s, trace))
        and (has_usage(s) or not any(is_caller(a, s, trace) for a in ancestors(s, trace)))
    ]
    depths = [len(way_up(s, trace)[0]) for s in work if way_up(s, trace)[1] == "root"]
    starts = [s["start_time"] for s in trace if s["start_time"]]
    repeat = list(repeats(tools).values())
    prompt = total([s["prompt_tokens"] for s in summed])
    completion = total([s["completion_tokens"] for s in summed])
    by_id = {s["span_id"] for s in trace}
    orphan = any(s["parent_span_id"] is not None and s["parent_span_id"] not in by_id for s in work)
    return {
        "trace_id": trace[0]["trace_id"],
        "session_id": first([s["session_id"] for s in roots] + [s["session_id"] for s in work]),
        "name": (roots or work)[0]["name"] if work else None,
        "start_time": min(starts, default=None),
        "date": min(starts).date() if starts else UNTIMED,
        "spans": len(work),
        "llm_calls": len(calls),
        "tool_calls": len(tools),
        "tools": sorted({s["tool"] for s in tools if s["tool"] is not None}),
        "tool_path": " > ".join(s["tool"] or "?" for s in tools),
        "errors": sum(s["status"] == "error" for s in work),
        "tool_errors": sum(s["status"] == "error" for s in tools),
        "unrecovered_errors": sum(lost(s, tools) for s in tools),
        "root_error": any(s["status"] == "error" for s in roots) if roots else None,
        "longest_repeat": longest(repeat),
        "max_repeats": most_repeats(tools),
        "depth": max(depths, default=None),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": None if prompt is None or completion is None else prompt + completion,
        "cost_usd": total([s["cost_usd"] for s in summed]),
        "max_prompt_tokens": max(
            (s["prompt_tokens"] for s in llms if s["prompt_tokens"] is not None), default=None
        ),
        "finish_reason": llms[-1]["finish_reason"] if llms else None,
        "output": first([s["output"] for s in roots] + [s["output"] for s in reversed(llms)]),
        "complete": (any(s["end_time"] for s in roots) and not orphan) if work else None,
        "digest": sum(s["digest"] for s in trace),
    }


def trace_rows(rows: list[Span]) -> list[dict[str, Any]]:
    """Return one row a trace, by its id."""
    return [trace_row(trace) for trace in spans_by_trace(rows).values()]
