"""Columns of views that hold texts, and what null means in them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scoring.rows import at, frame, span

from evalctl.core.schema import SPANS
from evalctl.core.views import view_schema
from evalctl.scoring.views import session_view, span_view, trace_view
from evalctl.scoring.views.calls import canonical_json
from evalctl.scoring.views.spans import span_columns
from evalctl.scoring.views.traces import trace_columns


def traces(rows: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    return trace_view(frame(rows).lazy(), columns).collect().to_dicts()


def sessions(rows: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    seen = trace_view(frame(rows).lazy(), list(view_schema("trace")))
    return session_view(seen, columns).collect().to_dicts()


@pytest.mark.parametrize(
    ("result", "count"),
    [
        ("error: no station called Atlantis", 1),
        ("Error", 1),
        ("  Traceback (most recent call last):", 1),
        ('{"error": "not found"}', 1),
        ('{"ok": false}', 1),
        ('{"status": "failed", "id": 3}', 1),
        ('{"error": null, "result": 7}', 0),
        ('{"errors": [], "result": 7}', 0),
        ("The word error stands later", 0),
        ('{"status": "ok"}', 0),
        (None, 0),
    ],
)
def test_results_that_read_like_errors_are_counted_while_the_status_is_not_one(
    result: str | None, count: int
) -> None:
    rows = [
        span("t", "a", kind="tool", tool_result=result),
        span("t", "b", kind="tool", tool_result=result, status="error"),
    ]
    assert traces(rows, "tool_error_texts") == [{"tool_error_texts": count}]


def test_turns_are_the_user_messages_of_the_longest_input() -> None:
    two = (
        '[{"role": "user", "content": "a"}, {"role":"user","content":"say \\"role\\": \\"user\\""}]'
    )
    rows = [
        span("t", "a", kind="llm", input_messages=two),
        span("t", "b", kind="llm", input_messages='[{"role":"user"}]'),
        span("u", "a", kind="llm", input="hello"),
        span("v", "a", kind="llm"),
    ]
    assert traces(rows, "turns") == [{"turns": 2}, {"turns": 1}, {"turns": None}]


def test_a_streamed_call_told_in_three_spans_is_one_call() -> None:
    """Logfire writes the wrapper, the request without usage, and a record of what was streamed."""
    rows = [
        span("t", "a", kind="llm", prompt_tokens=54),
        span("t", "b", "a", kind="llm"),
        span("t", "c", "a", kind="llm", prompt_tokens=54),
    ]
    assert traces(rows, "llm_calls", "prompt_tokens") == [{"llm_calls": 1, "prompt_tokens": 54}]


def test_models_are_those_that_answered_where_model_calls_were_traced() -> None:
    rows = [
        span("t", "a", kind="agent", model="mini"),
        span("t", "b", "a", kind="llm", model="mini-0613"),
        span("u", "a", kind="agent", model="mini"),
        span("v", "a", kind="tool"),
    ]
    assert traces(rows, "models") == [
        {"models": ["mini-0613"]},
        {"models": ["mini"]},
        {"models": []},
    ]


def test_documents_of_all_retrievers_make_one_list() -> None:
    rows = [
        span("t", "a", kind="retriever", documents='[{"id": "1"}]', start_time=at(2)),
        span("t", "b", kind="retriever", documents='[{"id": "0"}, {"id": "2"}]', start_time=at(1)),
        span("t", "c", kind="retriever", documents="[]", start_time=at(3)),
        span("u", "a", kind="llm", documents='[{"id": "no"}]'),
    ]
    assert traces(rows, "documents") == [
        {"documents": '[{"id": "0"}, {"id": "2"},{"id": "1"}]'},
        {"documents": None},
    ]


def test_a_trace_of_evaluators_alone_holds_no_work() -> None:
    rows = [
        span("t", "a", kind="evaluator", prompt_tokens=9),
        span("t", "b", "a", kind="llm", cost_usd=1.0),
    ]
    found = traces(rows, "spans", "llm_calls", "longest_repeat", "cost_usd", "tools", "tool_path")
    assert found == [
        {
            "spans": 0,
            "llm_calls": 0,
            "longest_repeat": 0,
            "cost_usd": None,
            "tools": [],
            "tool_path": "",
        }
    ]


def test_a_conversation_tells_repeats_and_how_it_ended() -> None:
    rows = [
        span("t1", "a", session_id="s", start_time=at(1), input="Where is it?", output="Soon."),
        span("t2", "a", session_id="s", start_time=at(2), input="where  is\nIT?", output="Soon."),
        span("t3", "a", session_id="s", start_time=at(3), input="Let me talk to a human"),
        span("t4", "a", session_id="dark", start_time=at(3)),
    ]
    columns = (
        "session_id",
        "repeated_prompts",
        "abandoned",
        "escalated",
        "first_input",
        "last_output",
    )
    assert sessions(rows, *columns) == [
        dict.fromkeys(columns) | {"session_id": "dark"},
        {
            "session_id": "s",
            "repeated_prompts": 1,
            "abandoned": True,
            "escalated": True,
            "first_input": "Where is it?",
            "last_output": "Soon.",
        },
    ]


def test_only_columns_that_are_needed_are_read() -> None:
    assert span_columns(["kind", "duration_ms"]) == {
        "kind",
        "duration_ms",
        "source",
        "trace_id",
        "span_id",
        "start_time",
    }
    texts = {"input", "output", "input_messages", "output_messages", "attributes", "tool_result"}
    assert not texts & trace_columns(["spans", "errors", "longest_repeat", "cost_usd"])


def test_every_declared_column_comes_in_its_type() -> None:
    rows = frame([span("t", "a", session_id="s")])
    spans = span_view(rows.lazy(), list(view_schema("span"))).collect()
    seen = trace_view(rows.lazy(), list(view_schema("trace"))).collect()
    found = session_view(seen.lazy(), list(view_schema("session"))).collect()
    assert dict(spans.schema) == view_schema("span")
    assert dict(seen.schema) == view_schema("trace")
    assert dict(found.schema) == view_schema("session")
    empty = frame([]).select(list(SPANS.schema))
    assert trace_view(empty.lazy(), list(view_schema("trace"))).collect().is_empty()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": [2]}', '{"b":[2.0],"a":1}', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ("not json ", "not json", True),
        ("[" * 100_000, "[" * 100_000, True),
        ("1e400", "1e401", False),
    ],
)
def test_arguments_have_one_form(one: str, other: str, same: bool) -> None:
    assert (canonical_json(one) == canonical_json(other)) is same
