"""Every command can be found, and its help ends with something to run."""

import subprocess
import sys

import pytest

from evalctl.cli.app import COMMANDS

SUBCOMMANDS = {
    "lake": ("info", "optimize", "vacuum"),
    "rubrics": ("list", "show", "test", "new", "schema"),
}
PATHS = [[name] for name in COMMANDS if name not in SUBCOMMANDS] + [
    [group, name] for group, names in SUBCOMMANDS.items() for name in names
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evalctl", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "", "COLUMNS": "80", "HOME": "/nowhere"},
    )


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_fits_eighty_columns_and_ends_with_a_runnable_example(path: list[str]) -> None:
    done = run(*path, "--help")

    lines = done.stdout.rstrip().splitlines()
    example = done.stdout.rpartition("Example:")[2]
    assert done.returncode == 0
    assert max(map(len, lines)) <= 80
    assert " ".join(example.split()).startswith("evalctl ")
    assert "evalctl " + " ".join(path) in " ".join(example.split())


def test_an_unknown_command_names_the_nearest_one() -> None:
    done = run("bactest")

    assert done.returncode == 2
    assert "did you mean 'backtest'?" in done.stderr
    assert done.stdout == ""


def test_the_version_is_data() -> None:
    assert run("--version").stdout == "evalctl 0.1.0\n"
