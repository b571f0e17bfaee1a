"""Options of checks: what each takes, its default, and the sentence when it is something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import polars as pl

from evalctl.core.errors import nearest
from evalctl.core.views import view_schema
from evalctl.rubrics.checks._registry import BadCheckError

if TYPE_CHECKING:
    from evalctl.core.words import Target

OptionType = Literal["text", "texts", "word", "words", "flag", "mapping"]
_TYPE_WORDS = {
    "text": "a text",
    "texts": "a list of texts",
    "word": "one of",
    "words": "a list of",
    "flag": "true or false",
    "mapping": "a mapping",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a check; ``choices`` closes the set of words."""

    type: OptionType
    doc: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()

    def checked(self, check: str, name: str, value: Any) -> Any:
        """Return the value, or the default where it was not given.

        Raises:
            BadCheckError: missing though required, or of another type, or not one of the choices.
        """
        if value is None:
            if self.required:
                raise BadCheckError(f"{check} needs the option '{name}': {self.doc}", name)
            return sorted(self.default) if self.type == "words" else self.default
        if self.type in ("texts", "words") and isinstance(value, str):
            value = [value]
        if not self._fits(value):
            said = f"{check}: {name} must be {self._wanted()}, not {value!r}"
            raise BadCheckError(said[:300], name)
        for word in [value] if isinstance(value, str) else value if self.choices else ():
            self._check_word(check, name, word)
        return sorted(set(value)) if self.type == "words" else value

    def _check_word(self, check: str, name: str, word: str) -> None:
        if self.choices and word not in self.choices:
            near = nearest(word, self.choices)
            said = f"{check}: {name} '{word}'{near}; it must be {self._wanted()}"
            raise BadCheckError(said, name)

    def _fits(self, value: Any) -> bool:
        if self.type in ("texts", "words"):
            return (
                isinstance(value, list)
                and bool(value)
                and all(isinstance(item, str) for item in cast("list[Any]", value))
            )
        return isinstance(value, {"flag": bool, "mapping": dict}.get(self.type, str))

    def _wanted(self) -> str:
        return f"{_TYPE_WORDS[self.type]} {' '.join(self.choices)}".strip()


def text_columns(check: str, columns: list[str], target: Target) -> tuple[str, ...]:
    """Return ``columns`` after checking that each is a text column of the target's view.

    Raises:
        BadCheckError: one is not.
    """
    schema = view_schema(target)
    texts = [name for name, dtype in schema.items() if str(dtype) == "String"]
    for name in columns:
        if name not in texts:
            what = (
                "holds no text"
                if name in schema
                else f"is no column of a {target}{nearest(name, texts)}"
            )
            raise BadCheckError(f"{check}: '{name}' {what}", "columns")
    return tuple(dict.fromkeys(columns))


def default_columns(target: Target) -> list[str]:
    """Return the columns that a check looks at unless told: what the user or the next step receives."""
    return ["last_output"] if target == "session" else ["output"]


ON_EMPTY = Option(
    type="word",
    doc="the verdict where there is nothing to look at",
    default="unknown",
    choices=("pass", "fail", "unknown"),
)


def empty_answer(on_empty: str) -> pl.Expr:
    """Return the Boolean of ``Plan.fail`` for a word of ``on_empty``."""
    return pl.lit({"pass": False, "fail": True, "unknown": None}[on_empty], dtype=pl.Boolean)
