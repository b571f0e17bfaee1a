"""Rubric files from disk: found, read strictly, checked, compiled once, and ordered by what they read."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from evalctl.core.errors import RubricError, UserError, nearest
from evalctl.core.starter import starter_rubrics
from evalctl.rubrics.reading import read_rubric

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from evalctl.rubrics.rubric import Rubric

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_TARGET_WORDS = {"span": "spans", "trace": "traces", "session": "sessions"}


def is_rubric_name(name: str) -> bool:
    """Whether a file may be called so: the name becomes part of column names."""
    return _NAME.fullmatch(name) is not None


def project_rubrics(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the configured folders that exist; the starter rubrics where none does."""
    there = tuple(path for path in paths if path.exists())
    return there or (starter_rubrics(),)


def load_rubrics(paths: Iterable[Path], names: Sequence[str] = ()) -> list[Rubric]:
    """Load every rubric in files and folders, and keep those that ``names`` selects.

    A name is a rubric name, a glob, or ``tag:NAME``. Rubrics whose verdicts a selected one reads come
    along. The order is alphabetical, but a rubric stands after those that it reads.

    Raises:
        RubricError: a file is wrong, two have one name, or rubrics read each other in a circle.
        UserError: no rubric is there, or a name selects none.
    """
    rubrics = _unique(read_rubric(_named(file)) for file in _files(paths))
    _check_uses(rubrics)
    ordered = _ordered(rubrics)
    wanted = _selected(rubrics, names)
    return [rubric for rubric in ordered if rubric.name in wanted]


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [
                file
                for file in path.iterdir()
                if file.suffix in (".yaml", ".yml") and file.is_file()
            ]
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"{path}: no such rubric file or folder")
    if not found:
        raise UserError(
            f"no rubric (*.yaml) in {', '.join(str(path) for path in paths)}; evalctl rubrics new NAME writes one"
        )
    return sorted(dict.fromkeys(found), key=lambda file: (file.stem, str(file)))


def _named(file: Path) -> Path:
    if not is_rubric_name(file.stem):
        raise RubricError(
            file, None, "the file name is the rubric's name: use letters, digits, - and _"
        )
    return file


def _unique(rubrics: Iterable[Rubric]) -> dict[str, Rubric]:
    known: dict[str, Rubric] = {}
    for rubric in rubrics:
        if rubric.name in known:
            raise RubricError(
                rubric.path,
                None,
                f"a rubric '{rubric.name}' is already at {known[rubric.name].path}; rename one",
            )
        known[rubric.name] = rubric
    return known


def _check_uses(rubrics: dict[str, Rubric]) -> None:
    for rubric in rubrics.values():
        for name in sorted(rubric.uses & rubrics.keys()):
            other = rubrics[name]
            if other.target != rubric.target:
                raise RubricError(
                    rubric.path,
                    None,
                    f"reads the verdict of '{name}', which is asked of {_TARGET_WORDS[other.target]}, "
                    f"not of {_TARGET_WORDS[rubric.target]}",
                )


def _ordered(rubrics: dict[str, Rubric]) -> list[Rubric]:
    sorter = TopologicalSorter(
        {name: sorted(rubric.uses & rubrics.keys()) for name, rubric in rubrics.items()}
    )
    try:
        return [rubrics[name] for name in sorter.static_order()]
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise RubricError(
            rubrics[circle[0]].path,
            None,
            f"rubrics read each other's verdicts in a circle: {' -> '.join(circle)}",
        ) from None


def _selected(rubrics: dict[str, Rubric], names: Sequence[str]) -> set[str]:
    if not names:
        return set(rubrics)
    waiting = [name for pattern in names for name in _matching(rubrics, pattern)]
    wanted: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting += rubrics[name].uses & rubrics.keys()
    return wanted


def _matching(rubrics: dict[str, Rubric], pattern: str) -> list[str]:
    if pattern.startswith("tag:"):
        found = [
            name
            for name, rubric in rubrics.items()
            if any(fnmatchcase(tag, pattern[4:]) for tag in rubric.tags)
        ]
        known: Iterable[str] = sorted(
            {f"tag:{tag}" for rubric in rubrics.values() for tag in rubric.tags}
        )
    else:
        found = [name for name in rubrics if fnmatchcase(name, pattern)]
        known = sorted(rubrics)
    if not found:
        raise UserError(
            f"no rubric '{pattern}'{nearest(pattern, known)}; evalctl rubrics list names them"
        )
    return found
