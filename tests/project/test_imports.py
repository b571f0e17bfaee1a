"""The command line starts fast because it imports late."""

import subprocess
import sys

import pytest

# Typer itself imports pydantic where that is installed, for 30 ms: it is not in this list.
HEAVY = (
    "polars",
    "deltalake",
    "pyarrow",
    "jinja2",
    "litellm",
    "numpy",
    "msgspec",
    "yaml",
)


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines())


HELP = """
from evalctl.cli.app import main
try:
    main({arguments!r})
except SystemExit as left:
    assert left.code == 0, left.code
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["backtest", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    loaded = modules_after(HELP.format(arguments=arguments))

    assert "evalctl.cli.app" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "name", ["core.schema", "lake.lake", "lake.staging", "rubrics.load", "scoring.rules"]
)
def test_a_library_module_imports_no_delta_template_or_model_library(name: str) -> None:
    loaded = modules_after(f"import evalctl.{name}")

    assert f"evalctl.{name}" in loaded
    assert loaded.isdisjoint({"deltalake", "jinja2", "litellm", "typer", "rich"})
