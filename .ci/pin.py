"""Write .ci/constraints.txt: names, versions and hashes of what a fresh install of .[dev] gets.

Run it in a virtual environment that holds only ``pip install ".[dev]"``: ``python .ci/pin.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent / "constraints.txt"


def main() -> None:
    """Ask pip what it would install, and keep names, versions and hashes only."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--report", report.name, ".[dev]"]
        subprocess.run(command, check=True)
        found = json.loads(Path(report.name).read_text(encoding="utf-8"))
    lines = [_pin(item) for item in found["install"] if item["metadata"]["name"] != "evalctl-lake"]
    TARGET.write_text("\n".join(sorted(lines, key=str.lower)) + "\n", encoding="utf-8")


def _pin(item: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    meta, archive = item["metadata"], item["download_info"]["archive_info"]
    return f"{meta['name']}=={meta['version']} --hash=sha256:{archive['hashes']['sha256']}"


if __name__ == "__main__":
    main()
