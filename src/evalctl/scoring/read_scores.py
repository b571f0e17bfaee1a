"""Scores as they are read: one row each, or as columns of what they are about; the newest counts.

The ledger holds one row per target and run, and a run never answers a target twice. So rows of
different runs only have to be compared where two runs asked the same rubric, which the manifests of
the runs tell: the common case reads the ledger without sorting out anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from evalctl.core.schema import ANSWER, RUNS, SCORES
from evalctl.core.words import TARGETS
from evalctl.scoring.read_few import scan_buckets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from evalctl.core.words import Target
    from evalctl.lake.lake import Lake

FIELDS = ("verdict", "value", "explanation", "version", "run")
"""What a score is as an attribute: ``eval.<rubric>.<field>``."""

SESSIONS = 0
"""The bucket of rows about sessions."""

_IDS = ("target", "source", "trace_id", "span_id", "session_id")
_KEY = (*_IDS, "rubric", "version", "judge", "annotator")
_SPAN_KEY: dict[Target, list[str]] = {
    "span": ["source", "trace_id", "span_id"],
    "trace": ["source", "trace_id"],
    "session": ["source", "session_id"],
}

SCORE_VIEW: dict[str, pl.DataType] = {
    **{name: SCORES.schema[name] for name in (*_IDS, "date", "run", "scored_at")},
    **pl.Schema(ANSWER.to_schema()),
}
"""Columns of the view ``scores``, in order."""


def score_rows(lake: Lake, *, rubrics: Collection[str] | None = None) -> pl.LazyFrame:
    """Return one row per score: columns ``SCORE_VIEW``, the newest of a key, no order promised.

    A key is the target, the rubric, its version, the judge and the annotator; a target whose content
    has changed since is shown with its newest answer. ``rubrics`` narrows to these names.
    """
    return _newest(lake, _catalogue(lake), rubrics, _KEY).select(*SCORE_VIEW)


def scores_about(lake: Lake, about: pl.Expr, buckets: Collection[int]) -> pl.DataFrame:
    """Return the newest scores of the few targets in ``buckets`` that ``about``, a condition, names.

    For one trace: it opens the files and row groups that the condition leaves, and no manifest.
    Columns are those of ``SCORE_VIEW`` and ``digest``, of the content that was judged.
    """
    rows = scan_buckets(lake, SCORES, buckets).filter(about, pl.col("answers").list.len() > 0)
    return (
        _last(rows.explode("answers").unnest("answers"), _KEY)
        .select(*SCORE_VIEW, "digest")
        .collect()
    )


def known_rubrics(lake: Lake) -> dict[Target, tuple[str, ...]]:
    """Return, per target, the sorted names of the rubrics and feedback that the ledger holds."""
    found = _catalogue(lake)
    pairs = found.select("target", "rubric").unique().sort("rubric").rows()
    return {target: tuple(name for at, name in pairs if at == target) for target in TARGETS}


def rubrics_in(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the rubrics that columns such as ``eval.tool-loop.verdict`` name, each once."""
    names = (column[5:].rpartition(".")[0] for column in columns if column.startswith("eval."))
    return tuple(dict.fromkeys(name for name in names if name))


def evaluation_columns(rubrics: Iterable[str]) -> dict[str, pl.DataType]:
    """Return name and dtype of the columns that scores of ``rubrics`` add to a view."""
    return {
        f"eval.{rubric}.{field}": pl.Float64() if field == "value" else pl.String()
        for rubric in rubrics
        for field in FIELDS
    }


def with_evaluations(
    view: pl.LazyFrame, lake: Lake, target: Target, rubrics: Sequence[str]
) -> pl.LazyFrame:
    """Join the newest score of each of ``rubrics`` to the rows of a view, as its attributes.

    In the span view a score about a trace stands on the trace's root spans and one about a session on
    the root spans of the session. A rubric that was never asked gives columns of nulls. The view needs
    its ids, and ``is_root`` in the span view.
    """
    if not rubrics:
        return view
    asked = _catalogue(lake)
    scores = _newest(lake, asked, rubrics, (*_IDS, "rubric"))
    pairs = set(asked.select("target", "rubric").rows())
    for rubric in rubrics:
        levels: list[Target] = [at for at in _levels(target) if (at, rubric) in pairs]
        view = _attach(view, scores, target, rubric, levels)
    return view


def _answers(lake: Lake) -> pl.LazyFrame:
    rows = lake.scan(SCORES).filter(pl.col("answers").list.len() > 0)
    return rows.explode("answers").unnest("answers")


def _attach(
    view: pl.LazyFrame, scores: pl.LazyFrame, target: Target, rubric: str, levels: Sequence[Target]
) -> pl.LazyFrame:
    columns = evaluation_columns([rubric])
    for at in levels:
        side = scores.filter(pl.col("target") == at, pl.col("rubric") == rubric)
        fields = [pl.col(f).alias(f"{n}@{at}") for n, f in zip(columns, FIELDS, strict=True)]
        view = _join(view, side.select(*_SPAN_KEY[at], *fields), target, at)
    found = {n: [pl.col(f"{n}@{at}") for at in levels] for n in columns}
    whole = [pl.coalesce(*found[n], pl.lit(None, dtype)).alias(n) for n, dtype in columns.items()]
    return view.with_columns(whole).drop([f"{n}@{at}" for n in columns for at in levels])


def _levels(target: Target) -> tuple[Target, ...]:
    return TARGETS if target == "span" else (target,)


def _join(view: pl.LazyFrame, keyed: pl.LazyFrame, target: Target, at: Target) -> pl.LazyFrame:
    if target != "span" or at == "span":
        return view.join(keyed, on=_SPAN_KEY[at], how="left")
    flag = keyed.with_columns(pl.lit(value=True).alias("is_root"))
    return view.join(flag, on=[*_SPAN_KEY[at], "is_root"], how="left")


def _newest(
    lake: Lake, asked: pl.DataFrame, rubrics: Collection[str] | None, key: Sequence[str]
) -> pl.LazyFrame:
    """Keep the newest answer of each key.

    Three cases, from cheap to dear: rubrics that one run asked; rubrics that several runs asked, where
    only targets with several rows are compared; feedback, which may repeat within one batch.
    """
    wanted = asked if rubrics is None else asked.filter(pl.col("rubric").is_in(list(rubrics)))
    rows = _answers(lake).filter(pl.col("rubric").is_in(wanted["rubric"].unique().to_list()))
    feedback = wanted.filter("imported")["rubric"].unique().to_list()
    by = [name for name in ("target", "rubric", "version") if name in key]
    runs = wanted.group_by(by).agg(pl.col("run").n_unique(), pl.col("imported").any())
    contested = runs.filter(pl.col("run") > 1, ~pl.col("imported"))["rubric"].unique().to_list()
    name = pl.col("rubric")
    parts = [rows.filter(~name.is_in(feedback + contested))]
    if feedback:
        imported = rows.filter(name.is_in(feedback))
        parts.append(_last(imported, key if "version" not in key else (*key, "digest")))
    if contested:
        again = rows.filter(name.is_in(contested), ~name.is_in(feedback))
        twice = lake.scan(SCORES).group_by(_IDS).len().filter(pl.col("len") > 1).collect().lazy()
        parts.append(again.join(twice, on=list(_IDS), how="anti", nulls_equal=True))
        parts.append(_last(again.join(twice, on=list(_IDS), how="semi", nulls_equal=True), key))
    return pl.concat(parts, how="diagonal")


def _last(rows: pl.LazyFrame, key: Sequence[str]) -> pl.LazyFrame:
    rest = [name for name in (*SCORE_VIEW, "bucket", "digest") if name not in key]
    newest = pl.struct(rest).max_by(pl.struct("scored_at", "run"))
    return rows.group_by(key).agg(newest.alias("newest")).unnest("newest")


def _catalogue(lake: Lake) -> pl.DataFrame:
    """Return which run asked which rubric version of which target, from the manifests.

    Imported feedback, which has no version, has no manifest, nor has a run that was killed before its
    first one. Only their rows of the ledger are opened, because ``run`` repeats and decodes for next
    to nothing.
    """
    columns = ["run", "target", "rubric", "version"]
    listed = lake.scan(RUNS).select("run", pl.col("counts")).filter(pl.col("counts").list.len() > 0)
    manifests = listed.explode("counts").unnest("counts").select(columns).unique().collect()
    known = manifests["run"].unique().to_list()
    rows = lake.scan(SCORES).filter(~pl.col("run").is_in(known), pl.col("answers").list.len() > 0)
    rest = rows.select("run", "target", "answers").explode("answers").unnest("answers")
    answers = rest.select(columns).unique().collect()
    return pl.concat([manifests, answers]).with_columns(imported=pl.col("version") == "")
