"""SQL conditions over one row of a view, compiled once to a native Polars expression.

TRUE, FALSE and NULL stay apart (Kleene logic). What would be read as something else than it says,
or would look at more than one row, is an error when the rubric is loaded.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.rubrics.jsonpath import parse_path, to_json_path
from evalctl.rubrics.sqltext import BadConditionError, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EVAL = re.compile(r"eval\.([A-Za-z0-9][A-Za-z0-9_-]*)\.(verdict|value|explanation)")
_AGGREGATES = frozenset(
    (
        *(
            "COUNT",
            "SUM",
            "AVG",
            "MIN",
            "MAX",
            "FIRST",
            "LAST",
            "MEDIAN",
            "MODE",
            "STDDEV",
            "STDEV",
        ),
        *(
            "STDDEV_SAMP",
            "STDEV_SAMP",
            "VAR",
            "VARIANCE",
            "VAR_SAMP",
            "QUANTILE_CONT",
            "QUANTILE_DISC",
        ),
        *(
            "ARRAY_AGG",
            "STRING_AGG",
            "LISTAGG",
            "CORR",
            "COVAR",
            "COVAR_POP",
            "COVAR_SAMP",
            "UNNEST",
        ),
        *("APPROX_COUNT_DISTINCT", "BIT_AND", "BIT_OR", "BIT_XOR", "BOOL_AND", "BOOL_OR", "EVERY"),
    )
)
_WINDOWS = frozenset(
    (
        *(
            "LAG",
            "LEAD",
            "ROW_NUMBER",
            "RANK",
            "DENSE_RANK",
            "FIRST_VALUE",
            "LAST_VALUE",
            "NTH_VALUE",
        ),
        *("NTILE", "PERCENT_RANK", "CUME_DIST"),
    )
)
_CLOCK = frozenset(
    (
        *("NOW", "RANDOM", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"),
        *("LOCALTIME", "LOCALTIMESTAMP"),
    )
)
_ONE_ROW = "a condition looks at one row:"
_ROW_NODES = frozenset(("Column", "Literal", "BinaryExpr", "Cast", "Ternary", "Function"))
_REGEX_SIGNS = ("~", "!~", "~*", "!~*")
_ARROWS = ("->", "->>")
_PLACEHOLDER = "json path "
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
    _refuse_words(words)
    _check_names(words, schema)
    rewritten, paths = _lift_json(words, schema)
    expr = _parse(rewritten, words)
    tree = json.loads(expr.meta.serialize(format="json"))
    _check_tree(tree, schema)
    if paths:
        expr = _with_json(tree, paths)
    names = frozenset(expr.meta.root_names())
    _check_known(names, words, schema)
    _try_out(expr, names, schema)
    return Condition(sql=sql, expr=expr, columns=names, patterns=_patterns(words))


def eval_reference(column: str) -> tuple[str, str] | None:
    """Split ``eval.<rubric>.<part>`` into rubric and part; None for any other column."""
    match = _EVAL.fullmatch(column)
    return (match[1], match[2]) if match else None


def column_dtype(column: str, schema: Mapping[str, pl.DataType]) -> pl.DataType | None:
    """Return the type of a view or ``eval.*`` column; None where there is no such column."""
    reference = eval_reference(column)
    if reference is None:
        return schema.get(column)
    return pl.Float64() if reference[1] == "value" else pl.String()


def _refuse_words(words: Sequence[Token]) -> None:
    for token, follower in zip(words, [*words[1:], None], strict=True):
        is_call = follower is not None and follower.text == "("
        message = _refusal(token, follower, is_call=is_call)
        if message:
            raise BadConditionError(message, token.start)


def _refusal(token: Token, follower: Token | None, *, is_call: bool) -> str | None:
    if token.kind == "number":
        return _number_refusal(token, follower)
    if token.text == "::":
        return (
            "'::' stops the run at the first value that does not convert; write TRY_CAST(x AS type)"
        )
    return _word_refusal(token.text.upper(), is_call=is_call) if token.kind == "word" else None


def _word_refusal(name: str, *, is_call: bool) -> str | None:
    if name in ("SELECT", "EXISTS"):
        return f"{_ONE_ROW} sub-selects are not part of it"
    if name == "OVER":
        return f"{_ONE_ROW} window functions are not part of it; use a column of the view"
    if name in _CLOCK and (is_call or "_" in name):
        return f"{name} changes from run to run, and a verdict must not; use --since and --until"
    return _call_refusal(name) if is_call else None


def _call_refusal(name: str) -> str | None:
    if name == "CAST":
        return "CAST stops the run at the first value that does not convert; write TRY_CAST"
    if name in _WINDOWS or name in _AGGREGATES:
        return f"{_ONE_ROW} {name} is not part of it; use a column of the view, or another target"
    return None


def _number_refusal(token: Token, follower: Token | None) -> str | None:
    if follower is None or follower.kind not in ("word", "number") or follower.start != token.end:
        return None
    written = token.text + follower.text
    plain = written.replace("_", "")
    hint = f"write {plain}" if plain.isdigit() else "write a plain decimal number"
    return f"{written} is not a number that SQL knows; {hint}"


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
            hint = (
                nearest(token.value, schema) or f"; a text stands in single quotes: '{token.value}'"
            )
            raise BadConditionError(f"no column {token.text}{hint}", token.start)


def _lift_json(
    words: Sequence[Token], schema: Mapping[str, pl.DataType]
) -> tuple[str, list[tuple[str, str]]]:
    """Replace ``column ->> 'path'`` by a placeholder column; return the SQL, and column and path of each."""
    parts: list[str] = []
    paths: list[tuple[str, str]] = []
    at = 0
    while at < len(words):
        token = words[at]
        if token.text in _ARROWS and token.kind == "sign":
            raise BadConditionError(
                f"{token.text} reads JSON text of a column: name the column on its left",
                token.start,
            )
        if (
            token.kind in ("word", "quoted")
            and at + 1 < len(words)
            and words[at + 1].text in _ARROWS
        ):
            at, path = _path_after(words, at + 1)
            _check_json_column(token, schema)
            parts.append(f'"{_PLACEHOLDER}{len(paths)}"')
            paths.append((token.value, path))
        else:
            parts.append(token.text)
            at += 1
    return " ".join(parts), paths


def _path_after(words: Sequence[Token], at: int) -> tuple[int, str]:
    steps: list[str | int] = []
    while at < len(words) and words[at].text in _ARROWS and words[at].kind == "sign":
        operand = words[at + 1] if at + 1 < len(words) else None
        if operand is not None and operand.kind == "text":
            steps += parse_path(operand.value, operand.start + 1)
        elif operand is not None and operand.text.isdigit():
            steps.append(int(operand.text))
        else:
            raise BadConditionError(
                f"after {words[at].text} stands a path in single quotes, such as 'order.id'",
                words[at].start,
            )
        at += 2
    return at, to_json_path(tuple(steps))


def _check_json_column(token: Token, schema: Mapping[str, pl.DataType]) -> None:
    dtype = column_dtype(token.value, schema)
    if dtype is None:
        raise BadConditionError(
            f"no column '{token.value}'{nearest(token.value, schema)}", token.start
        )
    if dtype != pl.String():
        raise BadConditionError(
            f"{token.value} holds no JSON text: ->> reads text columns such as tool_args",
            token.start,
        )


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


def _check_tree(tree: Any, schema: Mapping[str, pl.DataType]) -> None:
    """Refuse what the word lists let through: any node that looks at other rows than its own."""
    if not isinstance(tree, dict):
        if tree in ("Len", "Element"):
            raise BadConditionError(f"{_ONE_ROW} counting rows is not part of it")
        return
    for kind, body in tree.items():
        if kind not in _ROW_NODES:
            raise BadConditionError(f"{_ONE_ROW} {kind.lower()} is not part of it")
        if kind == "BinaryExpr":
            _check_interval(body, schema)
        for child in _children(kind, body):
            _check_tree(child, schema)


def _children(kind: str, body: Any) -> list[Any]:
    if kind == "Function":
        if body["function"] in ("Shift", "Reverse", "Diff"):
            raise BadConditionError(f"{_ONE_ROW} functions over other rows are not part of it")
        return body["input"]
    keys = {
        "BinaryExpr": ("left", "right"),
        "Cast": ("expr",),
        "Ternary": ("predicate", "truthy", "falsy"),
    }
    return [body[key] for key in keys.get(kind, ())]


def _check_interval(body: Any, schema: Mapping[str, pl.DataType]) -> None:
    """Polars compares a number with an INTERVAL by its raw nanoseconds, without a word."""
    for one, other in ((body["left"], body["right"]), (body["right"], body["left"])):
        dtype = schema.get(one.get("Column", "")) if isinstance(one, dict) else None
        if dtype is not None and dtype.is_numeric() and "Duration" in json.dumps(other)[:60]:
            raise BadConditionError(
                f"{one['Column']} is a number: compare it with a number, not with an INTERVAL"
            )


def _with_json(tree: Any, paths: Sequence[tuple[str, str]]) -> pl.Expr:
    """Put the JSON look-ups where their placeholders stand.

    Polars has no SQL function for it and no way to replace a column inside an expression but this
    round trip through its own serialised form, within one process.
    """
    lookups = {
        f"{_PLACEHOLDER}{i}": json.loads(
            pl.col(column).str.json_path_match(path).meta.serialize(format="json")
        )
        for i, (column, path) in enumerate(paths)
    }
    return pl.Expr.deserialize(io.StringIO(json.dumps(_replaced(tree, lookups))), format="json")


def _replaced(tree: Any, lookups: Mapping[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_replaced(item, lookups) for item in tree]
    if not isinstance(tree, dict):
        return tree
    column = tree.get("Column")
    if isinstance(column, str) and column in lookups:
        return lookups[column]
    return {key: _replaced(value, lookups) for key, value in tree.items()}


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
            raise BadConditionError(
                f"no column '{token.value}'{nearest(token.value, schema)}", token.start
            )
    unknown = sorted(name for name in names if column_dtype(name, schema) is None)
    if unknown:
        raise BadConditionError(f"no column '{unknown[0]}'{nearest(unknown[0], schema)}")


def _try_out(expr: pl.Expr, names: frozenset[str], schema: Mapping[str, pl.DataType]) -> None:
    """Evaluate over a row of values and a row of nulls: types, regexes and functions prove themselves."""
    types = {name: column_dtype(name, schema) or pl.Null() for name in sorted(names)}
    rows = {name: [_SAMPLE.get(dtype.base_type(), 1), None] for name, dtype in types.items()}
    try:
        answer = pl.DataFrame(rows, schema=types).select(expr.alias("answer"))["answer"]
    except pl.exceptions.PolarsError as error:
        raise BadConditionError(_sentence(error) + _time_hint(types)) from None
    if answer.dtype != pl.Boolean():
        raise BadConditionError(
            f"the condition must be true or false, and it is {_type_word(answer.dtype)}; compare it with something"
        )
    if len(answer) != 2:
        raise BadConditionError(f"{_ONE_ROW} functions over many rows are not part of it")


def _type_word(dtype: pl.DataType) -> str:
    return (
        "a number"
        if dtype.is_numeric()
        else "a text"
        if dtype == pl.String()
        else f"a {str(dtype).lower()}"
    )


def _time_hint(types: Mapping[str, pl.DataType]) -> str:
    times = [name for name, dtype in types.items() if dtype.is_temporal()]
    return f"; times are compared as {times[0]} >= DATE '2026-05-01'" if times else ""


def _sentence(error: pl.exceptions.PolarsError) -> str:
    """Reduce an engine's error to its first sentence, and a regex error to what is wrong with it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = next((line for line in lines if line.startswith("error:")), "")
    if lines and "regex" in lines[0]:
        plain = reason.removeprefix("error:").strip() or lines[0]
        return f"the regex does not compile: {plain} (Rust regex syntax)"
    text = lines[0] if lines else "cannot be read as SQL"
    return re.sub(r"Span\(Location\(\d+,\d+\)\.\.Location\(\d+,\d+\)\)", "", text)[:200]


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
