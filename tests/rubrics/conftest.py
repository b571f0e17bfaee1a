from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from evalctl.core.views import view_schema
from evalctl.core.words import Target
from evalctl.rubrics.checks import build_check, complete_options

Ask = Callable[..., list[bool | None]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a rubric file into the folder ``rubrics`` and return its path."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / "rubrics" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.fixture
def ask() -> Ask:
    """Ask a check about the values of one column: True is fail, None unknown."""

    def asked(
        check: str, options: dict[str, Any], column: str, values: list[Any], target: Target = "span"
    ) -> list[bool | None]:
        plan = build_check(check, complete_options(check, options), target)
        frame = pl.DataFrame({column: values}, schema={column: view_schema(target)[column]})
        return frame.lazy().select(fail=plan.fail).collect(engine="streaming")["fail"].to_list()

    return asked
