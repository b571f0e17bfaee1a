"""``check: json_schema``: a column holds JSON that fits a schema.

Fails where the text is not JSON or does not fit; unknown where the column was not recorded, or is
nested too deep to be read. The explanation names the rule of the schema, never the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import jsonschema_rs
import polars as pl

from evalctl.rubrics.checks._json import read_json
from evalctl.rubrics.checks._options import Option, default_columns, text_columns
from evalctl.rubrics.checks._registry import BadCheckError
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from evalctl.core.words import Target

VERSION = 1
MAIN = None
OPTIONS = {
    "schema": Option(type="mapping", doc="a JSON Schema, written as YAML", required=True),
    "column": Option(type="text", doc="text column to look at; output unless given"),
}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan one validation of each text.

    Raises:
        BadCheckError: the schema is none, or refers to one that is elsewhere.
    """
    column = text_columns("json_schema", [options["column"] or default_columns(target)[0]], target)[
        0
    ]
    validator = _validator(options["schema"])
    text = pl.col(column)
    return Plan(
        columns=frozenset((column,)),
        fail=text.map_batches(
            _each(lambda said: _misfits(validator, said), pl.Boolean()),
            return_dtype=pl.Boolean(),
            is_elementwise=True,
        ),
        explanation=text.map_batches(
            _each(lambda said: f"{column}: {_fault(validator, said)}", pl.String()),
            return_dtype=pl.String(),
            is_elementwise=True,
        ),
    )


def _validator(schema: Any) -> Any:
    try:
        return jsonschema_rs.validator_for(schema, retriever=_refuse)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadCheckError(
            f"json_schema: the schema is not one: {reason}"[:300], "schema"
        ) from None


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is elsewhere; write the schema in one piece")


def _each(answer: Callable[[str], Any], dtype: pl.DataType) -> Callable[[pl.Series], pl.Series]:
    def look(texts: pl.Series) -> pl.Series:
        return pl.Series(
            texts.name, [None if text is None else answer(text) for text in texts], dtype=dtype
        )

    return look


def _misfits(validator: Any, text: str) -> bool | None:
    try:
        return not validator.is_valid(read_json(text))
    except RecursionError:
        return None
    except ValueError:
        return True


def _fault(validator: Any, text: str) -> str:
    try:
        error = next(validator.iter_errors(read_json(text)))
    except ValueError:
        return "not JSON"
    except (RecursionError, StopIteration):
        return "fits"
    return "breaks " + "/".join(str(step) for step in error.schema_path)
