"""Answers as rows of the ledger, and the ledger's rows as answers.

A row is one target in one run with its answers in a list. It is built from numpy arrays: 120,000
targets with 12 answers each take 0.07 s, and 0.25 s to write, because words stay dictionary indices
from here to the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from evalctl.core.schema import SCORES
from evalctl.scoring.answers import STATUSES, TARGET_KEYS, VERDICTS
from evalctl.scoring.recall import recalled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from evalctl.core.words import Target
    from evalctl.scoring.answers import Answers, Sparse


def score_rows(answers: Answers, *, run: str, at: datetime) -> Any:
    """Build the rows of SCORES for answers in the ledger's order, as a pyarrow table."""
    import pyarrow as pa

    keys, count = answers.keys, answers.keys.height
    plain = keys.select(*TARGET_KEYS, "date", "bucket", "digest").to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
    columns: dict[str, Any] = {name: plain.column(name) for name in plain.column_names}
    columns["target"] = _same([answers.target], count)
    columns["run"] = _same([run], count)
    columns["scored_at"] = pa.repeat(pa.scalar(at, pa.timestamp("us", tz="UTC")), count)
    columns["answers"] = _lists(answers)
    return pa.table({name: columns[name] for name in SCORES.schema})


def _lists(answers: Answers) -> Any:
    import pyarrow as pa

    asked = answers.codes >= 0
    ends = np.concatenate([[0], np.cumsum(asked.sum(axis=1))]).astype(np.int32)
    fields = _fields(answers, asked, ends)
    struct = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    return pa.ListArray.from_arrays(pa.array(ends), struct)


def _fields(answers: Answers, asked: NDArray[np.bool_], ends: NDArray[np.int32]) -> dict[str, Any]:
    """Return the flat fields of all answers, target by target and question by question."""
    import pyarrow as pa

    codes = answers.codes[asked]
    width = len(answers.questions)
    which = np.broadcast_to(np.arange(width, dtype=np.int16), asked.shape)[asked]
    count = len(codes)
    names = [question.rubric.name for question in answers.questions]
    versions = [question.rubric.version for question in answers.questions]
    reasons = [noted.reason for noted in answers.noted]
    failed = codes >= VERDICTS.index(None)
    said = {
        part: _placed([getattr(noted, part) for noted in answers.noted], asked, ends)
        for part in ("value", "explanation", "evidence")
    }
    return {
        "rubric": _words(which, names),
        "version": _words(which, versions),
        "verdict": _words(np.where(failed, 0, codes), list(VERDICTS[:3]), failed),
        "value": _scattered(said["value"], count, pa.float64()),
        "explanation": _scattered(said["explanation"], count, pa.string()),
        "evidence": _scattered(said["evidence"], count, pa.string()),
        "status": _words(codes, list(STATUSES)),
        "reason": _reasons(which, codes, reasons, failed),
        "annotator": _words(
            which, ["llm" if q.rubric.judge else "rule" for q in answers.questions]
        ),
        "judge": pa.nulls(count, pa.string()),
        "inclusion": pa.array(_inclusions(answers, asked, which)),
        "cost": pa.nulls(count, pa.float64()),
    }


def _reasons(
    which: NDArray[np.int16],
    codes: NDArray[np.int8],
    reasons: list[str | None],
    failed: NDArray[np.bool_],
) -> Any:
    import pyarrow as pa

    if not any(reasons):
        return pa.nulls(len(codes), pa.string())
    return _words(which, [reason or "" for reason in reasons], ~failed)


def _inclusions(
    answers: Answers, asked: NDArray[np.bool_], which: NDArray[np.int16]
) -> NDArray[np.float64]:
    each = [noted.inclusion for noted in answers.noted]
    if all(isinstance(value, float) for value in each):
        return np.full(len(which), each[0]) if len(set(each)) == 1 else np.array(each)[which]
    table = np.empty(asked.shape)
    for i, value in enumerate(each):
        table[:, i] = value
    return table[asked]


def _words(
    codes: NDArray[Any], words: Sequence[Any], hidden: NDArray[np.bool_] | None = None
) -> Any:
    import pyarrow as pa

    kind = np.int8 if len(words) < 128 else np.int16
    hidden = hidden if hidden is not None and hidden.any() else None
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(kind), mask=hidden), pa.array(words, pa.string())
    )


def _same(word: list[str], count: int) -> Any:
    return _words(np.zeros(count, dtype=np.int8), word)


def _placed(
    parts: Sequence[Sparse | None], asked: NDArray[np.bool_], ends: NDArray[np.int32]
) -> list[tuple[NDArray[np.int64], pl.Series]]:
    """Return what the questions noted, and its places among all answers."""
    found: list[tuple[NDArray[np.int64], pl.Series]] = []
    for i, part in enumerate(parts):
        if part is not None and len(part.rows):
            said = part.values.is_not_null()
            rows = part.rows[said.to_numpy()]
            found.append((ends[rows] + asked[rows, :i].sum(axis=1), part.values.filter(said)))
    return found


def _scattered(placed: Sequence[tuple[NDArray[np.int64], pl.Series]], count: int, kind: Any) -> Any:
    """Put values at their places among all answers; null elsewhere."""
    import pyarrow as pa

    if not placed:
        return pa.nulls(count, kind)
    places, pool = np.concatenate([at for at, _ in placed]), pl.concat([said for _, said in placed])
    order = np.argsort(places)
    spread = _spread_texts if kind == pa.string() else _spread_numbers
    return spread(pool.gather(order), places[order], count)


def _spread_numbers(pool: pl.Series, places: NDArray[np.int64], count: int) -> Any:
    import pyarrow as pa

    table, absent = np.zeros(count), np.ones(count, dtype=np.bool_)
    table[places], absent[places] = pool.to_numpy(), False
    return pa.array(table, mask=absent)


def _spread_texts(pool: pl.Series, places: NDArray[np.int64], count: int) -> Any:
    """Lay texts out by hand: ``take`` with 480,000 indices that are mostly null costs 7 ms a field."""
    import pyarrow as pa

    texts = pool.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.string())
    edges = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset :][: len(texts) + 1]
    ends, there = np.zeros(count + 1, dtype=np.int32), np.zeros(count, dtype=np.bool_)
    ends[places + 1], there[places] = np.diff(edges), True
    bits = np.packbits(there, bitorder="little")
    offsets = np.cumsum(ends, dtype=np.int32) + edges[0]
    buffers = [pa.py_buffer(bits), pa.py_buffer(offsets), texts.buffers()[2]]
    return pa.Array.from_buffers(pa.string(), count, buffers)


def already_scored(rows: pl.LazyFrame, answers: Answers) -> NDArray[np.bool_]:
    """Mark the answers whose key stands in the ledger: same target, content, rubric and version.

    What reads verdicts of other rubrics may answer anew though nothing of its key changed; there only
    the same answer counts. ``rows`` are rows of SCORES; only those of the dates of ``answers`` are read.
    """
    known = recalled(rows, answers.keys, answers.target, answers.questions).codes
    asked = (known >= 0) & (answers.codes >= 0)
    for i, question in enumerate(answers.questions):
        if question.rubric.uses:
            asked[:, i] &= known[:, i] == answers.codes[:, i]
    return asked


def newest_answers(rows: pl.LazyFrame, target: Target, rubrics: Iterable[str]) -> pl.LazyFrame:
    """Return the newest answer of each target and rubric: one row each, target keys and answer fields.

    Columns: source, trace_id, span_id, session_id, date, bucket, digest, run, scored_at, and the
    fields of ANSWER. Imported feedback (no version) is left out.
    """
    return (
        rows.filter(pl.col("target") == target)
        .select(*TARGET_KEYS, "date", "bucket", "digest", "run", "scored_at", "answers")
        .explode("answers", empty_as_null=False)
        .unnest("answers")
        .filter(pl.col("rubric").is_in(sorted(rubrics)), pl.col("version") != "")
        .sort("scored_at", "run")
        .unique([*TARGET_KEYS, "rubric"], keep="last", maintain_order=True)
    )


def eval_columns(
    frame: pl.DataFrame, rows: pl.LazyFrame, target: Target, wanted: Mapping[str, Iterable[str]]
) -> pl.DataFrame:
    """Join the newest answers of other rubrics to target rows as ``eval.<rubric>.<part>``.

    ``frame`` has the ids that name its targets; ``wanted`` is rubric -> parts (fields of ANSWER, or
    ``run``). Null where there is no answer.
    """
    ids = {"span": ["source", "trace_id", "span_id"], "trace": ["source", "trace_id"]}.get(
        target, ["source", "session_id"]
    )
    answers = newest_answers(rows, target, wanted).collect()
    for rubric, parts in wanted.items():
        of_rubric = answers.filter(pl.col("rubric") == rubric).select(
            *ids, *(pl.col(part).alias(f"eval.{rubric}.{part}") for part in sorted(parts))
        )
        frame = frame.join(of_rubric, on=ids, how="left", nulls_equal=True, maintain_order="left")
    return frame
