"""What a run adds to the lake, in an order that a kill at any point cannot hurt.

Spans come first, then feedback, then rejects, and last the note of which chunks were read. After a
kill in between, the same command reads the unnoted chunks again and finds what is there by key.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from evalctl.core.schema import SPANS
from evalctl.lake.snapshot import Moved
from evalctl.lake.staging import discard, stage
from evalctl.workflows.ingest_dedupe import Held, Settled, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from evalctl.core.table import Table
    from evalctl.lake.lake import Lake
    from evalctl.lake.snapshot import Snapshot
    from evalctl.lake.staging import StagedFile
    from evalctl.workflows.ingest_events import Job, Staged


def add_spans(lake: Lake, staged: list[Staged], job: Job) -> Settled:
    """Commit staged spans, each key once; ``staged`` is changed in place to what was committed.

    Raises:
        UserError: the lake cannot be written.
    """
    dropped: Counter[int] = Counter()
    replaced: Counter[int] = Counter()
    seen: set[str] = set()
    while True:
        snapshot = lake.snapshot(SPANS)
        paths = _unseen(snapshot, staged, seen)
        settled = settle(lake.uri, staged, Held(paths=paths, source=job.source))
        dropped.update(settled.dropped)
        replaced.update(settled.replaced)
        try:
            snapshot.commit([one.file for one in staged if one.file], {"ingest_batch": job.batch})
        except Moved:
            continue
        return Settled(dropped=dict(dropped), replaced=dict(replaced))


def foresee(lake: Lake | None, staged: list[Staged], job: Job) -> Settled:
    """Tell what ``add_spans`` would drop and replace; nothing is written."""
    paths = _unseen(lake.snapshot(SPANS), staged, set()) if lake else []
    return settle("", staged, Held(paths=paths, source=job.source))


def add_new(lake: Lake, table: Table, rows: pl.DataFrame, key: Sequence[str]) -> int:
    """Commit the rows whose key the table does not have, and return how many they are.

    Raises:
        UserError: the lake cannot be written.
    """
    once = rows.unique(key, maintain_order=True)
    while once.height:
        snapshot = lake.snapshot(table)
        there = snapshot.scan().select(key)
        new = once.lazy().join(there, on=key, how="anti", nulls_equal=True).collect()
        if _commit(lake, snapshot, new):
            return new.height
    return 0


def _commit(lake: Lake, snapshot: Snapshot, rows: pl.DataFrame) -> bool:
    """Stage and commit rows; False where another writer came first."""
    files = stage(lake.uri, snapshot.table, rows)
    done = False
    try:
        snapshot.commit(files, {})
        done = True
    except Moved:
        return False
    finally:
        if not done:
            forget(lake, snapshot.table, files)
    return True


def forget(lake: Lake, table: Table, files: Sequence[StagedFile]) -> None:
    """Delete staged files, but none that a commit names: an interrupt may come right after one."""
    live = set(lake.files(table)["path"])
    discard(lake.uri, [file for file in files if file.path not in live])


def _unseen(snapshot: Snapshot, staged: Sequence[Staged], seen: set[str]) -> list[str]:
    """Return the files of the dates of ``staged`` that were not looked at yet; note that they are now."""
    files = snapshot.files().select("path", "date")
    dates = {one.file.date for one in staged if one.file}
    new = [path for path, day in files.iter_rows() if day in dates and path not in seen]
    seen.update(new)
    return [f"{snapshot.uri}/{SPANS.name}/{path}" for path in new]
