from __future__ import annotations

import json
import pickle
import traceback
from typing import TYPE_CHECKING

import polars as pl
import pytest
from tests.lake.frames import span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import SPANS, TABLES
from evalctl.lake.lake import Lake

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path


def test_a_lake_is_created_once_and_opened_ever_after(tmp_path: Path) -> None:
    uri = str(tmp_path / "deep" / "lake")

    made = Lake.create(uri)

    assert (Lake.create(uri), Lake.open(uri), Lake.open(uri + "/")) == (made, made, made)
    assert len(made.salt) == 16


def test_of_many_processes_that_create_a_lake_one_decides_the_salt(
    tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    uri = tmp_path / "lake"
    processes = [start("create", uri) for _ in range(6)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()

    salts = {process.communicate("go\n")[0].strip() for process in processes}

    assert salts == {Lake.open(str(uri)).salt.hex()}
    assert [path.name for path in uri.iterdir()] == ["evalctl.json"]


def test_a_lake_travels_to_other_processes(lake: Lake) -> None:
    assert pickle.loads(pickle.dumps(lake)) == lake


def test_a_missing_lake_is_a_sentence_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^no lake at .*/nope: make one with evalctl ingest"):
        Lake.open(str(tmp_path / "nope"))


def test_a_folder_without_evalctl_json_is_no_lake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not a lake \(it has no evalctl.json\)"):
        Lake.open(str(tmp_path))


def test_a_folder_with_other_things_does_not_become_a_lake(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("\\title{}")

    with pytest.raises(UserError, match="neither empty nor a lake"):
        Lake.create(str(tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_way_of_a_lake_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("")

    with pytest.raises(UserError, match=r"cannot create a lake at .*/lake: "):
        Lake.create(str(tmp_path / "lake"))


def test_a_lake_of_a_newer_format_is_refused(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "lake" / "evalctl.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))

    with pytest.raises(UserError, match=r"is a lake of format 2, .* reads up to 1: upgrade"):
        Lake.open(lake.uri)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "salt": "xy"}'])
def test_a_damaged_evalctl_json_is_a_sentence(lake: Lake, tmp_path: Path, text: str) -> None:
    (tmp_path / "lake" / "evalctl.json").write_text(text)

    with pytest.raises(UserError, match=r"evalctl.json is damaged: restore it"):
        Lake.create(lake.uri)


def test_tables_that_were_never_written_are_empty_and_typed(lake: Lake) -> None:
    for table in TABLES:
        assert lake.scan(table).collect().schema == table.schema
        assert (lake.version(table), lake.files(table).height) == (-1, 0)
    assert lake.spans().collect().equals(pl.DataFrame(schema=SPANS.schema))


@pytest.mark.parametrize("damage", ["{cut off", ""])
def test_a_damaged_log_is_a_sentence_that_names_the_table(
    lake: Lake, tmp_path: Path, add: Callable[[pl.DataFrame], None], damage: str
) -> None:
    add(spans(span("a")))
    add(spans(span("b")))
    (tmp_path / "lake/spans/_delta_log" / f"{1:020}.json").write_text(damage)

    with pytest.raises(UserError, match=r"/spans: its _delta_log cannot be read") as error:
        lake.scan(SPANS).collect()

    assert "Kernel" not in "".join(traceback.format_exception(error.value))


def test_a_gap_in_the_log_is_a_sentence_that_names_the_table(
    lake: Lake, tmp_path: Path, add: Callable[[pl.DataFrame], None]
) -> None:
    add(spans(span("a")))
    add(spans(span("b")))
    (tmp_path / "lake/spans/_delta_log" / f"{1:020}.json").unlink()

    with pytest.raises(UserError, match=r"/spans: its _delta_log cannot be read"):
        lake.files(SPANS)
