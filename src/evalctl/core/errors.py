"""Everything that evalctl raises on purpose, and the exit codes that follow from it.

    EvalctlError            base; never raised itself
    ├── UserError           the user can fix it: one sentence, exit 2
    │   ├── RubricError     ... in a rubric file, with path and line
    │   └── ConfigError     ... in evalctl.toml
    └── UndecidedError      evalctl cannot decide: exit 3

Anything else that escapes is a bug: exit 70, with the traceback in a file.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class ExitCode(IntEnum):
    """What the process returns; one meaning each, for every command."""

    OK = 0
    FAILED = 1
    USER = 2
    UNDECIDED = 3
    BUG = 70
    INTERRUPTED = 130


class EvalctlError(Exception):
    """Base of all errors that are answers, not bugs."""

    exit_code: ExitCode = ExitCode.USER


class UserError(EvalctlError):
    """Something the user can fix: one sentence that names the file, the place and the remedy."""


class RubricError(UserError):
    """A rubric file is wrong; the text starts with ``path:line:`` or ``path:line:column:``."""

    def __init__(
        self, path: Path | str, line: int | None, message: str, *, column: int | None = None
    ) -> None:
        place = ":".join(str(part) for part in (path, line, column) if part)
        sentence = " ".join(message.split())
        super().__init__(f"{place}: {sentence}")
        self.path, self.line, self.message = str(path), line, sentence


class ConfigError(UserError):
    """evalctl.toml is wrong."""


class UndecidedError(EvalctlError):
    """The question was understood, and what is recorded does not answer it."""

    exit_code = ExitCode.UNDECIDED


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest of ``words``, else an empty string."""
    found = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f" (did you mean '{found[0]}'?)" if found else ""
