"""What a user sees of a bug: one sentence, and a file to attach."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

from evalctl import __version__


def report_bug(error: BaseException) -> None:
    """Write the traceback to a file and say where it is.

    The file holds code lines and the error's text, no local variables: traces are personal data.
    """
    from evalctl.cli.output import complain

    text = "".join(traceback.format_exception(error))
    handle = tempfile.NamedTemporaryFile(  # noqa: SIM115
        "w", prefix="evalctl-bug-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
    )
    with handle:
        handle.write(f"evalctl {__version__}\n{text}")
    complain(
        f"this is a bug in evalctl ({type(error).__name__}); the traceback is in {Path(handle.name)}"
    )
