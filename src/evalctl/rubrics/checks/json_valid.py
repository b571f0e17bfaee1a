"""``check: json_valid``: a column holds JSON.

Fails where the text is not JSON as RFC 8259 has it (NaN and trailing commas are not), or not of the
``kind`` asked for; unknown where the column was not recorded, or is nested too deep to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.rubrics.checks._json import is_json
from evalctl.rubrics.checks._options import Option, default_columns, text_columns
from evalctl.rubrics.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.words import Target

VERSION = 1
MAIN = "column"
OPTIONS = {
    "column": Option(type="text", doc="text column to look at; output unless given"),
    "kind": Option(
        type="word", doc="what the JSON must be", default="any", choices=("any", "object", "list")
    ),
}

_OPENING = {"any": "", "object": "{", "list": "["}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan one look at each text."""
    column = text_columns("json_valid", [options["column"] or default_columns(target)[0]], target)[
        0
    ]
    opening = _OPENING[options["kind"]]
    text = pl.col(column)
    is_valid = text.map_batches(_are_json, return_dtype=pl.Boolean(), is_elementwise=True)
    is_kind = text.str.strip_chars_start().str.starts_with(opening)
    return Plan(
        columns=frozenset((column,)),
        fail=~(is_valid & is_kind),
        explanation=pl.when(is_valid)
        .then(pl.lit(f"{column} is JSON, but no {options['kind']}"))
        .otherwise(pl.lit(f"{column} is not JSON")),
    )


def _are_json(texts: pl.Series) -> pl.Series:
    return pl.Series(
        texts.name, [None if text is None else is_json(text) for text in texts], dtype=pl.Boolean()
    )
