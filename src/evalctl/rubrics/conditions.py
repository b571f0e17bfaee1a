"""SQL conditions over one row of a view, compiled once to a native Polars expression.

TRUE, FALSE and NULL stay apart (Kleene logic). What would be read as something else than it says,
or would look at more than one row, is an error when the rubric is loaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.rubrics.columns import column_dtype, no_column
from evalctl.rubrics.onerow import check_tree
from evalctl.rubrics.refusals import ONE_ROW, refuse_words
from evalctl.rubrics.rewriting import lift_json, rebuild
from evalctl.rubrics.sqltext import BadConditionError, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REGEX_SIGNS = ("~", "!~", "~*", "!~*")
_SAMPLE: dict[type[pl.DataType], Any] = {
    pl.String: "1",
    pl.Boolean: True,
    pl.Date: date(2026, 1, 1),
    pl.Datetime: datetime(2026, 1, 1, tzinfo=UTC),
    pl.List: [],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A compiled condition: Boolean ``expr`` over ``columns`` of the view; null is unknown."""

    sql: str
    expr: pl.Expr
    columns: frozenset[str]
    patterns: tuple[str, ...]


def compile_condition(sql: str, schema: Mapping[str, pl.DataType], where_from: str) -> Condition:
    """Compile SQL over one row of a view; ``where_from`` names its place in errors.

    Raises:
        UserError: the condition is wrong, with the character at which it is.
    """
    try:
        return parse_condition(sql, schema)
    except BadConditionError as error:
        place = f" (character {error.offset + 1})" if error.offset else ""
        raise UserError(f"{where_from}: {error.message}{place}") from None


def parse_condition(sql: str, schema: Mapping[str, pl.DataType]) -> Condition:
    """Compile SQL over one row of a view.

    ``schema`` is the view's; columns ``"eval.<rubric>.verdict"``, ``.value`` and ``.explanation`` come
    on top of it.

    Raises:
        BadConditionError: with the offset of the wrong place in ``sql``.
    """
    words = tokens(sql)
    refuse_words(words)
    _check_names(words, schema)
    rewritten, paths = lift_json(words, schema)
    expr = _parse(rewritten, words)
    tree = json.loads(expr.meta.serialize(format="json"))
    check_tree(tree, schema)
    expr = rebuild(expr, tree, paths)
    names = frozenset(expr.meta.root_names())
    _check_known(names, words, schema)
    _try_out(expr, names, schema)
    return Condition(sql=sql, expr=expr, columns=names, patterns=_patterns(words))


def _check_names(words: Sequence[Token], schema: Mapping[str, pl.DataType]) -> None:
    """Refuse quoted names that are no columns, and ``a.b``."""
    for i, token in enumerate(words):
        if token.text == "." and i and words[i - 1].kind in ("word", "quoted"):
            raise BadConditionError(
                f"columns have no parts; read JSON text with {words[i - 1].value} ->> 'key', and write "
                '"eval.<rubric>.verdict" in double quotes',
                words[i - 1].start,
            )
        if token.kind == "quoted" and column_dtype(token.value, schema) is None:
            is_column = token.value.startswith("eval.") or nearest(token.value, schema)
            hint = "" if is_column else f"; a text stands in single quotes: '{token.value}'"
            raise BadConditionError(no_column(token.value, schema) + hint, token.start)


def _parse(sql: str, words: Sequence[Token]) -> pl.Expr:
    """Parse inside brackets, where ``a > 10 x`` is an error and not an alias."""
    try:
        return pl.sql_expr(f"({sql})")
    except pl.exceptions.PolarsError as error:
        last = words[-1]
        if last.kind == "word" and _parses(sql):
            raise BadConditionError(
                f"'{last.text}' after the condition would be read as a new name for it; remove it or join it with AND / OR",
                last.start,
            ) from None
        raise BadConditionError(_sentence(error)) from None


def _parses(sql: str) -> bool:
    try:
        pl.sql_expr(sql)
    except pl.exceptions.PolarsError:
        return False
    return True


def _check_known(
    names: frozenset[str], words: Sequence[Token], schema: Mapping[str, pl.DataType]
) -> None:
    if not names:
        raise BadConditionError("the condition reads no column: it says the same of every row")
    for token in words:
        if (
            token.kind in ("word", "quoted")
            and token.value in names
            and column_dtype(token.value, schema) is None
        ):
            raise BadConditionError(no_column(token.value, schema), token.start)
    unknown = sorted(name for name in names if column_dtype(name, schema) is None)
    if unknown:
        raise BadConditionError(no_column(unknown[0], schema))


def _try_out(expr: pl.Expr, names: frozenset[str], schema: Mapping[str, pl.DataType]) -> None:
    """Evaluate over a row of values and a row of nulls: types, regexes and functions prove themselves."""
    types = {name: column_dtype(name, schema) or pl.Null() for name in sorted(names)}
    rows = {name: [_SAMPLE.get(dtype.base_type(), 1), None] for name, dtype in types.items()}
    try:
        answer = pl.DataFrame(rows, schema=types).select(expr.alias("answer"))["answer"]
    except pl.exceptions.PolarsError as error:
        raise BadConditionError(_mismatch(error, types)) from None
    if answer.dtype != pl.Boolean():
        raise BadConditionError(
            f"the condition must be true or false, and it is {_type_word(answer.dtype)}; compare it with something"
        )
    if len(answer) != 2:
        raise BadConditionError(f"{ONE_ROW} functions over many rows are not part of it")


def _type_word(dtype: pl.DataType) -> str:
    return (
        "a number"
        if dtype.is_numeric()
        else "a text"
        if dtype == pl.String()
        else f"a {str(dtype).lower()}"
    )


def _mismatch(error: pl.exceptions.PolarsError, types: Mapping[str, pl.DataType]) -> str:
    """Say why the condition cannot be evaluated, in words of the view."""
    times = [name for name, dtype in types.items() if dtype.is_temporal()]
    sentence = _sentence(error)
    if times and "compar" in sentence:
        return f"a time is compared with a time: {times[0]} >= DATE '2026-05-01'"
    known = ", ".join(f"{name} is {_type_word(dtype)}" for name, dtype in types.items())
    return f"{sentence} ({known})" if "compar" in sentence or "check for" in sentence else sentence


def _sentence(error: pl.exceptions.PolarsError) -> str:
    """Reduce an engine's error to its first sentence, and a regex error to what is wrong with it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error:")), "")
    if lines and "regex" in lines[0]:
        plain = reason.removeprefix("error:").strip() or lines[0]
        return f"the regex does not compile: {plain} (Rust regex syntax)"
    if not lines or "unable to parse" in lines[0] or "Span(" in lines[0]:
        return "this cannot be read as a SQL condition"
    return lines[0][:200]


def _patterns(words: Sequence[Token]) -> tuple[str, ...]:
    found: list[str] = []
    for i, token in enumerate(words):
        if token.kind == "text" and _is_pattern(words, i):
            found.append(token.value)
    return tuple(found)


def _is_pattern(words: Sequence[Token], i: int) -> bool:
    before = words[i - 1] if i else None
    if before is None:
        return False
    if before.text in _REGEX_SIGNS or before.is_word("RLIKE", "REGEXP"):
        return True
    return (
        any(word.is_word("REGEXP_LIKE") for word in words[max(i - 4, 0) : i]) and before.text == ","
    )
