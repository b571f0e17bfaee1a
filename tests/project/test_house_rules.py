"""What a reader of the tree may rely on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_source_file_is_longer_than_300_lines() -> None:
    lengths = {f.name: len(f.read_text(encoding="utf-8").splitlines()) for f in SOURCES}

    assert len(lengths) > 20
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_the_median_function_body_is_under_ten_lines() -> None:
    sizes = sorted(
        (n.end_lineno or 0) - n.body[0].lineno + 1 for f in SOURCES for n in functions(f)
    )

    assert len(sizes) > 100
    assert sizes[len(sizes) // 2] < 10


def test_only_the_last_door_and_the_containment_function_catch_everything() -> None:
    broad = re.compile(r"except(?::| \(?(?:Base)?Exception\b)")
    found = {f.name: len(broad.findall(f.read_text(encoding="utf-8"))) for f in SOURCES}

    assert {name: count for name, count in found.items() if count} == {"app.py": 1, "rules.py": 1}


def test_nothing_is_left_to_do_without_an_issue() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

    assert [f.name for f in SOURCES if marks.search(f.read_text(encoding="utf-8"))] == []


def test_no_document_tells_people_to_install_another_project() -> None:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    wrong = re.compile(r"pip install evalctl(?![-/\[])")

    assert len(documents) > 5
    assert [d.name for d in documents if wrong.search(d.read_text(encoding="utf-8"))] == []
