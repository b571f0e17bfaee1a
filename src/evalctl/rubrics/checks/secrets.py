"""``check: secrets``: keys, tokens, private keys and passwords in URLs.

Fails where a column holds a credential in the form that its issuer documents, placeholders left out;
unknown where none of the columns was recorded. The explanation names kinds and counts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalctl.core.pii import SECRETS
from evalctl.rubrics.checks._options import Option, default_columns, text_columns
from evalctl.rubrics.checks._scan import scan_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.words import Target
    from evalctl.rubrics.plan import Plan

VERSION = 1
MAIN = "kinds"
OPTIONS = {
    "kinds": Option(
        type="words", doc="which kinds to look for", default=list(SECRETS), choices=SECRETS
    ),
    "columns": Option(type="texts", doc="text columns to look at; output unless given"),
}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan the scan."""
    columns = text_columns("secrets", options["columns"] or default_columns(target), target)
    return scan_plan(columns, options["kinds"])
