"""One try to commit, and what became of it: known even where the engine reports a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from evalctl.lake.delta import open_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deltalake import DeltaTable

APP = "evalctl"
"""The one writer that all commits of new data are numbered under."""

Outcome = Literal["done", "lost", "broken"]
"""Committed; refused because somebody else was faster; refused for another reason, such as a full disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Files to add; with ``replaces``, the files of that partition ([] for all) go in the same commit.

    ``number`` is the number of a commit of new data: of two with one number, one is refused.
    """

    actions: list[Any]
    metadata: Mapping[str, str]
    number: int | None = None
    replaces: list[tuple[str, str, str]] | None = None
    mark: str = field(default_factory=lambda: uuid4().hex)


def writes(handle: DeltaTable | None) -> int:
    """Return the number of the last commit of new data, -1 before the first."""
    number = handle.transaction_version(APP) if handle else None
    return -1 if number is None else number


def attempt(path: str, handle: DeltaTable, change: Change) -> Outcome:
    """Try to commit ``change`` on ``handle``; what the engine says may hold rows and goes no further.

    A commit can be there although its call failed (a checkpoint after it did, or an object store
    answered late), so after a failure the log is asked.
    """
    from deltalake.exceptions import CommitFailedError, DeltaError

    since = handle.version()
    try:
        _write(handle, change)
    except CommitFailedError:
        outcome: Outcome = "lost"
    except (DeltaError, OSError):
        outcome = "broken"
    else:
        return "done"
    return "done" if _is_there(path, since, change.mark) else outcome


def _write(handle: DeltaTable, change: Change) -> None:
    from deltalake import CommitProperties, Transaction

    numbered = [] if change.number is None else [Transaction(APP, change.number)]
    handle.create_write_transaction(
        change.actions,
        mode="append" if change.replaces is None else "overwrite",
        schema=handle.schema(),
        partition_by=handle.metadata().partition_columns,
        partition_filters=change.replaces or None,
        commit_properties=CommitProperties(
            custom_metadata={**change.metadata, "commit": change.mark}, app_transactions=numbered
        ),
    )


def _is_there(path: str, since: int, mark: str) -> bool:
    handle = open_table(path)
    if handle is None or handle.version() == since:
        return False
    return any(c.get("commit") == mark for c in handle.history(handle.version() - since))
