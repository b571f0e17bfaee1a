"""Personal data and secrets in text: finding them at scanning speed, and masking them.

A cheap candidate regex runs over everything, the exact pattern and its validator over the few rows
that are left (0.1 to 5 % of real traces). Patterns are ASCII: Unicode classes are 7 times slower.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from evalctl.core import personal_data as real
from evalctl.core.errors import UserError, nearest
from evalctl.core.secret_kinds import KEY_CANDIDATE, SECRET_PATTERNS, URL_CANDIDATE, is_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Nine digits with at most two separators between them: card, SSN, phone and IBAN all have them, and
# one pass for the four costs a third of four passes.
_DIGITS = r"[0-9](?:[ .()-]{0,2}[0-9]){8}"
# Where a match may begin, for Python and for Rust: outside a word, or after the \n of an escaped text.
_START = r"(?:(?<![\w.\\-])|(?<=\\[nrt]))"
_NARROW_START = r"(?:^|[^0-9A-Za-z_.\\-]|\\[nrt])"
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')


@dataclass(frozen=True, slots=True, kw_only=True)
class PiiKind:
    """One kind of personal data or secret.

    ``candidate`` is a Rust regex that runs over every text, ``narrow`` another over what it leaves;
    both match wherever ``exact`` could. Kinds with one candidate share its pass.
    """

    name: str
    tag: str
    candidate: str
    narrow: str
    exact: re.Pattern[str]
    is_real: Callable[[str], bool]

    def count(self, text: str) -> int:
        """Count real matches in one text."""
        return sum(1 for match in self.exact.finditer(text) if self.is_real(match[0]))

    def mask(self, text: str) -> str:
        """Replace real matches by the tag."""
        return self.exact.sub(lambda match: self.tag if self.is_real(match[0]) else match[0], text)


def _digits(name: str, narrow: str, exact: str, is_real: Callable[[str], bool]) -> PiiKind:
    return PiiKind(
        name=name,
        tag=f"<{name.upper()}>",
        candidate=_DIGITS,
        narrow=_NARROW_START + f"(?:{narrow})",
        exact=re.compile(_START + exact),
        is_real=is_real,
    )


def _secret(name: str, pattern: str) -> PiiKind:
    is_anywhere = name in ("private_key", "url_password")
    return PiiKind(
        name=name,
        tag="<SECRET>",
        candidate=URL_CANDIDATE if name == "url_password" else KEY_CANDIDATE,
        narrow=("" if is_anywhere else _NARROW_START) + pattern.replace("(?!ant-)", ""),
        exact=re.compile(pattern if is_anywhere else _START + pattern),
        is_real=partial(is_secret, name),
    )


_EMAIL = r"[A-Za-z0-9._%+-]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2}"
_PERSONAL: tuple[PiiKind, ...] = (
    PiiKind(
        name="email",
        tag="<EMAIL>",
        candidate=_EMAIL,
        narrow=_EMAIL,
        exact=re.compile(
            r"(?:(?<![A-Za-z0-9._%+\\-])|(?<=\\[nrt]))[A-Za-z0-9._%+-]{1,64}@"
            r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])"
        ),
        is_real=real.is_email,
    ),
    _digits(
        "iban",
        r"[A-Z]{2}[0-9]{2}[ ]?[A-Z0-9]{4}[ ]?[A-Z0-9]{4}",
        r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}(?![\w-])",
        real.is_iban,
    ),
    _digits(
        "card",
        r"[2-6][0-9]{12,18}(?:[^0-9A-Za-z_]|$)|[2-6][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4}",
        r"(?:[2-6][0-9]{12,18}|[2-6][0-9]{3}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}"
        r"|3[0-9]{3}([ -])[0-9]{6}\2[0-9]{4,5})(?![\w-]|\.[0-9])",
        real.is_card,
    ),
    _digits(
        "ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", r"[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])", real.is_ssn
    ),
    _digits(
        "phone",
        r"\+[1-9][0-9 ().-]{7}|(?:1[ .-])?\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[.-][0-9]{4}",
        r"(?:\+[1-9][0-9]{0,3}(?:[ .-]?\(?[0-9]{1,5}\)?){2,6}"
        r"|(?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.-])[2-9][0-9]{2}[.-][0-9]{4})(?![\w-]|\.[0-9])",
        real.is_phone,
    ),
)
_SECRETS: tuple[PiiKind, ...] = tuple(
    _secret(name, pattern) for name, pattern in SECRET_PATTERNS.items()
)
PERSONAL: tuple[str, ...] = tuple(kind.name for kind in _PERSONAL)
SECRETS: tuple[str, ...] = tuple(kind.name for kind in _SECRETS)
ENTITIES: tuple[str, ...] = (*PERSONAL, "secret")
"""What [redact] and the pii check may name; ``secret`` stands for every kind of secret."""

_KINDS = {kind.name: kind for kind in (*_SECRETS, *_PERSONAL)}


def kinds_of(entities: Iterable[str]) -> tuple[PiiKind, ...]:
    """Resolve entity names, ``secret`` standing for all kinds of secrets; secrets come first.

    Raises:
        UserError: a name that is none.
    """
    wanted: set[str] = set()
    for entity in entities:
        if entity not in _KINDS and entity != "secret":
            raise UserError(
                f"no entity '{entity}'{nearest(entity, ENTITIES)}; entities are {' '.join(ENTITIES)}"
            )
        wanted |= set(SECRETS) if entity == "secret" else {entity}
    return tuple(kind for name, kind in _KINDS.items() if name in wanted)


def find(series: pl.Series, entities: Iterable[str]) -> pl.DataFrame:
    """Count what is in each text: one UInt32 column per kind; null where the text is null.

    Raises:
        UserError: a name that is no entity.
    """
    kinds = kinds_of(entities)
    counted = {kind.name: np.zeros(len(series), dtype=np.uint32) for kind in kinds}
    for kind, rows in _candidates(series, kinds):
        texts = series.gather(rows).to_list()
        counted[kind.name][rows.to_numpy()] = [kind.count(text) for text in texts]
    counts = pl.DataFrame([pl.Series(name, values) for name, values in counted.items()])
    if not series.null_count():
        return counts
    return counts.select(pl.when(series.is_not_null()).then(pl.all()))


def redact(series: pl.Series, entities: Iterable[str]) -> pl.Series:
    """Mask what is in each text by tags such as ``<EMAIL>``; JSON objects and lists stay JSON.

    Order, nulls and texts without a find are as they were.

    Raises:
        UserError: a name that is no entity.
    """
    hits: dict[int, list[PiiKind]] = {}
    for kind, rows in _candidates(series, kinds_of(entities)):
        for row in rows.to_list():
            hits.setdefault(row, []).append(kind)
    texts = series.gather(list(hits)).to_list()
    masked = {row: redact_text(text, hits[row]) for row, text in zip(hits, texts, strict=True)}
    changed = [row for row, text in zip(hits, texts, strict=True) if masked[row] != text]
    if not changed:
        return series
    # A find may stand right after another and be seen once that one is masked: look again.
    fresh = redact(pl.Series(series.name, [masked[row] for row in changed]), entities)
    order = np.arange(len(series))
    order[changed] = np.arange(len(series), len(series) + len(changed))
    return pl.concat([series, fresh]).gather(order)


def redact_text(text: str, kinds: Sequence[PiiKind]) -> str:
    """Mask one text; in JSON, inside its strings and numbers, so that it stays JSON."""
    if text.lstrip()[:1] in ("{", "[", '"') and _is_json(text):
        return _JSON_TOKEN.sub(lambda match: _mask_token(match[0], kinds), text)
    return _mask(text, kinds)


def _mask_token(token: str, kinds: Sequence[PiiKind]) -> str:
    plain = json.loads(token) if token.startswith('"') else token
    masked = redact_text(plain, kinds) if token.startswith('"') else _mask(plain, kinds)
    return token if masked == plain else json.dumps(masked, ensure_ascii=False)


def _mask(text: str, kinds: Sequence[PiiKind]) -> str:
    for kind in kinds:
        text = kind.mask(text)
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _candidates(series: pl.Series, kinds: Sequence[PiiKind]) -> list[tuple[PiiKind, pl.Series]]:
    """Return the rows on which each kind's exact pattern is worth running."""
    whole = pl.Series(np.arange(len(series), dtype=np.uint32))
    passes: dict[str, tuple[pl.Series, pl.Series]] = {}
    found: list[tuple[PiiKind, pl.Series]] = []
    for kind in kinds:
        if kind.candidate not in passes:
            rows = whole.filter(series.str.contains(kind.candidate))
            passes[kind.candidate] = (rows, series.gather(rows))
        rows, texts = passes[kind.candidate]
        narrowed = rows.filter(texts.str.contains(kind.narrow)) if len(rows) else rows
        if len(narrowed):
            found.append((kind, narrowed))
    return found
