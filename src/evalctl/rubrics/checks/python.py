"""``check: {python: module:function}``: a function of your own, over a whole frame.

The function takes a LazyFrame of the target's view (its ``columns`` and the key: source, trace_id and
span_id of a span, source and trace_id of a trace, source and session_id of a session) and returns a
frame with the key, ``verdict`` ('pass', 'fail' or 'unknown') and, if it likes, ``value`` and
``explanation``. Targets that it leaves out are unknown. The version of the rubric covers the text of
the module, not what the module imports.
"""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.errors import UserError, nearest
from evalctl.core.identity import text_hash
from evalctl.core.views import view_schema
from evalctl.rubrics.checks._options import Option
from evalctl.rubrics.checks._registry import BadCheckError
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.words import Target

VERSION = 1
MAIN = "function"
OPTIONS = {
    "function": Option(
        type="text", doc="module:function, found beside evalctl.toml or installed", required=True
    ),
    "columns": Option(
        type="texts", doc="columns that it reads; all of the view unless given, which is slow"
    ),
}

_KEYS: dict[str, tuple[str, ...]] = {
    "span": ("source", "trace_id", "span_id"),
    "trace": ("source", "trace_id"),
    "session": ("source", "session_id"),
}
_FAILS = {"pass": False, "fail": True, "unknown": None}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan a call; the module is read here and imported when the function is called.

    Raises:
        BadCheckError: no such module, function or column.
    """
    module, _, function = options["function"].partition(":")
    _check_defined(module, function)
    schema = view_schema(target)
    columns = options["columns"] or list(schema)
    for name in columns:
        if name not in schema:
            raise BadCheckError(f"python: no column '{name}'{nearest(name, schema)}", "columns")
    keys = _KEYS[target]

    def frame(rows: pl.LazyFrame) -> pl.LazyFrame:
        seen = rows.select(sorted({*columns, *keys}))
        return _checked(getattr(import_module(module), function)(seen), options["function"], keys)

    return Plan(
        columns=frozenset((*columns, *keys)),
        fail=pl.lit(None, dtype=pl.Boolean),
        keys=keys,
        frame=frame,
    )


def fingerprint(options: Mapping[str, Any]) -> str:
    """Return a hash of the module's text, so that an edited function is a new version."""
    return text_hash(_source(options["function"].partition(":")[0]))


def _checked(answer: Any, function: str, keys: tuple[str, ...]) -> pl.LazyFrame:
    if not isinstance(answer, (pl.LazyFrame, pl.DataFrame)):
        raise UserError(f"{function} must return a frame, not {type(answer).__name__}")
    lazy = answer.lazy()
    names = lazy.collect_schema().names()
    missing = [name for name in (*keys, "verdict") if name not in names]
    if missing:
        raise UserError(
            f"{function} must return the columns {', '.join((*keys, 'verdict'))}; {missing[0]} is missing"
        )
    optional = [
        (pl.col(name).cast(dtype) if name in names else pl.lit(None, dtype=dtype)).alias(name)
        for name, dtype in (("value", pl.Float64()), ("explanation", pl.String()))
    ]
    fail = pl.col("verdict").cast(pl.String).replace_strict(_FAILS, return_dtype=pl.Boolean)
    return lazy.select(*keys, fail.alias("fail"), *optional)


def _check_defined(module: str, function: str) -> None:
    if not module or not function.isidentifier():
        raise BadCheckError(
            "python takes module:function, such as `python: my_checks:polite`", "function"
        )
    try:
        tree = ast.parse(_source(module))
    except SyntaxError as error:
        raise BadCheckError(
            f"python: module {module} does not parse: line {error.lineno}: {error.msg}", "function"
        ) from None
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if function not in defined:
        raise BadCheckError(
            f"python: module {module} defines no function '{function}'{nearest(function, defined)}",
            "function",
        )


def _source(module: str) -> str:
    """Read a module's text without running it; modules of the working directory count."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise BadCheckError(
            f"python: no module '{module}' in the working directory or installed", "function"
        )
    return Path(spec.origin).read_text(encoding="utf-8")
