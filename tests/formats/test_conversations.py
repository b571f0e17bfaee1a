"""Chat records and benchmark runs become traces."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from tests.formats.reading import SHARED, Object, Read, read

CALL: Object = {
    "id": "c1",
    "type": "function",
    "function": {"name": "look", "arguments": '{"city": "Paris"}'},
}
TALK: list[Object] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Weather?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "18 C"},
    {"role": "assistant", "content": "It is 18 C."},
    {"role": "user", "content": "Thanks"},
    {"role": "assistant", "content": "Welcome."},
]


def talk(**more: object) -> Read:
    return read(json.dumps({"messages": TALK, **more}).encode() + b"\n")


def test_a_conversation_is_an_agent_with_a_span_per_answer_and_per_tool_result() -> None:
    found = talk().spans

    assert found.select("span_id", "parent_span_id", "kind", "input", "output").rows() == [
        ("0000", None, "agent", "Weather?", "Welcome."),
        ("0003", "0000", "llm", "Weather?", None),
        ("0004", "0000", "tool", '{"city": "Paris"}', "18 C"),
        ("0005", "0000", "llm", "Weather?", "It is 18 C."),
        ("0007", "0000", "llm", "Thanks", "Welcome."),
    ]


def test_a_tool_span_knows_the_call_that_it_answers() -> None:
    tool = talk().spans.row(2, named=True)

    assert [tool[n] for n in ("tool", "tool_call_id", "tool_args", "tool_result")] == [
        "look",
        "c1",
        '{"city": "Paris"}',
        "18 C",
    ]


def test_the_history_is_stored_once() -> None:
    found = [json.loads(text) if text else None for text in talk().spans["input_messages"]]

    assert found == [
        None,
        [{"role": "user", "content": "Weather?"}],
        None,
        [{"role": "tool", "content": "18 C", "tool_call_id": "c1"}],
        [{"role": "user", "content": "Thanks"}],
    ]


def test_legacy_functions_are_tools() -> None:
    old = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "function_call": {"name": "look", "arguments": "{}"},
        },
        {"role": "function", "name": "look", "content": "18 C"},
    ]

    found = read(json.dumps({"messages": old}).encode()).spans

    assert found.select("kind", "tool", "tool_args", "tool_result").rows()[-1] == (
        "tool",
        "look",
        "{}",
        "18 C",
    )


@pytest.mark.parametrize("key", ["trace_id", "id", "conversation_id"])
def test_a_given_id_is_the_trace_id(key: str) -> None:
    assert set(talk(**{key: "abc"}).spans["trace_id"]) == {"abc"}


def test_without_an_id_the_record_is_its_own() -> None:
    text = json.dumps({"messages": TALK}).encode()

    assert set(read(text).spans["trace_id"]) == {sha256(text).hexdigest()[:32]}


def test_session_user_model_and_tools_are_read_and_the_rest_is_kept() -> None:
    tools = [
        {"type": "function", "function": {"name": "look", "description": "d", "parameters": {}}}
    ]

    found = talk(session_id="s1", user_id="u1", model="m", tools=tools, note="n").spans

    assert set(found.select("session_id", "user_id").rows()) == {("s1", "u1")}
    assert found["model"].to_list() == [None, "m", None, "m", "m"]
    assert json.loads(found["tool_definitions"][1])[0]["name"] == "look"
    assert json.loads(found["attributes"][0]) == {"note": "n"}


def test_times_are_taken_from_messages_that_have_them() -> None:
    timed = [
        {"role": "user", "content": "a", "timestamp": "2026-11-20T08:00:00Z"},
        {"role": "assistant", "content": "b", "timestamp": 1_795_161_602},
    ]

    found = read(json.dumps({"messages": timed}).encode()).spans

    start, end = datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 11, 20, 8, 0, 2, tzinfo=UTC)
    assert (
        found.select("start_time", "end_time", "duration_ms").rows() == [(start, end, 2000.0)] * 2
    )


def test_records_come_in_lines_in_a_list_or_alone() -> None:
    record = {"messages": TALK}
    line = json.dumps(record).encode()
    pretty = json.dumps([record, {**record, "id": "x"}], indent=1).encode()

    assert read(line + b"\n" + line.replace(b"Thanks", b"Thx") + b"\n").spans.height == 10
    assert read(pretty).spans.height == 10
    assert read(json.dumps(record, indent=1).encode()).spans.height == 5


def test_a_record_that_is_no_conversation_is_a_reject() -> None:
    line = json.dumps({"messages": TALK}).encode()

    found = read(line + b'\n{"messages": "none"}\n[1]\nxx\n' + line[:40])

    assert found.spans.height == 5
    assert [(r.line, r.reason) for r in found.rejects] == [
        (2, "no list of messages"),
        (3, "not an object"),
        (4, "not JSON"),
    ]
    assert found.truncated


def test_a_reward_is_feedback_of_code_about_the_trace() -> None:
    runs = [{"task_id": 1, "reward": reward, "traj": TALK} for reward in (1.0, 0.0, 0.5)]

    found = read(json.dumps(runs).encode())

    assert found.container == "trajectory_runs"
    assert found.feedback.select("name", "value", "verdict", "annotator", "span_id").rows() == [
        ("reward", 1.0, "pass", "code", None),
        ("reward", 0.0, "fail", "code", None),
        ("reward", 0.5, "fail", "code", None),
    ]
    assert set(found.feedback["trace_id"]) == set(found.spans["trace_id"])


def test_tau_bench_is_two_hundred_traces_with_rewards() -> None:
    file = SHARED / "tau-bench" / "gpt-4o-airline.json"
    if not file.exists():
        pytest.skip("the shared data is not here")
    runs = json.loads(file.read_bytes())
    said = [m["role"] for run in runs for m in run["traj"]]

    found = read(file.read_bytes())

    kinds = dict(found.spans["kind"].value_counts().iter_rows())
    assert kinds == {"agent": len(runs), "llm": said.count("assistant"), "tool": said.count("tool")}
    assert kinds == {"agent": 200, "llm": 2454, "tool": 1164}
    assert (
        found.feedback["verdict"].to_list().count("pass")
        == sum(r["reward"] == 1 for r in runs)
        == 84
    )
    assert found.rejects == []
