"""Runs of a benchmark: objects with a trajectory of chat messages and the reward of its end state."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from evalctl.formats.conversation import conversation, trace_of
from evalctl.formats.otlp.feedback import number
from evalctl.formats.peek import first_keys, is_binary, starts_with
from evalctl.formats.records import ForeignRecordError, Found, Object, decode_records, split_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalctl.formats.batch import Batch, Chunk
    from evalctl.formats.otlp.feedback import Feedback

PRIORITY = 50
_KEYS = frozenset({"task_id", "reward"})


def recognises(head: bytes) -> bool:
    """Objects that have ``traj`` at their top level, or a task and its reward before it."""
    if is_binary(head) or starts_with(head) not in {b"{", b"["}:
        return False
    keys = first_keys(head)
    return "traj" in keys or keys >= _KEYS


def split(stream: IO[bytes]) -> Iterator[tuple[bytes, int, int, bool]]:
    """Cut on line ends where there are lines."""
    return split_records(stream)


def decode(chunk: Chunk) -> Iterator[Batch]:
    """Decode run by run."""
    return decode_records(chunk, _read)


def _read(record: Object, text: bytes) -> Found:
    messages = record.get("traj")
    if not isinstance(messages, list) or not all(isinstance(item, dict) for item in messages):
        raise ForeignRecordError("no list of messages in traj")
    rows = conversation(record, messages, text, "traj", "trajectory_runs")
    return Found(rows=rows, feedback=list(_reward(record, text)))


def _reward(record: Object, text: bytes) -> Iterator[Feedback]:
    value = number(record.get("reward"))
    if value is not None:
        verdict = "pass" if value == 1.0 else "fail"
        yield {
            "trace_id": trace_of(record, text),
            "name": "reward",
            "value": value,
            "verdict": verdict,
            "annotator": "code",
        }
