"""``check: pii``: personal data in text.

Fails where a column holds an email, phone, card, IBAN or SSN whose form, check digits and ranges are
right; unknown where none of the columns was recorded. The explanation names kinds and counts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalctl.core.pii import PERSONAL
from evalctl.rubrics.checks._options import Option, default_columns, text_columns
from evalctl.rubrics.checks._scan import scan_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evalctl.core.words import Target
    from evalctl.rubrics.plan import Plan

VERSION = 1
MAIN = "entities"
OPTIONS = {
    "entities": Option(
        type="words", doc="which kinds to look for", default=list(PERSONAL), choices=PERSONAL
    ),
    "columns": Option(type="texts", doc="text columns to look at; output unless given"),
}


def build(options: Mapping[str, Any], target: Target) -> Plan:
    """Plan the scan."""
    columns = text_columns("pii", options["columns"] or default_columns(target), target)
    return scan_plan(columns, options["entities"])
