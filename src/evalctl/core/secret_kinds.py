"""Shapes of credentials: what issuers print in front of their keys, and what makes a match real."""

from __future__ import annotations

import re

#: Name -> exact pattern. Prefixes are those that the issuers document for their keys.
SECRET_PATTERNS: dict[str, str] = {
    "aws_key": r"A[KS]IA[0-9A-Z]{16}",
    "github_token": r"(?:gh[oprsu]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,244})",
    "gitlab_token": r"glpat-[A-Za-z0-9_-]{20,64}",
    "anthropic_key": r"sk-ant-[A-Za-z0-9_-]{20,200}",
    "openai_key": r"sk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}",
    "google_key": r"AIza[0-9A-Za-z_-]{35}",
    "slack_token": r"xox[abeoprs]-[A-Za-z0-9-]{10,250}",
    "slack_webhook": r"hooks\.slack\.com/services/T[A-Z0-9]{6,12}/B[A-Z0-9]{6,12}/[A-Za-z0-9]{16,32}",
    "stripe_key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}",
    "sendgrid_key": r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    "huggingface_token": r"hf_[A-Za-z0-9]{30,60}",
    "npm_token": r"npm_[A-Za-z0-9]{36}",
    "pypi_token": r"pypi-AgE[A-Za-z0-9_-]{50,1000}",
    "jwt": r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,2000}",
    "private_key": r"-----BEGIN (?:[A-Z]{2,20} ){0,2}PRIVATE KEY(?: BLOCK)?-----",
    "url_password": r"://[^\s:/@\"'<>]{1,80}:[^\s:/@\"'<>]{3,80}@[A-Za-z0-9]",
}

#: A superset of all but url_password, as literals that Rust's regex finds by Teddy at memory speed.
KEY_CANDIDATE = (
    r"AKIA|ASIA|gho_|ghp_|ghr_|ghs_|ghu_|github_pat_|glpat-|sk-|AIza|xoxa-|xoxb-|xoxe-|xoxo-|xoxp-|xoxr-|xoxs-|"
    r"hooks\.slack\.com/|sk_live_|sk_test_|rk_live_|rk_test_|SG\.|hf_|npm_|pypi-AgE|eyJ|PRIVATE KEY"
)
URL_CANDIDATE = r"://[^\s:/@]{1,80}:[^\s:/@]{1,80}@"

_PLACEHOLDER = re.compile(
    r"(?i)x{4}|\*{3}|\.{3}|your|example|placeholder|redacted|changeme|<|\$|\{|0{8}|1234567890"
)
_PLAIN_PASSWORDS = frozenset(
    ("password", "pass", "passwd", "pwd", "secret", "user", "postgres", "root")
)
_ALWAYS = frozenset(("private_key", "slack_webhook", "jwt", "pypi_token"))


def is_secret(kind: str, text: str) -> bool:
    """Whether a match is a credential and no placeholder such as ``sk-your-key-here``."""
    if kind in _ALWAYS:
        return True
    if kind == "url_password":
        password = text.rsplit("@", 1)[0].rsplit(":", 1)[1]
        return password.lower() not in _PLAIN_PASSWORDS and not _PLACEHOLDER.search(password)
    has_digit = any(character.isdigit() for character in text)
    return has_digit and len(set(text)) >= 10 and not _PLACEHOLDER.search(text)
