"""With redaction on, no byte of personal data reaches the lake, and JSON stays JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
from tests.ingest.otlp import line, span

from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

EMAIL = "jane.roe@example.org"
CARD = "4111111111111111"
EVERYWHERE = {
    "openinference.span.kind": "LLM",
    "input.value": f"write to {EMAIL}",
    "output.value": f"sent to\n{EMAIL}",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": f"my card is {CARD} and I am\n{EMAIL}",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": f"thanks {EMAIL}",
    "custom.note": f"call {EMAIL}",
    "user.id": EMAIL,
    "session.id": "s-1",
}
TOOL = {
    "openinference.span.kind": "TOOL",
    "tool.name": "refund",
    "input.value": json.dumps({"to": EMAIL, "card": int(CARD), "text": f"a\n{EMAIL}"}),
    "output.value": json.dumps({"ok": True, "mail": EMAIL}),
}


def _export(tmp_path: Path) -> Path:
    file = tmp_path / "a.jsonl"
    failing = [
        {
            "name": "exception",
            "timeUnixNano": "1772366400000000000",
            "attributes": [
                {"key": "exception.message", "value": {"stringValue": f"no route to {EMAIL}"}}
            ],
        }
    ]
    llm = span(1, 1, attributes=EVERYWHERE, events=failing)
    llm["status"] = {"code": 2, "message": f"refused by {EMAIL}"}
    file.write_bytes(line(llm, span(1, 2, attributes=TOOL)))
    return file


def test_nothing_personal_is_in_any_column_or_file(tmp_path: Path, lake: Path) -> None:
    options = IngestOptions(redact=("email", "card"))

    ingest(str(lake), [str(_export(tmp_path))], options)

    found = Lake.open(str(lake)).spans().collect()
    said = found.select(pl.col(pl.String)).write_json()
    assert found.height == 2
    assert EMAIL not in said
    assert CARD not in said
    assert said.count("<EMAIL>") > 8
    for file in lake.rglob("*"):
        if file.is_file():
            assert EMAIL.encode() not in file.read_bytes()


def test_json_columns_stay_json(tmp_path: Path, lake: Path) -> None:
    ingest(str(lake), [str(_export(tmp_path))], IngestOptions(redact=("email", "card")))

    found = Lake.open(str(lake)).spans().collect()
    for name in ("input_messages", "output_messages", "tool_args", "attributes", "events"):
        for text in found[name].drop_nulls():
            json.loads(text)
    (args,) = found["tool_args"].drop_nulls()
    assert json.loads(args)["card"] == "<CARD>"


def test_a_user_who_is_an_address_becomes_one_pseudonym(tmp_path: Path, lake: Path) -> None:
    ingest(str(lake), [str(_export(tmp_path))], IngestOptions(redact=("email",)))

    found = Lake.open(str(lake)).spans().collect()
    (user,) = found["user_id"].drop_nulls().unique()
    assert user.startswith("anon-")
    assert found["session_id"].drop_nulls().unique().to_list() == ["s-1"]


def test_redaction_is_on_where_it_is_configured_and_off_with_a_flag(
    evalctl: Run, tmp_path: Path, lake: Path
) -> None:
    _export(tmp_path)
    (tmp_path / "evalctl.toml").write_text("[redact]\n")

    evalctl("ingest", "a.jsonl")
    evalctl("ingest", "a.jsonl", "--source", "plain", "--no-redact")

    rows = Lake.open(str(lake)).spans().filter(pl.col("status_message").is_not_null()).collect()
    said = dict(rows.select("source", "status_message").iter_rows())
    assert said == {"default": "refused by <EMAIL>", "plain": f"refused by {EMAIL}"}


def test_an_entity_that_is_none_is_a_sentence(evalctl: Run, tmp_path: Path) -> None:
    _export(tmp_path)
    (tmp_path / "evalctl.toml").write_text('[redact]\nentities = ["emial"]\n')

    done = evalctl("ingest", "a.jsonl")

    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'email'?" in done.stderr
