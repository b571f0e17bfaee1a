"""A history that is told again reads as if it had never been told before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalctl.formats.replay import told, told_in_fields

TEXTS = st.text(alphabet='ab "\\\n,]}é😀', max_size=8)
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "human"])
PARTS = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "content": text}, TEXTS),
        st.builds(lambda text: {"type": "tool_call_response", "id": "c", "result": text}, TEXTS),
        st.just({"type": "tool_call", "id": "c", "name": "look", "arguments": {"q": 1}}),
        st.just({"type": "image", "url": "x"}),
    ),
    max_size=3,
)
ITEMS = st.lists(
    st.builds(lambda role, parts: {"role": role, "parts": parts}, ROLES, PARTS), max_size=5
)
FIELDS = st.lists(
    st.builds(lambda role, text: {"role": role, "content": text}, ROLES, TEXTS), max_size=5
)
_fresh = iter(range(10**9))


def new_trace() -> str:
    return f"trace-{next(_fresh)}"


@given(ITEMS, ITEMS, st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":")]))
def test_json_told_again_reads_as_the_first_time(
    before: list[Any], new: list[Any], separators: tuple[str, str]
) -> None:
    text = json.dumps([*before, *new], separators=separators, ensure_ascii=False)
    trace = new_trace()
    told(trace, json.dumps(before, separators=separators, ensure_ascii=False))

    assert told(trace, text) == told(new_trace(), text)
    assert told(trace, text) == told(new_trace(), text)


@given(FIELDS, FIELDS)
def test_fields_told_again_read_as_the_first_time(before: list[Any], new: list[Any]) -> None:
    trace = new_trace()
    told_in_fields(trace, before)

    assert told_in_fields(trace, before + new) == told_in_fields(new_trace(), before + new)


@pytest.mark.parametrize("end", [",]", "", "]]", "}]", ",,{}]", "] x", ', {"role": 1}]'])
def test_a_history_that_goes_on_badly_is_not_read_as_messages(end: str) -> None:
    start = '[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}'
    trace = new_trace()
    told(trace, f"{start}]")

    assert told(trace, f"{start}{end}") is None
