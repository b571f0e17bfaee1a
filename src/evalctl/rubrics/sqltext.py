"""The words of a SQL condition with their places: what is looked at before Polars parses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

TokenKind = Literal["text", "quoted", "number", "word", "sign"]

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*)
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>->>|->|!~\*|!~|~\*|<=>|<>|<=|>=|!=|\|\||::|//|[-+*/%=<>~(),.\[\]^@#&|])
    """,
    re.VERBOSE,
)
_OPENING = {"(": ")", "[": "]"}


class BadConditionError(Exception):
    """A condition is wrong: one sentence, and where in its text."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message, self.offset = message, offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word of a condition; ``value`` is the text without its quotes."""

    kind: TokenKind
    text: str
    start: int

    @property
    def value(self) -> str:
        """The text of a literal or the name of an identifier, unquoted."""
        if self.kind == "text":
            return self.text[1:-1].replace("''", "'")
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        return self.text

    @property
    def end(self) -> int:
        """Offset just after the token."""
        return self.start + len(self.text)

    def is_word(self, *words: str) -> bool:
        """Whether this is one of the bare ``words``, in any case."""
        return self.kind == "word" and self.text.upper() in words


def tokens(sql: str) -> tuple[Token, ...]:
    """Split a condition into tokens and check that brackets pair.

    Raises:
        BadConditionError: a comment, a semicolon, an open quote, a character that SQL does not know, or
            brackets that do not pair.
    """
    found: list[Token] = []
    at = 0
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        kind = match.lastgroup if match else None
        if match is None or kind == "comment":
            raise BadConditionError(_complaint(sql, at), at)
        if kind != "space":
            found.append(Token(kind=kind, text=match[0], start=at))  # pyright: ignore[reportArgumentType] (group names are the kinds)
        at = match.end()
    if not found:
        raise BadConditionError("the condition is empty")
    _check_brackets(found)
    return tuple(found)


def normal_form(sql: str) -> str:
    """Return the condition with single spaces between tokens: equal for equal meaning's layout."""
    return " ".join(token.text for token in tokens(sql))


def _complaint(sql: str, at: int) -> str:
    character = sql[at]
    if sql.startswith(("--", "/*"), at):
        return "comments inside a condition are not read; write them as YAML comments (#)"
    if character == ";":
        return "one condition only: remove the ';'"
    if character == "'":
        return "a text is opened with ' and never closed; write '' for a quote inside it"
    if character in '"`':
        return f"a name is opened with {character} and never closed"
    return f"{character!r} means nothing in a condition"


def _check_brackets(found: Sequence[Token]) -> None:
    opened: list[Token] = []
    for token in (token for token in found if token.kind == "sign"):
        if token.text in _OPENING:
            opened.append(token)
        elif token.text in _OPENING.values() and (
            not opened or _OPENING[opened.pop().text] != token.text
        ):
            raise BadConditionError(f"this '{token.text}' closes nothing", token.start)
    if opened:
        raise BadConditionError(f"this '{opened[-1].text}' is never closed", opened[-1].start)
