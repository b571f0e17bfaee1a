"""Make a folder ready: a commented evalctl.toml, and the starter rubrics to edit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalctl.core.config import FILE_NAME
from evalctl.core.errors import UserError
from evalctl.core.starter import starter_rubrics

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = """\
# evalctl settings. Flags win over the environment (EVALCTL_LAKE), which wins over this file.

[lake]
# Where the Delta tables are: a folder, or an object store such as "s3://bucket/lake".
uri = ".evalctl/lake"

[rubrics]
# Folders of rubric files; one file is one question.
paths = ["rubrics"]

[ingest]
# Names where spans come from; the same span from two sources is two spans.
source = "default"
# project = "support-bot"

# Uncomment to mask personal data before the first byte is written to the lake.
# [redact]
# entities = ["email", "phone", "card", "ssn", "iban", "secret"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitResult:
    """What was written, and what was there already and left alone."""

    root: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def init(root: Path) -> InitResult:
    """Write evalctl.toml, .gitignore and rubrics/ into ``root``; never overwrite a file.

    Raises:
        UserError: the folder cannot be written.
    """
    written: list[str] = []
    kept: list[str] = []
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name, text in ((FILE_NAME, TEMPLATE), (".gitignore", ".evalctl/\n")):
            _write_new(root / name, text, written, kept)
        (root / "rubrics").mkdir(exist_ok=True)
        for file in sorted(starter_rubrics().glob("*.yaml")):
            _copy_new(file, root / "rubrics" / file.name, written, kept)
    except OSError as error:
        raise UserError(f"{root}: cannot be written: {error.strerror}") from None
    return InitResult(root=root, written=tuple(written), kept=tuple(kept))


def _write_new(path: Path, text: str, written: list[str], kept: list[str]) -> None:
    if path.exists():
        kept.append(path.name)
    else:
        path.write_text(text, encoding="utf-8")
        written.append(path.name)


def _copy_new(file: Path, path: Path, written: list[str], kept: list[str]) -> None:
    name = f"{path.parent.name}/{path.name}"
    if path.exists():
        kept.append(name)
    else:
        shutil.copyfile(file, path)
        written.append(name)
