"""Write what the program knows about itself: commands, columns, checks and starter rubrics.

``python docs/generate.py`` writes the pages; with ``--check`` it writes nothing, and exits 1 where a file
is not what would be written.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).parent
GENERATED = "<!-- Written by docs/generate.py: edit the program, not this file. -->\n"

NULLS = """\
## Null, true and false

- Null means *not recorded*. It is never 0 and never an empty string.
- A condition is TRUE, FALSE or NULL. With `fail_when`, TRUE is `fail`, FALSE is `pass` and NULL is
  `unknown`; with `pass_when` TRUE is `pass` and FALSE is `fail`.
- `OR` and `AND` follow Kleene: `TRUE OR NULL` is TRUE, `FALSE OR NULL` is NULL. `NOT NULL` is NULL.
- Missing content is `unknown`, never `fail`: a trace whose content was not captured cannot be blamed
  for what it says.
- `a != 'x'` is NULL where `a` is null; write `a IS DISTINCT FROM 'x'` to count those too.
- `~`, `~*`, `LIKE` and `ILIKE` keep NULL. `STRPOS(a, 'x') > 0` does not: it is FALSE on NULL, so
  prefer `~` and `LIKE`.
- A `where` that is FALSE or NULL leaves the target out: it gets no score at all.
- `tool_args ->> 'amount'` reads a JSON path from a text column and is NULL where the path is absent;
  compare numbers with `TRY_CAST(tool_args ->> 'amount' AS DOUBLE)`.
"""


def main() -> int:
    """Write or check the generated files; the exit code says whether all were current."""
    check = "--check" in sys.argv[1:]
    stale = [name for name, text in pages() if not _settle(DOCS / name, text, check=check)]
    for name in stale:
        print(f"docs/{name} {'is stale: run python docs/generate.py' if check else 'written'}")
    return 1 if check and stale else 0


def pages() -> Iterable[tuple[str, str]]:
    """Yield file name and text of each generated page."""
    yield "columns.md", columns_page()
    yield "cli.md", cli_page()
    yield "checks.md", checks_page()
    yield "starter-rubrics.md", starters_page()


def columns_page() -> str:
    """Render every table and view from its declaration."""
    from evalctl.core.schema import TABLES
    from evalctl.core.views import SPAN_CONTEXT, VIEWS

    text = [GENERATED, "# Columns\n", _intro(), NULLS]
    for target, columns in VIEWS.items():
        text += [f"## View `{target}s`\n", _rows((c.name, c.dtype, c.doc) for c in columns)]
        if target == "span":
            names = ", ".join(f"`{c.name}`" for c in SPAN_CONTEXT)
            text.append(f"Computed from the other spans of the trace, when asked for: {names}.\n")
    for table in TABLES:
        heading = f"## Table `{table.name}`\n\n{table.doc}\n"
        text += [heading, _rows((c.name, c.dtype, c.doc) for c in table.columns)]
    return "\n".join(text)


def _intro() -> str:
    return (
        "Rubrics, `--where` and `evalctl query` speak of *views*. `evalctl query` calls them `spans`,\n"
        "`traces`, `sessions`, `scores` and `runs`; a rubric sees the view of its `target`. Every view\n"
        "also has the columns `eval.<rubric>.verdict`, `.value`, `.explanation`, `.version` and `.run`:\n"
        "quote them, as in `\"eval.tool-loop.verdict\" = 'fail'`. The tables behind the views are plain\n"
        "Delta tables, which other readers may read.\n"
    )


def checks_page() -> str:
    """Render the manual of every built-in check: its docstring and its options."""
    from evalctl.rubrics import checks

    text = [GENERATED, "# Built-in checks\n", CHECKS]
    names = sorted(module.name for module in iter_modules(checks.__path__))
    shown = [name for name in names if not name.startswith("_")]
    text += [_check(name, import_module(f"{checks.__name__}.{name}")) for name in shown]
    return "\n".join(text)


CHECKS = """\
For what SQL cannot say. A rubric names one: `check: pii`, or with options

```yaml
check:
  json_schema:
    column: output
    schema: {type: object, required: [city]}
```

A check is one file in `src/evalctl/rubrics/checks/`; third parties add theirs by an entry point in the
group `evalctl.checks`.
"""


def _check(name: str, module: Any) -> str:
    head, _, body = (module.__doc__ or "").strip().partition("\n\n")
    what = head.rpartition("``: ")[2].replace("``", "`")
    lines = [f"## {name}\n", f"{what[:1].upper()}{what[1:]}\n", body.replace("``", "`").strip(), ""]
    lines += ["| option | takes | default |", "| --- | --- | --- |"]
    for word, option in module.OPTIONS.items():
        default = "required" if option.required else _default(option.default)
        lines.append(f"| `{word}` | {option.doc}{_choices(option.choices)} | {default} |")
    return "\n".join([*lines, ""])


def _default(value: Any) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return "" if value is None else words


def _choices(choices: tuple[str, ...]) -> str:
    return f": {', '.join(f'`{choice}`' for choice in choices)}" if choices else ""


def starters_page() -> str:
    """Render what each starter rubric asks, and what it does not see."""
    from evalctl.core.starter import starter_rubrics
    from evalctl.rubrics.reading import read_rubric

    text = [GENERATED, "# Starter rubrics\n", "`evalctl init` copies them into `rubrics/`.\n"]
    for file in sorted(starter_rubrics().glob("*.yaml")):
        rubric = read_rubric(file)
        notes = " ".join(str(yaml.safe_load(rubric.text).get("notes", "")).split())
        text.append(
            f"## {rubric.name}\n\n{rubric.description}\n\n"
            f"Asked of: {rubric.target}s. Severity: {rubric.severity}. Tags: {', '.join(rubric.tags)}.\n\n"
            f"What it does not see: {notes}\n"
        )
    return "\n".join(text)


def _rows(rows: Iterable[tuple[str, object, str]]) -> str:
    lines = ["| column | type | meaning |", "| --- | --- | --- |"]
    for name, dtype, doc in rows:
        lines.append(f"| `{name}` | {_type(dtype)} | {doc.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, ""])


def _type(dtype: object) -> str:
    short = str(dtype).split("(", maxsplit=1)[0].lower()
    return {"string": "text", "int64": "integer", "int16": "integer", "float64": "number"}.get(
        short, short
    )


def cli_page() -> str:
    """Render the help of every command, as the command itself prints it."""
    from evalctl.cli.app import COMMANDS

    text = [GENERATED, "# Commands\n", EXIT_CODES, _help()]
    for name in COMMANDS:
        text.append(f"## evalctl {name}\n\n{_help(name)}")
        text += [f"### evalctl {name} {sub}\n\n{_help(name, sub)}" for sub in _subcommands(name)]
    return "\n".join(text)


EXIT_CODES = """\
stdout is data, stderr is words. Exit codes, the same for every command:

| code | meaning |
| --- | --- |
| 0 | ok |
| 1 | the question was answered, and the answer is a failure (`--fail-on`, failing examples) |
| 2 | the user can fix it: one sentence on stderr says where and how |
| 3 | could not decide |
| 70 | a bug: the traceback is in a file that stderr names |
| 130 | interrupted |
"""


def _subcommands(name: str) -> list[str]:
    import typer

    from evalctl.cli.app import app

    group: Any = typer.main.get_command(app)
    return list(getattr(group.get_command(None, name), "commands", {}))


def _help(*path: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "evalctl", *path, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"},
    )
    return f"```text\n{done.stdout.strip()}\n```\n"


def _settle(file: Path, text: str, *, check: bool) -> bool:
    current = file.read_text(encoding="utf-8") if file.exists() else ""
    if current != text and not check:
        file.write_text(text, encoding="utf-8")
    return current == text


if __name__ == "__main__":
    sys.exit(main())
