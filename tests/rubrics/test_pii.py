"""Personal data and secrets: what is one, what only looks like one, and what a mask leaves."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalctl.core.errors import UserError
from evalctl.core.pii import ENTITIES, PERSONAL, SECRETS, find, redact
from evalctl.rubrics.checks import build_check, complete_options


def kinds_in(text: str) -> set[str]:
    """Return the kinds that are found in one text."""
    counts = find(pl.Series([text]), ENTITIES).row(0, named=True)
    return {name for name, count in counts.items() if count}


CARDS = [
    "4111 1111 1111 1111", "4111111111111111", "4111-1111-1111-1111", "4222222222222", "5555 5555 5555 4444",
    "5105105105105100", "2223003122003222", "378282246310005", "3782 822463 10005", "6011111111111117",
    "3530111333300000", "30569309025904", "38520000023237", "6240008631401148", "4917610000000000003",
]  # fmt: skip
NOT_CARDS = [
    "4111 1111 1111 1112", "4111111111111112", "1234567890123452", "0000000000000000", "1717171717171",
    "1717171717171717171", "4111 1111-1111 1111", "0.4111111111111111", "4111111111111111.5", "id4111111111111111",
    "41111111111111110", "9999999999999995", "411111111111", "a-4111111111111111",
]  # fmt: skip
IBANS = [
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19", "FR1420041010050500013M02606",
    "NL91ABNA0417164300", "NO9386011117947", "CH9300762011623852957", "ES9121000418450200051332", "MT84MALT011000012345MTLCAST001S",
]  # fmt: skip
NOT_IBANS = ["DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "GB29 NWBK 6016 1331 9268 18", "INVOICE2024000012345678"]  # fmt: skip
SSNS = ["078-05-1120", "219-09-9999", "899-99-9999", "001-01-0001"]
NOT_SSNS = ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "1123-45-6789", "123-45-67890", "2024-123-45-6789"]  # fmt: skip
PHONES = ["+14155552671", "+1 415-555-2671", "+49 30 901820", "+44 20 7946 0958", "(415) 555-2671", "415-555-2671", "415.555.2671", "1-415-555-2671", "+33 1 42 68 53 00"]  # fmt: skip
NOT_PHONES = ["4155552671", "2024-05-20", "115-555-2671", "415-155-2671", "10.0.0.1", "555-2671", "+1", "+12345", "12-415-555-26711", "411-555-2671"]  # fmt: skip
EMAILS = ["joan.doe@example.com", "j+tag@mail.example.co.uk", "a_b-c@x-y.org"]
NOT_EMAILS = ["git@github.com", "logo@2x.png", "@decorator", "a@b", "package@1.2.3", "user@host.local", "noreply@example.com"]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("card", text) for text in CARDS),
        *(("iban", text) for text in IBANS),
        *(("ssn", text) for text in SSNS),
        *(("phone", text) for text in PHONES),
        *(("email", text) for text in EMAILS),
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "It is {}, thanks.", "({})", '{{"x": "{}"}}', "a\\n{}\\n"]
)
def test_personal_data_is_found_wherever_it_stands(kind: str, text: str, around: str) -> None:
    assert kind in kinds_in(around.format(text))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("card", text) for text in NOT_CARDS),
        *(("iban", text) for text in NOT_IBANS),
        *(("ssn", text) for text in NOT_SSNS),
        *(("phone", text) for text in NOT_PHONES),
        *(("email", text) for text in NOT_EMAILS),
    ],
)
def test_what_only_looks_like_it_is_not_found(kind: str, text: str) -> None:
    assert kind not in kinds_in(f"It is {text} thanks.")


def key(*parts: str) -> str:
    """Join a key from parts, so that no scanner takes this file for a leak."""
    return "".join(parts)


BODY = "aZ3kQ9xLm2Vt8RbN5cYw7PdE1fGh4JsU6oKi"
KEYS = [
    ("aws_key", key("AKI", "AQ7RT2ZP4LM6XWVBN")),
    ("github_token", key("gh", "p_", BODY)),
    ("gitlab_token", key("glp", "at-", BODY[:20])),
    ("openai_key", key("s", "k-", BODY)),
    ("openai_key", key("s", "k-proj-", BODY)),
    ("anthropic_key", key("s", "k-ant-api03-", BODY)),
    ("google_key", key("AI", "za", BODY[:35])),
    ("slack_token", key("xox", "b-", "1234567-", BODY[:16])),
    ("stripe_key", key("sk", "_live_", BODY[:24])),
    ("huggingface_token", key("h", "f_", BODY[:34])),
    ("npm_token", key("np", "m_", BODY)),
    ("jwt", key("ey", "JhbGciOiJIUzI1NiJ9.ey", "JzdWIiOiIxMjM0In0x.", BODY)),
    ("private_key", key("-----BEGIN RSA ", "PRIVATE KEY-----")),
    ("url_password", "postgres://app:tR4ffic-j4m@db.internal/orders"),
]


@pytest.mark.parametrize(("kind", "text"), KEYS)
@pytest.mark.parametrize("around", ["{}", "use {} now", 'KEY="{}"', "a\\n{}\\n"])
def test_a_credential_is_found_by_its_issuers_form(kind: str, text: str, around: str) -> None:
    assert kinds_in(around.format(text)) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "sk-your-api-key-goes-here-1234",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "task-4f9c2b7d8e1a6053c4b2aaaaaaaa",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_short",
        "risk-based-approach-to-testing-models",
        "postgres://user:password@localhost/db",
        "https://user:${PASSWORD}@host/",
        "https://example.com:8080/a@b",
        "eyJhbGciOiJIUzI1NiJ9",
    ],
)
def test_a_placeholder_is_no_credential(text: str) -> None:
    assert kinds_in(f"use {text} now") & set(SECRETS) == set()


def test_counts_are_per_kind_and_null_stays_null() -> None:
    texts = pl.Series(["a@example.com b@example.org 078-05-1120", None, "nothing"])

    assert find(texts, ["email", "ssn"]).to_dict(as_series=False) == {
        "email": [2, None, 0],
        "ssn": [1, None, 0],
    }


def test_an_unknown_entity_is_named_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"no entity 'emial' \(did you mean 'email'\?\)"):
        redact(pl.Series(["x"]), ["emial"])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Mail joan@example.com now", "Mail <EMAIL> now"),
        ("4111 1111 1111 1111, 078-05-1120", "<CARD>, <SSN>"),
        ("DE89 3704 0044 0532 0130 00 or +49 30 901820", "<IBAN> or <PHONE>"),
        (f"key={KEYS[0][1]}", "key=<SECRET>"),
        ('{"card": 4111111111111111, "n": 7}', '{"card": "<CARD>", "n": 7}'),
        ('{"a": "x\\njoan@example.com"}', '{"a": "x\\n<EMAIL>"}'),
        ('{"joan@example.com":  [1.50, true]}', '{"<EMAIL>":  [1.50, true]}'),
        (
            '{"a": "{\\"b\\": \\"\\\\njoan@example.com\\"}"}',
            '{"a": "{\\"b\\": \\"\\\\n<EMAIL>\\"}"}',
        ),
        ("log:\\njoan@example.com", "log:\\n<EMAIL>"),
        ("nothing here", "nothing here"),
        (None, None),
    ],
)
def test_a_mask_replaces_the_find_and_nothing_else(text: str | None, masked: str | None) -> None:
    assert redact(pl.Series("x", [text], dtype=pl.String), ENTITIES).to_list() == [masked]


found = st.sampled_from(
    [
        "joan@example.com",
        "4111111111111111",
        "078-05-1120",
        "+49 30 901820",
        "DE89370400440532013000",
        KEYS[3][1],
    ]
)
texts = st.lists(
    st.one_of(found, st.text(max_size=8), st.sampled_from(["\n", "\\", '"', "{", " "])), max_size=5
).map("".join)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.just(4111111111111111), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_masked_json_is_json_and_a_second_mask_changes_nothing(
    value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps({"value": value}, ensure_ascii=ascii_only, indent=indent)

    masked = redact(pl.Series("x", [text]), ENTITIES)

    json.loads(masked[0])
    assert redact(masked, ENTITIES).to_list() == masked.to_list()


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), texts), max_size=6))
def test_a_mask_keeps_order_and_what_it_does_not_touch(rows: list[str | None]) -> None:
    series = pl.Series("x", rows, dtype=pl.String)
    counts = find(series, ENTITIES)
    clean = (
        counts.select(pl.sum_horizontal(pl.all()) == 0).to_series()
        if rows
        else pl.Series([], dtype=pl.Boolean)
    )

    masked = redact(series, ENTITIES)

    assert masked.name == "x"
    assert len(masked) == len(series)
    assert [m for m, c in zip(masked, clean, strict=True) if c] == [
        r for r, c in zip(rows, clean, strict=True) if c
    ]


def test_the_pii_check_says_kinds_and_counts_and_never_the_find() -> None:
    plan = build_check("pii", complete_options("pii", {"columns": ["output", "input"]}), "span")
    rows = pl.DataFrame(
        {
            "output": ["Card 4111 1111 1111 1111 and 5555 5555 5555 4444", "hello", None, None],
            "input": [None, "I am joan@example.com", "hi", None],
        },
        schema={"output": pl.String(), "input": pl.String()},
    )

    answers = rows.lazy().select(fail=plan.fail, said=plan.explanation).collect()

    assert answers["fail"].to_list() == [True, True, False, None]
    assert answers["said"].to_list()[:2] == ["output: card x2", "input: email x1"]
    assert plan.evidence == ()


def test_redaction_knows_every_kind_that_the_checks_find() -> None:
    assert set(ENTITIES) == {*PERSONAL, "secret"}
