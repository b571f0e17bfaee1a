"""What a condition says that Polars SQL cannot: lifted out before it is parsed, put back after.

Polars reads ``->>`` as a field of a struct, and has no SQL function that reads JSON text.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.rubrics.columns import column_dtype, no_column
from evalctl.rubrics.jsonpath import parse_path, to_json_path
from evalctl.rubrics.sqltext import BadConditionError, Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ARROWS = ("->", "->>")
_PLACEHOLDER = "json path "


def lift_json(
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
        raise BadConditionError(no_column(token.value, schema), token.start)
    if dtype != pl.String():
        raise BadConditionError(
            f"{token.value} holds no JSON text: ->> reads text columns such as tool_args",
            token.start,
        )


def rebuild(expr: pl.Expr, tree: Any, paths: Sequence[tuple[str, str]]) -> pl.Expr:
    """Put JSON look-ups where their placeholders stand, and read TIMESTAMP literals as UTC.

    Polars has no way to replace a part inside an expression but this round trip through its own
    serialised form, within one process.
    """
    lookups = {
        f"{_PLACEHOLDER}{i}": json.loads(
            pl.col(column).str.json_path_match(path).meta.serialize(format="json")
        )
        for i, (column, path) in enumerate(paths)
    }
    changed = _replaced(tree, lookups)
    if changed == tree:
        return expr
    return pl.Expr.deserialize(io.StringIO(json.dumps(changed)), format="json")


def _replaced(tree: Any, lookups: Mapping[str, Any]) -> Any:
    if isinstance(tree, list):
        return [_replaced(item, lookups) for item in tree]
    if not isinstance(tree, dict):
        return tree
    column, moment = tree.get("Column"), tree.get("Datetime")
    if isinstance(column, str) and column in lookups:
        return lookups[column]
    if isinstance(moment, list) and moment[-1] is None:
        return {"Datetime": [*moment[:-1], {"inner": "UTC"}]}
    return {key: _replaced(value, lookups) for key, value in tree.items()}
