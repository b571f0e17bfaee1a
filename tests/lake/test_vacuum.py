from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.lake.frames import reject, span, spans

from evalctl.core.errors import UserError
from evalctl.core.schema import REJECTS, SPANS
from evalctl.lake.optimize import optimize
from evalctl.lake.staging import stage
from evalctl.lake.vacuum import vacuum

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from evalctl.lake.lake import Lake

    Add = Callable[[pl.DataFrame], None]


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_vacuum_deletes_old_litter_and_spares_what_is_live_or_young(lake: Lake, add: Add) -> None:
    for number in range(5):
        add(spans(span(str(number))))
    removed = lake.files(SPANS)["path"].to_list()
    list(optimize(lake))
    orphan, young = (stage(lake.uri, SPANS, spans(span(name)))[0].path for name in "oy")
    folder = Path(lake.uri, "spans")
    draft = folder / "date=2026-03-01/part-1.parquet#1"
    draft.write_text("half")
    commit = folder / "_delta_log/_commit_1.json.tmp"
    commit.write_text("half")
    live = lake.files(SPANS)["path"].to_list()
    for path in (*removed, *live, orphan, draft, commit):
        age(folder / path, 48)  # the commit that removed the five is young

    [spans_done, *others] = vacuum(lake)

    assert (spans_done.table, spans_done.files) == ("spans", 3)
    assert [other.files for other in others] == [0] * 5
    left = {str(path.relative_to(folder)) for path in folder.rglob("*.parquet*")}
    assert left == {*live, *removed, young}
    assert not commit.exists()
    assert sorted(lake.spans().collect()["trace_id"]) == list("01234")


def test_a_dry_run_counts_what_vacuum_would_delete_and_changes_nothing(
    lake: Lake, add: Add
) -> None:
    for number in range(5):
        add(spans(span(str(number))))
    list(optimize(lake))
    version = lake.version(SPANS)

    planned = vacuum(lake, older_than_h=0, dry_run=True)
    unchanged = (lake.version(SPANS), len(list(Path(lake.uri, "spans").rglob("*.parquet"))))
    done = vacuum(lake, older_than_h=0)

    assert planned == done
    assert (planned[0].files, unchanged) == (5, (version, 6))
    assert len(list(Path(lake.uri, "spans").rglob("*.parquet"))) == 1


def test_files_of_a_first_commit_that_never_came_are_swept(lake: Lake) -> None:
    [file] = stage(lake.uri, REJECTS, reject("a"))
    path = Path(lake.uri, "rejects", file.path)
    age(path, 48)

    vacuum(lake)

    assert not path.exists()


def test_vacuum_without_anything_to_delete_writes_no_commit(lake: Lake, add: Add) -> None:
    add(spans(span("a")))

    vacuum(lake, older_than_h=0)

    assert lake.version(SPANS) == 1


def test_a_negative_age_is_refused(lake: Lake) -> None:
    with pytest.raises(UserError, match="--older-than -1 is negative"):
        vacuum(lake, older_than_h=-1)
