"""evalctl query: what SQL may ask, what it gets, and what it is told when it asks for what is not there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.look.lakes import Rows, answer, at, make_lake, manifest, score, span

if TYPE_CHECKING:
    from pathlib import Path

    from tests.look.conftest import Run

HOSTILE = "\x1b[2J \u202egnp.exe\n::error::boo ##[error]bad"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    spans = [
        span("t1", "a", kind="agent", end_time=at(9), input="SECRET-TEXT"),
        span("t1", "b", "a", kind="tool", tool="refund", start_time=at(1), tool_args='{"order":{"id":7},"a.b":[1,2]}'),
        span("t1", "c", "a", kind="tool", tool="search", start_time=at(2)),
        span("t2", "d", kind="agent", start_time=at(90_000)),
    ]  # fmt: skip
    scores = [
        score(
            "span", [answer("tool-error", "fail", explanation=HOSTILE)], trace_id="t1", span_id="b"
        ),
        score("span", [answer("tool-error", "pass")], trace_id="t1", span_id="c"),
        score("trace", [answer("slow", "fail")], trace_id="t1"),
    ]
    runs = [manifest("run-1", [("tool-error", "span"), ("slow", "trace")])]
    make_lake(tmp_path / "lake", Rows(spans=spans, scores=scores, runs=runs))
    return tmp_path / "lake"


@pytest.fixture
def ask(evalctl: Run, shop: Path) -> Run:
    return lambda sql, *flags: evalctl("query", sql, "--lake", str(shop), *flags)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) AS n FROM spans", [{"n": 4}]),
        ("SELECT span_id FROM spans WHERE date = '2026-05-02'", [{"span_id": "d"}]),
        ("SELECT span_id FROM spans WHERE start_time >= '2026-05-02'", [{"span_id": "d"}]),
        ("SELECT span_id, depth FROM spans WHERE tool = 'refund';", [{"span_id": "b", "depth": 1}]),
        ("SELECT tool_path, tools FROM traces WHERE tool_calls > 0", [{"tool_path": "refund > search", "tools": ["refund", "search"]}]),
        ("SELECT span_id FROM spans WHERE \"eval.tool-error.verdict\" = 'fail'", [{"span_id": "b"}]),
        ("SELECT s.span_id FROM spans s JOIN traces t ON s.trace_id = t.trace_id WHERE t.spans = 1", [{"span_id": "d"}]),
        ("WITH w AS (SELECT kind, count(*) AS n FROM spans GROUP BY kind) SELECT * FROM w ORDER BY n, kind", [{"kind": "agent", "n": 2}, {"kind": "tool", "n": 2}]),
        ("SELECT rubric, verdict FROM scores WHERE target = 'trace'", [{"rubric": "slow", "verdict": "fail"}]),
        ("SELECT run, state FROM runs", [{"run": "run-1", "state": "done"}]),
        ("SELECT count(*) AS n FROM rejects", [{"n": 0}]),
        ("SELECT chunk FROM sources JOIN rubrics ON sources.file = rubrics.rubric", []),
        ("SELECT tool_args ->> 'order.id' AS id FROM spans WHERE span_id = 'b'", [{"id": "7"}]),
        ("SELECT tool_args -> '$[\"a.b\"]' ->> 1 AS x FROM spans WHERE span_id = 'b'", [{"x": "2"}]),
        ("SELECT span_id -- FROM nowhere\nFROM spans /* FROM b */ WHERE name = 'span d'", [{"span_id": "d"}]),
        ("SELECT extract(hour FROM start_time) AS h FROM spans WHERE span_id = 'a'", [{"h": 10}]),
        ("SELECT span_id FROM SPANS WHERE kind = 'FROM nowhere' OR span_id = 'a'", [{"span_id": "a"}]),
        ("SELECT 1 AS one", [{"one": 1}]),
        ("SELECT span_id FROM spans WHERE kind = 'prompt'", []),
    ],
)  # fmt: skip
def test_a_query_gets_its_rows(ask: Run, sql: str, rows: list[dict[str, object]]) -> None:
    done = ask(sql, "--format", "json")

    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["data"] == rows


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT spanid FROM spans", "no column 'spanid' (did you mean 'span_id'?)"),
        ("SELECT s.spanid FROM spans s", "no column 'spanid' (did you mean 'span_id'?)"),
        ("SELECT xyzzy FROM spans", "no column 'xyzzy'; evalctl query 'SELECT * FROM spans LIMIT 1' --format json shows all"),
        ("SELECT * FROM span", "no table 'span' (did you mean 'spans'?); tables are spans, traces, sessions, scores, runs, rubrics, rejects, sources"),
        ("SELECT * FROM read_csv('/etc/passwd')", "no table 'read_csv'; tables are spans, traces, sessions, scores, runs, rubrics, rejects, sources"),
        ("SELECT * FROM spans, read_csv('/etc/passwd')", "read_csv reads files, and a query reads the lake: spans, traces, sessions, scores, runs, rubrics, rejects, sources"),
        ("SELECT * FROM '/etc/passwd'", "no table '/etc/passwd'; tables are spans, traces, sessions, scores, runs, rubrics, rejects, sources"),
        ("DROP TABLE spans", "a query only reads: it begins with SELECT or WITH, not with 'DROP'"),
        ("DELETE FROM spans", "a query only reads: it begins with SELECT or WITH, not with 'DELETE'"),
        ("", 'the query is empty; write evalctl query "SELECT kind, count(*) FROM spans GROUP BY kind"'),
        ("SELECT kind FROM spans WHERE", "the query cannot be answered: sql parser error: Expected: an expression, found: EOF"),
        ("SELECT eval.slow.verdict FROM traces", "no column 'eval'; columns of scores stand in double quotes: \"eval.<rubric>.verdict\""),
        ('SELECT "eval.slw.verdict" FROM traces', "no scores of rubric 'slw' (did you mean 'slow'?); evalctl runs lists what was asked"),
        ("SELECT tool_args ->> 'a..b' FROM spans", "a..b"),
        ("SELECT frobnicate(kind) FROM spans", "the query cannot be answered: unsupported function 'frobnicate'"),
    ],
)  # fmt: skip
def test_a_bad_query_gets_one_sentence(ask: Run, sql: str, said: str) -> None:
    done = ask(sql)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("evalctl: ")
    assert said in done.err
    assert done.err.count("\n") == 1
    assert "polars" not in done.err


def test_an_error_repeats_no_text_of_a_trace(ask: Run) -> None:
    done = ask("SELECT CAST(input AS INT) FROM spans")

    assert done.code == 2
    assert "SECRET" not in done.err


def test_a_table_says_how_many_rows_there_are(ask: Run) -> None:
    done = ask("SELECT span_id FROM spans ORDER BY span_id", "--limit", "2")

    assert done.out == "span_id\na\nb\n"
    assert done.err == "showing 2 of 4 rows; --limit 4 shows all\n"


def test_a_wide_table_says_how_many_columns_there_are(ask: Run) -> None:
    done = ask("SELECT * FROM spans")

    assert max(map(len, done.out.splitlines())) <= 80
    assert "showing 8 of 77 columns; name them, or --format json\n" in done.err


def test_select_star_has_the_scores_of_the_view(ask: Run) -> None:
    rows = json.loads(ask("SELECT * FROM spans WHERE span_id = 'a'", "--format", "json").out)[
        "data"
    ]

    assert rows[0]["eval.slow.verdict"] == "fail"
    assert rows[0]["eval.tool-error.verdict"] is None


def test_lists_and_structs_are_readable_in_a_table(ask: Run) -> None:
    assert ask("SELECT tools FROM traces WHERE spans = 3").out == "tools\nrefund, search\n"


def test_json_lines_are_not_limited(ask: Run) -> None:
    lines = ask("SELECT span_id FROM spans ORDER BY span_id", "--format", "jsonl").out.splitlines()

    assert [json.loads(line) for line in lines] == [{"span_id": name} for name in "abcd"]


def test_text_of_traces_never_reaches_the_terminal_raw(ask: Run) -> None:
    for form in ("table", "json", "jsonl", "csv", "md"):
        done = ask("SELECT explanation FROM scores WHERE explanation <> ''", "--format", form)
        assert not {"\x1b", "\u202e"} & set(done.out + done.err)
        assert not [line for line in done.out.splitlines() if line.strip().startswith("::")]


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    spans = [span(f"t{i}", f"s{i}", input="x" * 5_000, start_time=at(i)) for i in range(500)]
    make_lake(tmp_path / "lake", Rows(spans=spans))
    sql = "SELECT * FROM spans"

    query = f"'{sys.executable}' -m evalctl query '{sql}' --format jsonl --lake '{tmp_path}/lake'"
    pipe = ["bash", "-o", "pipefail", "-c", f"{query} | head -c 10"]
    done = subprocess.run(pipe, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


def test_sql_comes_from_stdin_too(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evalctl", "query", "-", "--lake", str(shop), "--format", "csv"],
        input=b"SELECT count(*) AS n FROM spans", capture_output=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, b"n\n4\n")


def test_a_lake_that_is_not_there_is_one_sentence(evalctl: Run, tmp_path: Path) -> None:
    done = evalctl("query", "SELECT 1", "--lake", str(tmp_path / "nowhere"))

    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
