"""A project folder with traces of real clients in it, ready to be ingested and scored."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from evalctl.core.errors import UserError
from evalctl.core.starter import demo_traces
from evalctl.workflows.init import init

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "traces"


def prepare_demo(root: Path) -> Path:
    """Make ``root`` a project with the bundled traces; return their folder. What exists stays.

    Raises:
        UserError: ``root`` holds other things than an earlier demo, or cannot be written.
    """
    if root.is_dir() and any(root.iterdir()) and not (root / "evalctl.toml").is_file():
        raise UserError(
            f"{root} holds other files: name another folder, as in evalctl demo my-demo"
        )
    init(root)
    traces = root / FOLDER
    try:
        traces.mkdir(exist_ok=True)
        for file in sorted(demo_traces().glob("*.jsonl")):
            if not (traces / file.name).exists():
                shutil.copyfile(file, traces / file.name)
    except OSError as error:
        raise UserError(f"{traces}: cannot be written: {error.strerror}") from None
    return traces
