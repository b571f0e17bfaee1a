"""Built-in checks: what SQL cannot say, one file each; the file name is the name in ``check:``.

A check module has ``VERSION`` (raised when the same options may give another verdict), ``MAIN`` (the
option that ``check: {name: value}`` fills, or None), ``OPTIONS`` (option name -> ``Option``) and
``build(options, target) -> Plan``. Third parties register such a module under the entry point group
``evalctl.checks``.
"""

from __future__ import annotations

from evalctl.rubrics.checks._registry import (
    BadCheckError,
    build_check,
    check_names,
    complete_options,
    find_check,
)

__all__ = ["BadCheckError", "build_check", "check_names", "complete_options", "find_check"]
