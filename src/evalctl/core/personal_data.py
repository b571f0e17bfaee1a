"""Validators of personal data: what tells a card, an IBAN, an SSN or a phone from a row of digits."""

from __future__ import annotations

#: First digits (from, to) -> lengths: a Luhn check alone accepts one in ten rows of digits.
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("6011", "6011", (16, 17, 18, 19)),
    ("644", "649", (16, 17, 18, 19)),
    ("65", "65", (16, 17, 18, 19)),
    ("3528", "3589", (16, 17, 18, 19)),
    ("300", "305", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("62", "62", (16, 17, 18, 19)),
    ("50", "50", (16, 17, 18, 19)),
    ("56", "58", (16, 17, 18, 19)),
)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27,
    "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25,
    "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33,
    "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
_FILE_ENDINGS = frozenset(
    (
        *(
            "png",
            "jpg",
            "jpeg",
            "gif",
            "svg",
            "webp",
            "ico",
            "css",
            "js",
            "mjs",
            "ts",
            "tsx",
            "jsx",
        ),
        *(
            "py",
            "md",
            "json",
            "yaml",
            "yml",
            "html",
            "txt",
            "csv",
            "pdf",
            "zip",
            "gz",
            "tgz",
            "lock",
        ),
        *("local", "internal"),
    )
)
_NOT_PEOPLE = frozenset(("git", "noreply", "no-reply", "donotreply", "mailer-daemon"))


def digits_of(text: str) -> str:
    """Keep ASCII digits only."""
    return "".join(character for character in text if "0" <= character <= "9")


def is_email(text: str) -> bool:
    """Whether an address can belong to a person: not ``git@host``, not ``logo@2x.png``."""
    local, _, domain = text.rpartition("@")
    ending = domain.rpartition(".")[2].lower()
    return ending not in _FILE_ENDINGS and local.lower() not in _NOT_PEOPLE and ".." not in text


def is_card(text: str) -> bool:
    """Whether digits have an issuer's prefix and length and pass the Luhn check."""
    digits = digits_of(text)
    known = any(
        low <= digits[: len(low)] <= high and len(digits) in lengths
        for low, high, lengths in _ISSUERS
    )
    return known and len(set(digits)) > 1 and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """Whether country, length and the ISO 7064 check digits (mod 97) of an IBAN are right."""
    plain = text.replace(" ", "")
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    return int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1


def is_ssn(text: str) -> bool:
    """Whether a US social security number lies in ranges that are given out."""
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_phone(text: str) -> bool:
    """Whether ``+...`` has 8 to 15 digits, or a formatted North American number a real area code."""
    digits = digits_of(text)
    if text.startswith("+"):
        return 8 <= len(digits) <= 15 and len(set(digits)) > 2
    national = digits[-10:]
    return national[1:3] != "11" and national[4:6] != "11" and len(set(national)) > 2
