"""Starter rubrics on public trajectories, where they are beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from evalctl.core.starter import starter_rubrics
from evalctl.rubrics.load import load_rubrics

AIRLINE = (
    Path(__file__).parents[3] / "shared" / "data" / "real" / "tau-bench" / "gpt-4o-airline.json"
)

pytestmark = pytest.mark.skipif(not AIRLINE.is_file(), reason="needs ../shared/data/real")


def test_error_texts_of_airline_tools_are_found_and_nothing_else() -> None:
    runs = json.loads(AIRLINE.read_text(encoding="utf-8"))
    results = [m["content"] for run in runs for m in run["traj"] if m["role"] == "tool"]
    rows = pl.DataFrame({"tool_result": results}).filter(pl.col("tool_result") != "")
    plan = load_rubrics([starter_rubrics()], ["tool-error-text"])[0].plan()

    failing = rows.filter(plan.fail)["tool_result"].to_list()

    assert failing == [text for text in results if text.startswith("Error: ")]
    assert len(failing) > 50
