"""What a condition may not say: words that look at other rows, at the clock, or stop a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalctl.rubrics.sqltext import BadConditionError, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

_AGGREGATES = frozenset(
    (
        *(
            "COUNT",
            "SUM",
            "AVG",
            "MIN",
            "MAX",
            "FIRST",
            "LAST",
            "MEDIAN",
            "MODE",
            "STDDEV",
            "STDEV",
        ),
        *(
            "STDDEV_SAMP",
            "STDEV_SAMP",
            "VAR",
            "VARIANCE",
            "VAR_SAMP",
            "QUANTILE_CONT",
            "QUANTILE_DISC",
        ),
        *(
            "ARRAY_AGG",
            "STRING_AGG",
            "LISTAGG",
            "CORR",
            "COVAR",
            "COVAR_POP",
            "COVAR_SAMP",
            "UNNEST",
        ),
        *("APPROX_COUNT_DISTINCT", "BIT_AND", "BIT_OR", "BIT_XOR", "BOOL_AND", "BOOL_OR", "EVERY"),
    )
)
_WINDOWS = frozenset(
    (
        *(
            "LAG",
            "LEAD",
            "ROW_NUMBER",
            "RANK",
            "DENSE_RANK",
            "FIRST_VALUE",
            "LAST_VALUE",
            "NTH_VALUE",
        ),
        *("NTILE", "PERCENT_RANK", "CUME_DIST"),
    )
)
_CLOCK = frozenset(
    (
        *("NOW", "RANDOM", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"),
        *("LOCALTIME", "LOCALTIMESTAMP"),
    )
)
ONE_ROW = "a condition looks at one row:"


def refuse_words(words: Sequence[Token]) -> None:
    """Look at each token with the one after it.

    Raises:
        BadConditionError: at the first that is not part of a condition.
    """
    for token, follower in zip(words, [*words[1:], None], strict=True):
        is_call = follower is not None and follower.text == "("
        message = _refusal(token, follower, is_call=is_call)
        if message:
            raise BadConditionError(message, token.start)


def _refusal(token: Token, follower: Token | None, *, is_call: bool) -> str | None:
    if token.kind == "number":
        return _number_refusal(token, follower)
    if token.text == "::":
        return (
            "'::' stops the run at the first value that does not convert; write TRY_CAST(x AS type)"
        )
    return _word_refusal(token.text.upper(), is_call=is_call) if token.kind == "word" else None


def _word_refusal(name: str, *, is_call: bool) -> str | None:
    if name in ("SELECT", "EXISTS"):
        return f"{ONE_ROW} sub-selects are not part of it"
    if name == "OVER":
        return f"{ONE_ROW} window functions are not part of it; use a column of the view"
    if name in _CLOCK and (is_call or "_" in name):
        return f"{name} changes from run to run, and a verdict must not; use --since and --until"
    return _call_refusal(name) if is_call else None


def _call_refusal(name: str) -> str | None:
    if name == "CAST":
        return "CAST stops the run at the first value that does not convert; write TRY_CAST"
    if name in _WINDOWS or name in _AGGREGATES:
        return f"{ONE_ROW} {name} is not part of it; use a column of the view, or another target"
    return None


def _number_refusal(token: Token, follower: Token | None) -> str | None:
    if follower is None or follower.kind not in ("word", "number") or follower.start != token.end:
        return None
    written = token.text + follower.text
    plain = written.replace("_", "")
    hint = f"write {plain}" if plain.isdigit() else "write a plain decimal number"
    return f"{written} is not a number that SQL knows; {hint}"
