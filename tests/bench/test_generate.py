"""The benchmark corpus is what it says it is, at a small size."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

GENERATOR = Path(__file__).with_name("generate.py")
SPANS = 3_000
PATTERNS = {
    "email": re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    "phone": re.compile(r"[0-9]{3}-[0-9]{3}-[0-9]{4}"),
    "ip": re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}"),
    "ssn": re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"),
    "key": re.compile(r"sk-[A-Za-z0-9]{20,}"),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus")
    _generate(out, seed=3, files=2, processes=1)
    return out


def test_every_line_is_an_export_request_and_every_span_id_is_its_own(corpus: Path) -> None:
    spans = _spans(corpus)

    assert len(spans) == SPANS
    assert len({span["spanId"] for span in spans}) == SPANS
    assert all(int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"]) for span in spans)


def test_counts_of_the_sidecar_are_found_in_the_files(corpus: Path) -> None:
    spans, facts = _spans(corpus), _facts(corpus)

    dates = Counter(int(span["startTimeUnixNano"]) // (86_400 * 10**9) for span in spans)
    found = {
        "spans": len(spans),
        "traces": len({span["traceId"] for span in spans}),
        "tool_errors": sum(span["status"].get("code") == 2 for span in spans),
        "spans_by_date": sorted(dates.values()),
        "bytes": sum(file.stat().st_size for file in corpus.glob("*.jsonl")),
    }
    assert found == {
        **{name: facts[name] for name in found},
        "spans_by_date": sorted(facts["spans_by_date"].values()),
    }


def test_what_was_planted_is_found_by_plain_patterns_and_nothing_else_looks_like_it(
    corpus: Path,
) -> None:
    texts = [_text(span) for span in _spans(corpus)]

    found = {name: sum(bool(p.search(text)) for text in texts) for name, p in PATTERNS.items()}

    assert found == {name: _facts(corpus)["spans_with"].get(name, 0) for name in PATTERNS}


def test_parents_are_spans_of_the_same_trace_and_each_trace_has_one_root(corpus: Path) -> None:
    spans = _spans(corpus)
    places = {(span["traceId"], span["spanId"]) for span in spans}

    roots = [span["traceId"] for span in spans if not span["parentSpanId"]]
    orphans = [
        span
        for span in spans
        if span["parentSpanId"] and (span["traceId"], span["parentSpanId"]) not in places
    ]

    assert sorted(roots) == sorted({span["traceId"] for span in spans})
    assert orphans == []


def test_the_last_trace_of_a_file_goes_on_in_the_next(corpus: Path) -> None:
    first, second = (
        {span["traceId"] for span in _spans_of(file)} for file in sorted(corpus.glob("*.jsonl"))
    )

    assert len(first & second) == 1


def test_one_seed_gives_the_same_bytes_whatever_the_number_of_processes(
    corpus: Path, tmp_path: Path
) -> None:
    _generate(tmp_path, seed=3, files=2, processes=2)

    assert _bytes(tmp_path) == _bytes(corpus)


def test_another_seed_gives_other_ids(corpus: Path, tmp_path: Path) -> None:
    _generate(tmp_path, seed=4, files=2, processes=1)

    ids = [{span["traceId"] for span in _spans(folder)} for folder in (corpus, tmp_path)]
    assert ids[0].isdisjoint(ids[1])


def _generate(out: Path, *, seed: int, files: int, processes: int) -> None:
    sizes = ["--spans", f"{SPANS}", "--files", f"{files}"]
    rest = ["--seed", f"{seed}", "--processes", f"{processes}", "--out", f"{out}"]
    subprocess.run([sys.executable, GENERATOR, *sizes, *rest], check=True, capture_output=True)


def _spans(folder: Path) -> list[dict[str, Any]]:
    return [span for file in sorted(folder.glob("*.jsonl")) for span in _spans_of(file)]


def _spans_of(file: Path) -> list[dict[str, Any]]:
    requests = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        span
        for request in requests
        for resource in request["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _text(span: dict[str, Any]) -> str:
    values = (attribute["value"] for attribute in span["attributes"])
    return "\n".join(value.get("stringValue", "") for value in values)


def _facts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "facts.json").read_text(encoding="utf-8"))


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}
