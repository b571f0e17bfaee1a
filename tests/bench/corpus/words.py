"""Plausible English of a shop's support desk, from word lists: no real person, firm or address.

Text is kept escaped for one level of JSON. A second level is one more ``escape``, because text that
is escaped once holds no control characters.
"""

from __future__ import annotations

import json
from itertools import accumulate
from random import Random
from typing import NamedTuple

EMAIL, CARD, SSN, KEY, PHONE, IP, DECOY, REFUSAL = (1 << n for n in range(8))
MARKS: dict[str, int] = {
    "email": EMAIL,
    "card": CARD,
    "ssn": SSN,
    "key": KEY,
    "phone": PHONE,
    "ip": IP,
    "card_decoy": DECOY,
    "refusal": REFUSAL,
}
"""What a text can hold, by name; a card decoy has 16 digits that fail the Luhn check."""

POOL_SIZE = 20_000

_THING = (
    "the order",
    "your refund",
    "the parcel",
    "this invoice",
    "the subscription",
    "your account",
    "the return label",
    "the warehouse",
    "the payment",
    "the delivery window",
    "the replacement",
    "our courier",
    "the gift card",
    "the store credit",
    "the price",
    "the waiting list",
    "the repair",
    "the spare part",
    "the booking",
    "the support ticket",
)
_DOES = (
    "was confirmed",
    "has been delayed",
    "is waiting for approval",
    "was sent to another depot",
    "needs a signature",
    "could not be matched",
    "was charged twice",
    "is ready for collection",
    "has changed since last week",
    "was cancelled by the system",
    "is covered by the guarantee",
    "went out this morning",
    "shows an older address",
    "must be checked by hand",
    "was merged with an earlier one",
    "is on its way back",
    "has not left the building",
)
_WHEN = (
    "yesterday",
    "this morning",
    "within three working days",
    "before the end of the week",
    "after the last update",
    "over the weekend",
    "during the sale",
    "at the start of the month",
    "later today",
    "as soon as the stock arrives",
)
_BECAUSE = (
    "because the postcode did not match the street",
    "since the carrier reported heavy snow on the route",
    "as the bank asked for one more confirmation",
    "because two colleagues edited it at the same time",
    "since the colour that you chose is out of stock",
    "as the form was sent without a reason",
    "because the old label was scanned by mistake",
    "since the item counts as bulky goods",
)
_ASK = (
    "Could you please check whether",
    "I would like to know if",
    "Can you tell me why",
    "Please find out whether",
    "I still do not understand why",
    "It would help me to know when",
    "Is it correct that",
    "Please let me know if",
)
_SAY = (
    "I have looked into it, and",
    "According to our records",
    "As far as I can see",
    "Good news:",
    "I am sorry to say that",
    "The system tells me that",
    "To sum up,",
    "In short,",
    "Following your message,",
    "After a second look,",
)
_EXTRA = (
    'The note on the file says "leave it with the neighbour, please".',
    "Next steps:\n- wait for the confirmation\n- print the label\n- hand the parcel in",
    "| item | state |\n|---|---|\n| lamp | packed |\n| shade | missing |",
    "The café on Königstraße keeps parcels until eight o'clock, just ask for it.",
    "配送状況はこちらで確認できます。Thank you ✅",
    "Path C:\\labels\\out was full,\tso nothing was printed.",
    "Use the button “Return an item” and choose size “½ pallet”.",
)
REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "I am unable to assist with changing another person's order.",
    "As an AI, I cannot help with that.",
)
_TEST_CARDS = ("4111111111111111", "5555555555554444", "4242424242424242", "4012888888881881")
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

_PLANTS: tuple[tuple[int, float], ...] = (
    (EMAIL, 0.030),
    (PHONE, 0.015),
    (IP, 0.008),
    (CARD, 0.004),
    (DECOY, 0.004),
    (SSN, 0.003),
    (KEY, 0.002),
)
_PLANT_LIMITS = tuple(accumulate(rate for _, rate in _PLANTS))


class Piece(NamedTuple):
    """A text: escaped once, its plain size in bytes, and the marks of what it holds."""

    one: str
    size: int
    marks: int = 0

    @property
    def two(self) -> str:
        """The text escaped twice: for JSON text inside a JSON string."""
        return escape(self.one)


EMPTY = Piece("", 0)


def escape(one: str) -> str:
    """Escape text without control characters for one more level of JSON."""
    return one.replace("\\", "\\\\").replace('"', '\\"')


def plain(text: str, marks: int = 0) -> Piece:
    """Make a piece of any text."""
    return Piece(json.dumps(text, ensure_ascii=False)[1:-1], len(text.encode()), marks)


def of_json(text: str, marks: int = 0) -> Piece:
    """Make a piece of JSON text that is on one line."""
    return Piece(escape(text), len(text.encode()), marks)


def sentences(seed: int) -> list[Piece]:
    """Return the pool of sentences, the same for the same seed."""
    rng = Random(f"{seed}/sentences")
    return [plain(_sentence(rng)) for _ in range(POOL_SIZE)]


def _sentence(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.02:
        return rng.choice(_EXTRA)
    body = f"{rng.choice(_THING)} {rng.choice(_DOES)} {rng.choice(_WHEN)}"
    if kind < 0.30:
        return f"{rng.choice(_ASK)} {body}?"
    if kind < 0.60:
        return f"{rng.choice(_SAY)} {body} {rng.choice(_BECAUSE)}."
    return f"{body[0].upper()}{body[1:]}, and {rng.choice(_THING)} {rng.choice(_DOES)}."


def compose(rng: Random, pool: list[Piece], count: int, opening: str = "") -> Piece:
    """Join ``count`` sentences behind an opening that makes the text one of its kind."""
    picked = rng.choices(pool, k=count)
    text = " ".join([p.one for p in picked])
    size = sum([p.size for p in picked]) + count - 1
    return Piece(f"{opening} {text}", size + len(opening) + 1) if opening else Piece(text, size)


def planted(rng: Random, piece: Piece) -> Piece:
    """Append something personal or secret to a few texts, at the known rates."""
    draw = rng.random()
    if draw >= _PLANT_LIMITS[-1]:
        return piece
    mark = next(m for (m, _), limit in zip(_PLANTS, _PLANT_LIMITS, strict=True) if draw < limit)
    text = f" {_secret(rng, mark)}"
    return Piece(piece.one + text, piece.size + len(text), piece.marks | mark)


def _secret(rng: Random, mark: int) -> str:
    if mark == EMAIL:
        return (
            f"Write to customer{rng.randrange(10**6)}@mail{rng.randrange(40)}.example.com instead."
        )
    if mark == PHONE:
        return f"Call {rng.randrange(201, 989)}-555-{rng.randrange(100, 200):04d} after lunch."
    if mark == IP:
        return f"Seen from 203.0.113.{rng.randrange(1, 255)} last time."
    if mark == SSN:
        return f"SSN on file: {rng.randrange(100, 666)}-{rng.randrange(10, 100)}-{rng.randrange(1000, 10000)}."
    if mark == KEY:
        return f"Key sk-{''.join(rng.choices(_ALPHABET, k=40))} still works."
    digits = rng.choice(_TEST_CARDS) if mark == CARD else f"{rng.randrange(10**15):015d}"
    number = digits if mark == CARD else digits + str((_luhn_digit(digits) + 1) % 10)
    separator = rng.choice(("", " ", "-"))
    return f"Card {separator.join(number[i : i + 4] for i in range(0, 16, 4))} was used."


def _luhn_digit(body: str) -> int:
    """Return the check digit that would make ``body`` a valid number."""
    digits = [int(c) for c in reversed(body)]
    total = sum(digits[1::2]) + sum(d * 2 - 9 * (d > 4) for d in digits[::2])
    return -total % 10
