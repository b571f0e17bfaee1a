"""evalctl export: what comes out goes in again, and nothing half-written stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from tests.look.conftest import process
from tests.look.lakes import Rows, answer, as_json, at, make_lake, manifest, score, span

from evalctl.core.schema import SPANS
from evalctl.core.selection import Selection
from evalctl.core.starter import demo_traces
from evalctl.core.views import view_schema
from evalctl.formats.decode import decode, sniff
from evalctl.lake.lake import Lake
from evalctl.workflows.export import Export

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.look.conftest import Run

    from evalctl.workflows.export import ExportFormat

OTLP: tuple[ExportFormat, ...] = ("otlp", "openinference")
CAPTURED = Path(__file__).parents[1] / "data" / "captured"
SAME = (
    "trace_id", "span_id", "parent_span_id", "is_root", "name", "kind", "start_time", "end_time",
    "duration_ms", "status", "status_message", "error_type", "finish_reason", "model",
    "request_model", "provider", "prompt_tokens", "completion_tokens", "cache_read_tokens",
    "cache_write_tokens", "reasoning_tokens", "cost_usd", "input", "output", "input_messages",
    "output_messages", "system_prompt", "documents", "content_captured", "tool", "tool_call_id",
    "tool_args", "tool_result", "tool_definitions", "agent", "service", "service_version",
    "environment", "project", "resource", "events", "links", "scope_name", "scope_version",
)  # fmt: skip
"""What an export and an ingest leave as it was. Sessions and users are written on every span of their
trace; attributes may change their order."""


def rows(lake: Lake) -> pl.DataFrame:
    return lake.spans().select(SAME).collect().sort("trace_id", "span_id")


@pytest.mark.parametrize("form", OTLP)
@pytest.mark.parametrize("source", [demo_traces(), CAPTURED], ids=["starter", "captured"])
def test_what_is_exported_and_ingested_is_the_same(
    evalctl: Run, tmp_path: Path, form: str, source: Path
) -> None:
    evalctl("ingest", str(source), "--lake", "one")

    exported = evalctl("export", "--format", form, "-o", "out.jsonl", "--lake", "one")
    evalctl("ingest", "out.jsonl", "--lake", "two")

    first, second = (rows(Lake.open(str(tmp_path / name))) for name in ("one", "two"))
    assert exported.code == 0
    assert first.height > 60
    assert_frame_equal(second, first)


TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant"]),
        "content": TEXT.filter(lambda t: t[:1] not in '[{"'),
    },
    optional={"name": TEXT},
)


@pytest.mark.parametrize("form", OTLP)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    messages=st.lists(MESSAGE, min_size=1, max_size=4),
    calls=st.dictionaries(TEXT, st.integers(), max_size=2),
)
def test_any_conversation_survives(
    tmp_path_factory: pytest.TempPathFactory,
    form: ExportFormat,
    messages: list[dict[str, Any]],
    calls: dict[str, int],
) -> None:
    reply = {
        "role": "assistant",
        "content": "fine",
        "tool_calls": [{"id": "1", "name": "f", "arguments": as_json(calls)}],
    }
    said = [{k: m[k] for k in ("role", "content", "name") if k in m} for m in messages]
    spans = [
        span("aa", "bb", kind="llm", input_messages=as_json(said), output_messages=as_json([reply]),
             input=next((m["content"] for m in reversed(said) if m["role"] == "user"), said[-1]["content"]),
             output="fine", prompt_tokens=1),
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("conversation")
    lake = make_lake(folder / "lake", Rows(spans=spans))

    Export(lake=lake, selection=Selection(), form=form).to_file(folder / "out.jsonl")

    found = decoded((folder / "out.jsonl").read_bytes())
    assert json.loads(found["input_messages"]) == said
    assert json.loads(found["output_messages"]) == [reply]
    assert (found["input"], found["output"]) == (spans[0]["input"], "fine")


def decoded(data: bytes) -> dict[str, Any]:
    from evalctl.formats.batch import Chunk

    container = sniff(data)
    chunk = Chunk(data=data, offset=0, line=1, container=container, is_last=True)
    return next(iter(decode(chunk, container))).spans.to_dicts()[0]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    spans = [
        span("ab" * 16, "a" * 16, kind="agent", session_id="s1", input="hi", output="bye",
             attributes=as_json({"x": 1.5, "list": [1, "a"], "map": {"k": None}, "flag": True}),
             events=as_json([{"name": "exception", "time": "2026-05-01T10:00:00.000001Z", "attributes": {"n": 1}}])),
        span("ab" * 16, "b" * 16, "a" * 16, kind="guardrail", start_time=None),
    ]  # fmt: skip
    scores = [
        score("span", [answer("tool-error", "fail", explanation="broke", value=0.25)], trace_id="ab" * 16, span_id="b" * 16),
        score("trace", [answer("slow", "pass", annotator="llm")], trace_id="ab" * 16),
        score("session", [answer("calm", "unknown", annotator="human")], session_id="s1"),
        score("span", [answer("judged", None, status="skipped", reason="no_model")], trace_id="ab" * 16, span_id="a" * 16),
    ]  # fmt: skip
    asked = [("tool-error", "span"), ("slow", "trace"), ("calm", "session"), ("judged", "span")]
    make_lake(tmp_path / "lake", Rows(spans=spans, scores=scores, runs=[manifest("run-1", asked)]))
    return tmp_path / "lake"


@pytest.fixture
def exported(evalctl: Run, shop: Path, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Export to OTLP and return the spans, by their order of ids."""

    def export(form: str, *flags: str) -> list[dict[str, Any]]:
        out = tmp_path / "out.jsonl"
        assert (
            evalctl("export", "--format", form, "-o", str(out), "--lake", str(shop), *flags).code
            == 0
        )
        requests = [json.loads(line) for line in out.read_text().splitlines()]
        spans = [
            s
            for r in requests
            for of in r["resourceSpans"]
            for c in of["scopeSpans"]
            for s in c["spans"]
        ]
        return sorted(spans, key=lambda span: span["spanId"])

    return export


def plain(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values()), None) for pair in pairs}


def test_otlp_carries_scores_as_evaluation_events(
    exported: Callable[..., list[dict[str, Any]]],
) -> None:
    agent, guard = exported("otlp", "--with-scores")

    said = [
        plain(e["attributes"]) for e in agent["events"] if e["name"] == "gen_ai.evaluation.result"
    ]
    assert [(s["gen_ai.evaluation.name"], s["gen_ai.evaluation.score.label"], s["evalctl.target"]) for s in said] == [
        ("slow", "pass", "trace"), ("calm", "unknown", "session"),
    ]  # fmt: skip
    assert plain(guard["events"][0]["attributes"]) == {
        "gen_ai.evaluation.name": "tool-error",
        "gen_ai.evaluation.score.value": 0.25,
        "gen_ai.evaluation.score.label": "fail",
        "gen_ai.evaluation.explanation": "broke",
        "evalctl.target": "span",
        "evalctl.version": "0123456789ab",
    }


def test_openinference_carries_scores_as_evaluations(
    exported: Callable[..., list[dict[str, Any]]],
) -> None:
    agent, guard = exported("openinference", "--with-scores")

    assert plain(guard["attributes"]) == {
        "openinference.span.kind": "GUARDRAIL",
        "session.id": "s1",
        "evaluations.0.evaluation.name": "tool-error",
        "evaluations.0.evaluation.score": 0.25,
        "evaluations.0.evaluation.label": "fail",
        "evaluations.0.evaluation.explanation": "broke",
        "evaluations.0.evaluation.annotator_kind": "CODE",
        "evaluations.0.evaluation.identifier": "0123456789ab",
    }
    said = plain(agent["attributes"])
    assert said["trace.evaluations.0.evaluation.name"] == "slow"
    assert said["session.evaluations.0.evaluation.annotator_kind"] == "HUMAN"


def test_without_scores_there_are_none(exported: Callable[..., list[dict[str, Any]]]) -> None:
    assert "evaluation" not in json.dumps([exported(form) for form in OTLP])


def test_attributes_and_times_are_written_by_the_protocol(
    exported: Callable[..., list[dict[str, Any]]],
) -> None:
    agent, guard = exported("otlp")

    values = {pair["key"]: pair["value"] for pair in agent["attributes"]}
    assert values["x"] == {"doubleValue": 1.5}
    assert values["flag"] == {"boolValue": True}
    assert values["list"] == {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "a"}]}}
    assert values["map"] == {"kvlistValue": {"values": [{"key": "k", "value": {}}]}}
    assert agent["startTimeUnixNano"] == "1777629600000000000"
    assert agent["events"][0]["timeUnixNano"] == "1777629600000001000"
    assert "startTimeUnixNano" not in guard
    assert "parentSpanId" not in agent


def test_rows_have_the_columns_of_the_view_and_of_scores(
    evalctl: Run, shop: Path, tmp_path: Path
) -> None:
    evalctl("export", "--format", "jsonl", "--with-scores", "-o", "out.jsonl", "--lake", str(shop))
    evalctl(
        "export", "--format", "parquet", "--with-scores", "-o", "out.parquet", "--lake", str(shop)
    )

    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert list(lines[0]) == frame.columns
    assert frame.columns[: len(view_schema("span"))] == list(view_schema("span"))
    by_id = {line["span_id"][0]: line for line in lines}
    assert by_id["b"]["eval.tool-error.verdict"] == "fail"
    assert by_id["a"]["eval.slow.verdict"] == "pass"
    assert by_id["a"]["start_time"] == "2026-05-01T10:00:00+00:00"


def test_a_selection_narrows_the_export(exported: Callable[..., list[dict[str, Any]]]) -> None:
    assert [span["spanId"] for span in exported("otlp", "--kind", "guardrail")] == ["b" * 16]


def test_nothing_selected_is_an_error_and_leaves_no_file(
    evalctl: Run, shop: Path, tmp_path: Path
) -> None:
    for form in (*OTLP, "jsonl", "parquet"):
        done = evalctl(
            "export", "--format", form, "--tool", "nobody", "-o", "out", "--lake", str(shop)
        )
        assert (done.code, done.out) == (2, "")
        assert "the selection has no spans" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake"]


def test_a_file_that_cannot_be_written_is_one_sentence(evalctl: Run, shop: Path) -> None:
    done = evalctl("export", "-o", "nowhere/out.jsonl", "--lake", str(shop))

    assert (done.code, done.out) == (2, "")
    assert done.err == "evalctl: cannot write nowhere/out.jsonl: No such file or directory\n"


def test_an_export_replaces_a_file_only_when_it_is_whole(
    evalctl: Run, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").write_text("before")

    failed = evalctl("export", "--tool", "nobody", "-o", "out.jsonl", "--lake", str(shop))
    kept = (tmp_path / "out.jsonl").read_text()
    evalctl("export", "-o", "out.jsonl", "--lake", str(shop))

    assert (failed.code, kept) == (2, "before")
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize("form", ["jsonl", "parquet", "otlp"])
def test_stdout_gets_what_a_file_gets(shop: Path, tmp_path: Path, form: str) -> None:
    piped = process("export", "--format", form, "--lake", str(shop), cwd=tmp_path)
    process("export", "--format", form, "--lake", str(shop), "-o", "out", cwd=tmp_path)

    assert piped.returncode == 0
    assert piped.stdout == (tmp_path / "out").read_bytes()
    assert piped.stderr == b"wrote 2 spans\n"


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    spans = [span(f"t{i}", f"s{i}", input="x" * 5_000, start_time=at(i)) for i in range(2_000)]
    make_lake(tmp_path / "lake", Rows(spans=spans))

    export = f"'{sys.executable}' -m evalctl export --lake '{tmp_path}/lake' | head -c 10"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", export], capture_output=True, check=False
    )

    assert done.returncode == 0
    assert done.stderr == b""


def test_every_column_is_exported_or_known_to_be_left_out() -> None:
    left_out = {
        "source", "date", "bucket", "u", "source_format", "source_file", "ingest_batch", "ingested_at",
        "warnings", "digest", "revision", "evaluations",
    }  # fmt: skip

    assert set(SPANS.schema) - left_out - set(SAME) == {
        "session_id", "user_id", "ttft_ms", "prompt_name", "prompt_version", "attributes",
    }  # fmt: skip
