"""evalctl show: the tree, whatever the parents say, and text that a terminal must not obey."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.look.conftest import process
from tests.look.lakes import Rows, answer, at, make_lake, manifest, score, span

from evalctl.workflows.show_tree import tree

if TYPE_CHECKING:
    from tests.look.conftest import Run

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER = "4bf92f3500000000000000000000aaaa"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe\n::error file=x::boo ##[error]bad"


def support(**tool: Any) -> list[dict[str, Any]]:
    """Return a support agent's trace: agent, llm, and a tool that fails."""
    said = {"status": "error", "status_message": "card expired", "error_type": "Declined", **tool}
    return [
        span(
            TRACE, "a1", kind="agent", name="invoke_agent support", end_time=at(10),
            session_id="sess-42", user_id="user-0", service="shop", input="Refund me", output="Sorry",
        ),
        span(
            TRACE, "b2", "a1", kind="llm", name="chat", model="gpt-4o", start_time=at(0.5),
            end_time=at(2), prompt_tokens=54, completion_tokens=12, cost_usd=0.002,
        ),
        span(
            TRACE, "c3", "a1", kind="tool", name="execute_tool", tool="issue_refund",
            start_time=at(2), end_time=at(2.02), tool_args='{"amount":3}', tool_result="no", **said,
        ),
    ]  # fmt: skip


def scores() -> list[dict[str, Any]]:
    return [
        score("span", [answer("json-valid", "pass"), answer("tool-error", "fail", explanation="error")],
              trace_id=TRACE, span_id="c3"),
        score("trace", [answer("slow-trace", "pass")], trace_id=TRACE),
    ]  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    runs = [
        manifest("run-1", [("tool-error", "span"), ("json-valid", "span"), ("slow-trace", "trace")])
    ]
    make_lake(
        tmp_path / "lake", Rows(spans=[*support(), span(OTHER, "z9")], scores=scores(), runs=runs)
    )
    return tmp_path / "lake"


def test_a_trace_is_drawn_as_a_tree_with_its_verdicts(evalctl: Run, shop: Path) -> None:
    done = evalctl("show", TRACE, "--lake", str(shop))

    assert done.out == (
        "trace 4bf92f3577b34da6a3ce929d0e0e4736\n"
        "source default · session sess-42 · user user-0 · service shop\n"
        "2026-05-01 10:00:00 UTC · 10.00 s · 3 spans · 54+12 tokens · $0.002 · 1 error\n"
        "complete\n"
        "✓ pass: slow-trace\n"
        "\n"
        "span                          kind           time                         tokens\n"
        "invoke_agent support          agent       10.00 s  ████████████████\n"
        "├ chat gpt-4o                 llm          1.50 s  ███                     54+12\n"
        "└ ✗ issue_refund              tool          20 ms     █\n"
        "    ✗ error: card expired\n"
        "    ✗ fail tool-error: error\n"
        "    ✓ pass: json-valid\n"
    )
    assert done.err == f"next:  evalctl why {TRACE} tool-error --span c3\n"
    assert done.code == 0


def test_content_is_shown_only_on_demand(evalctl: Run, shop: Path) -> None:
    without = evalctl("show", TRACE, "--lake", str(shop)).out
    with_content = evalctl("show", TRACE, "--content", "--lake", str(shop)).out

    assert "Refund me" not in without
    assert "  in: Refund me\n  out: Sorry\n" in with_content
    assert '    args: {"amount":3}\n    result: no\n' in with_content


def test_the_beginning_of_an_id_is_enough(evalctl: Run, shop: Path) -> None:
    assert evalctl("show", "4bf92f3577", "--lake", str(shop)).out.startswith(f"trace {TRACE}\n")


def test_upper_case_hex_finds_the_trace(evalctl: Run, shop: Path) -> None:
    assert evalctl("show", TRACE.upper(), "--lake", str(shop)).out.startswith(f"trace {TRACE}\n")


def test_the_beginning_of_two_ids_lists_both(evalctl: Run, shop: Path) -> None:
    done = evalctl("show", "4bf92f35", "--lake", str(shop))

    assert done.code == 2
    assert done.out == ""
    assert done.err == (
        f"evalctl: 4bf92f35 begins 2 trace ids: {OTHER} {TRACE}; give more of the id\n"
    )


def test_an_id_that_is_not_there_names_the_nearest(evalctl: Run, shop: Path) -> None:
    done = evalctl("show", TRACE[:-1] + "7", "--lake", str(shop))

    assert done.code == 2
    assert f"no trace {TRACE[:-1]}7" in done.err
    assert f"did you mean '{TRACE}'?" in done.err


def test_one_span_is_shown_in_full(evalctl: Run, shop: Path) -> None:
    done = evalctl("show", TRACE, "--span", "c3", "--lake", str(shop))

    lines = dict(line.split("  ", 1) for line in done.out.splitlines() if "  " in line)
    assert lines["tool"].strip() == "issue_refund"
    assert lines["tool_args"].strip() == '{"amount":3}'
    assert lines["status_message"].strip() == "card expired"
    assert "✗ fail tool-error: error" in done.out


def test_messages_of_a_span_read_as_a_conversation(evalctl: Run, tmp_path: Path) -> None:
    said = [
        {"role": "user", "content": "two\nlines"},
        {"role": "assistant", "tool_calls": [{"name": "look", "arguments": '{"q":1}'}]},
    ]
    make_lake(tmp_path / "lake", Rows(spans=[span(TRACE, "a1", input_messages=json.dumps(said))]))

    done = evalctl("show", TRACE, "--span", "a1", "--lake", str(tmp_path / "lake"))

    assert (
        'input_messages\n  | user: two\n  | lines\n  | assistant:\n  |   calls look {"q":1}\n'
        in done.out
    )


def test_json_has_trace_spans_and_scores(evalctl: Run, shop: Path) -> None:
    done = evalctl("show", TRACE, "--format", "json", "--lake", str(shop))

    said = json.loads(done.out)
    assert (said["evalctl"], said["command"]) == (1, "show")
    assert said["data"]["trace"]["prompt_tokens"] == 54
    assert [(s["span_id"], s["depth"]) for s in said["data"]["spans"]] == [
        ("a1", 0),
        ("b2", 1),
        ("c3", 1),
    ]
    assert {s["rubric"]: s["verdict"] for s in said["data"]["scores"]} == {
        "slow-trace": "pass", "tool-error": "fail", "json-valid": "pass",
    }  # fmt: skip


def test_a_score_of_another_trace_is_not_shown(evalctl: Run, shop: Path) -> None:
    assert "fail" not in evalctl("show", OTHER, "--lake", str(shop)).out


def test_only_the_newest_version_of_a_score_is_shown(evalctl: Run, tmp_path: Path) -> None:
    old = score("trace", [answer("slow", "fail", version="old")], trace_id=TRACE, run="run-1")
    new = score(
        "trace",
        [answer("slow", "pass", version="new")],
        trace_id=TRACE,
        run="run-2",
        scored_at=at(9999),
    )
    make_lake(tmp_path / "lake", Rows(spans=support(), scores=[new, old]))

    done = evalctl("show", TRACE, "--lake", str(tmp_path / "lake"))

    assert "✓ pass: slow\n" in done.out
    assert "fail slow" not in done.out


def test_orphans_circles_and_several_roots_are_all_drawn(evalctl: Run, tmp_path: Path) -> None:
    spans = [
        span(TRACE, "r1"),
        span(TRACE, "r2", start_time=at(1)),
        span(TRACE, "lost", "gone", start_time=at(2)),
        span(TRACE, "below", "lost", start_time=at(3)),
        span(TRACE, "x", "y", start_time=at(4)),
        span(TRACE, "y", "x", start_time=at(5)),
        span(TRACE, "self", "self", start_time=None),
    ]
    make_lake(tmp_path / "lake", Rows(spans=spans))

    done = evalctl("show", TRACE, "--lake", str(tmp_path / "lake"))

    drawn = [line[:30].rstrip() for line in done.out.splitlines() if "span " in line[:12]]
    assert drawn == [
        "span", "span r1", "span r2", "span lost", "└ span below", "span x", "└ span y", "span self",
    ]  # fmt: skip
    assert "  · parent gone is not in the lake\n" in done.out
    assert done.out.count("its parents go round in a circle") == 2


def test_a_thousand_levels_are_drawn_within_eighty_columns(evalctl: Run, tmp_path: Path) -> None:
    spans = [span(TRACE, f"s{i}", f"s{i - 1}" if i else None) for i in range(1000)]
    make_lake(tmp_path / "lake", Rows(spans=spans))

    lines = evalctl("show", TRACE, "--lake", str(tmp_path / "lake")).out.splitlines()

    assert sum(" chain " in line for line in lines) == 1000
    assert max(map(len, lines)) <= 80


def test_tree_order_is_by_start_then_depth() -> None:
    spans = [span("t", "a"), span("t", "b", "a"), span("t", "c", "b"), span("t", "d", "a")]

    lines = tree(spans)

    assert [(line.span["span_id"], line.rails) for line in lines] == [
        ("a", (False,)), ("b", (False, True)), ("c", (False, True, False)), ("d", (False, False)),
    ]  # fmt: skip


def test_text_of_traces_never_reaches_the_terminal_raw(evalctl: Run, tmp_path: Path) -> None:
    spans = [
        span(TRACE, "a1", name=HOSTILE, service=HOSTILE, session_id=HOSTILE, user_id=HOSTILE,
             input=HOSTILE, output=HOSTILE, status="error", status_message=HOSTILE, model=HOSTILE),
        span(TRACE, "b2", HOSTILE, name="::error::root", kind="tool", tool=HOSTILE, tool_args=HOSTILE),
    ]  # fmt: skip
    about = [
        score("span", [answer(HOSTILE, "fail", explanation=HOSTILE)], trace_id=TRACE, span_id="a1")
    ]
    make_lake(tmp_path / "lake", Rows(spans=spans, scores=about))
    at_lake = ("--lake", str(tmp_path / "lake"))

    shown = [
        evalctl("show", TRACE, "--content", *at_lake),
        evalctl("show", TRACE, "--span", "a1", *at_lake),
        evalctl("show", TRACE, "--format", "json", *at_lake),
        evalctl("show", TRACE, "--format", "md", *at_lake),
    ]

    for done in shown:
        text = done.out + done.err
        assert not {"\x1b", "\x07", "\u202e", "\r"} & set(text)
        assert not [line for line in text.splitlines() if line.strip().startswith("::")]
        if not text.startswith("{"):
            assert "##[" not in text


def test_a_console_without_utf8_gets_ascii(shop: Path, tmp_path: Path) -> None:
    done = process("show", TRACE, "--lake", str(shop), cwd=tmp_path, PYTHONIOENCODING="cp1252")

    assert done.returncode == 0
    assert b"| chat gpt-4o" in done.stdout
    assert b"x fail tool-error: error" in done.stdout
    assert b"####" in done.stdout


def test_a_closed_pipe_is_no_error(shop: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    show = f"'{sys.executable}' -m evalctl show {TRACE} --lake '{shop}' | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", show], capture_output=True, check=False)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
