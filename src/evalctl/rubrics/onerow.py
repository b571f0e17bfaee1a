"""The parsed form of a condition: every node looks at its own row, and compares like with like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evalctl.rubrics.refusals import ONE_ROW
from evalctl.rubrics.sqltext import BadConditionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_ROW_NODES = frozenset(("Column", "Literal", "BinaryExpr", "Cast", "Ternary", "Function"))


def check_tree(tree: Any, schema: Mapping[str, pl.DataType]) -> None:
    """Refuse what the word lists let through: any node that looks at other rows than its own."""
    if not isinstance(tree, dict):
        if tree in ("Len", "Element"):
            raise BadConditionError(f"{ONE_ROW} counting rows is not part of it")
        return
    for kind, body in tree.items():
        if kind not in _ROW_NODES:
            raise BadConditionError(f"{ONE_ROW} {kind.lower()} is not part of it")
        if kind == "BinaryExpr":
            _check_interval(body, schema)
        for child in _children(kind, body):
            check_tree(child, schema)


def _children(kind: str, body: Any) -> list[Any]:
    if kind == "Function":
        if body["function"] in ("Shift", "Reverse", "Diff"):
            raise BadConditionError(f"{ONE_ROW} functions over other rows are not part of it")
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
