"""What a query says before Polars parses it: that it only reads, which views, which scores, which JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evalctl.core.errors import UserError, nearest
from evalctl.rubrics.jsonpath import parse_path, to_json_path
from evalctl.rubrics.sqltext import BadConditionError

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["text", "name", "sign"]
VIEWS = ("spans", "traces", "sessions", "scores", "runs", "rubrics", "rejects", "sources")
_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>"(?:[^"]|"")*"|`[^`]*`|[^\W\d]\w*)
    | (?P<sign>->>|->|[0-9.]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS: dict[str, Kind] = {"text": "text", "name": "name", "sign": "sign"}
_READING = ("SELECT", "WITH", "FROM", "VALUES", "(")
_TABLE_FUNCTION = re.compile(r"read_(?:csv|ipc|json|ndjson|parquet)", re.IGNORECASE)
_ARROWS = ("->", "->>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One token of a query; ``value`` is a name or a text without its quotes."""

    kind: Kind
    text: str
    start: int

    @property
    def value(self) -> str:
        """The name or text that is meant."""
        if self.text[:1] in "'\"`":
            return self.text[1:-1].replace(self.text[0] * 2, self.text[0])
        return self.text

    @property
    def end(self) -> int:
        """Offset just after the token."""
        return self.start + len(self.text)

    @property
    def is_quoted(self) -> bool:
        """Whether this is a name in quotes, which is never a keyword."""
        return self.kind == "name" and self.text[:1] in '"`'


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query as it will be run.

    ``views`` are the views that it touches, ``names`` all names in it, ``is_star`` whether it takes all
    columns, ``lookups`` name of a look-up -> (column, JSON path).
    """

    sql: str
    views: tuple[str, ...]
    names: frozenset[str]
    is_star: bool
    lookups: dict[str, tuple[str, str]]


def read_query(sql: str) -> Query:
    """Look at a query, and refuse what does not read or reads from elsewhere.

    Raises:
        UserError: the query is empty, changes something, or names a table that is none.
    """
    text = sql.strip().rstrip("; \n")
    words = _words(text)
    if not words:
        raise UserError(
            'the query is empty; write evalctl query "SELECT kind, count(*) FROM spans GROUP BY kind"'
        )
    if words[0].text.upper() not in _READING:
        raise UserError(
            f"a query only reads: it begins with SELECT or WITH, not with {words[0].text!r}"
        )
    _check_tables(words)
    names = {word.value for word in words if word.kind == "name"}
    lifted, lookups = _lift_json(text, words)
    return Query(
        sql=lifted,
        views=tuple(view for view in VIEWS if view in {name.lower() for name in names}),
        names=frozenset(names),
        is_star=_is_star(words),
        lookups=lookups,
    )


def _words(sql: str) -> list[Word]:
    found: list[Word] = []
    for match in _TOKEN.finditer(sql):
        kind = _KINDS.get(match.lastgroup or "")
        if kind is not None:
            found.append(Word(kind=kind, text=match[0], start=match.start()))
    return found


def _check_tables(words: Sequence[Word]) -> None:
    known = {*VIEWS, *_named_here(words)}
    for i, word in enumerate(words):
        after = words[i + 1] if i + 1 < len(words) else None
        is_call = after is not None and after.text == "("
        if is_call and _TABLE_FUNCTION.fullmatch(word.value):
            raise UserError(
                f"{word.value} reads files, and a query reads the lake: {', '.join(VIEWS)}"
            )
        if _opens_table(words, i) and after is not None:
            _check_table(after, known)


def _opens_table(words: Sequence[Word], i: int) -> bool:
    """Whether a table is named next: after FROM and JOIN, but not in EXTRACT(x FROM y)."""
    word = words[i]
    if word.is_quoted or word.text.upper() not in ("FROM", "JOIN"):
        return False
    if (
        i >= 3
        and words[i - 2].text == "("
        and words[i - 3].text.upper() in ("EXTRACT", "TRIM", "SUBSTRING")
    ):
        return False
    return not (i >= 1 and words[i - 1].text.upper() == "DISTINCT")


def _check_table(word: Word, known: set[str]) -> None:
    if word.text == "(" or (word.kind == "name" and word.value.lower() in known):
        return
    if word.kind == "name" and word.text.upper() in ("UNNEST", "LATERAL"):
        return
    hint = nearest(word.value.lower(), known)
    raise UserError(f"no table {word.value!r}{hint}; tables are {', '.join(VIEWS)}")


def _named_here(words: Sequence[Word]) -> set[str]:
    """Return names that WITH gives: ``name AS (``."""
    return {
        words[i].value.lower()
        for i in range(len(words) - 2)
        if words[i].kind == "name"
        and words[i + 1].text.upper() == "AS"
        and words[i + 2].text == "("
    }


def _is_star(words: Sequence[Word]) -> bool:
    """Whether a ``*`` stands for columns: after SELECT, a comma or a dot, not in count(*) or a product."""
    for i, word in enumerate(words):
        before = words[i - 1].text.upper() if i else ""
        if word.text == "*" and before in ("SELECT", "DISTINCT", "ALL", ",", "."):
            return True
    return words[0].text.upper() == "FROM"


def _lift_json(sql: str, words: Sequence[Word]) -> tuple[str, dict[str, tuple[str, str]]]:
    """Replace ``column ->> 'a.b'``, which Polars reads as a field of a struct, by a named look-up."""
    parts: list[str] = []
    lookups: dict[str, tuple[str, str]] = {}
    at, done = 1, 0
    while at < len(words):
        column = words[at - 1]
        if words[at].text not in _ARROWS or column.kind != "name":
            at += 1
            continue
        begin = at
        path, at = _path(words, at)
        name = " ".join([column.value, *(word.text for word in words[begin:at])])
        lookups[name] = (column.value, path)
        parts += [sql[done : column.start], '"', name.replace('"', '""'), '"']
        done = words[at - 1].end
    return "".join([*parts, sql[done:]]), lookups


def _path(words: Sequence[Word], at: int) -> tuple[str, int]:
    steps: list[str | int] = []
    while at < len(words) and words[at].text in _ARROWS:
        operand = words[at + 1] if at + 1 < len(words) else None
        if operand is not None and operand.kind == "text":
            try:
                steps += parse_path(operand.value)
            except BadConditionError as error:
                raise UserError(error.message) from None
        elif operand is not None and operand.text.isdigit():
            steps.append(int(operand.text))
        else:
            raise UserError(
                f"after {words[at].text} stands a path in single quotes, such as 'order.id'"
            )
        at += 2
    return to_json_path(tuple(steps)), at
