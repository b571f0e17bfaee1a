"""What is known about a corpus: counted while it is made, so that tools can be checked against it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from corpus.words import CARD, DECOY, MARKS, SSN

if TYPE_CHECKING:
    from corpus.shapes import Call, Trace
    from corpus.spans import Span

_SLOW_MS = 10_000
_LONG_TOKENS = 2_000
_SAMPLES = 20
_COUNTED = MARKS | {"card_like_or_ssn": CARD | DECOY | SSN}


class Facts:
    """Counters that add up over files."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.by: dict[str, Counter[str]] = {}
        self.sessions: set[str] = set()
        self.samples: list[str] = []

    def count(self, trace: Trace, spans: list[Span]) -> None:
        """Count one trace and its spans."""
        self.counts["traces"] += 1
        self.sessions.add(trace.session_id)
        if len(self.samples) < _SAMPLES:
            self.samples.append(trace.trace_id)
        self._add("traces_by_convention", trace.convention)
        self._add("traces_by_agent", trace.service.agent)
        self._add("spans_by_service", trace.service.name, len(spans))
        self._add("spans_by_model", trace.model, len(trace.rounds))
        for span in spans:
            self._span(span)
        self._outcome(trace)

    def add(self, other: Facts) -> None:
        """Add the counts of another file."""
        self.counts.update(other.counts)
        for name, counter in other.by.items():
            self.by.setdefault(name, Counter()).update(counter)
        self.sessions |= other.sessions
        self.samples = [*self.samples, *other.samples[:5]][:_SAMPLES]

    def as_dict(self, *, seed: int, files: int) -> dict[str, Any]:
        """Return plain counts for JSON, sorted by name."""
        return {
            "seed": seed,
            "files": files,
            "sessions": len(self.sessions),
            **dict(sorted(self.counts.items())),
            **{name: dict(sorted(counter.items())) for name, counter in sorted(self.by.items())},
            "sample_traces": self.samples,
        }

    def _span(self, span: Span) -> None:
        self.counts["spans"] += 1
        self.counts["text_bytes"] += span.size
        self.counts["prompt_tokens"] += span.tokens
        self.counts["long_prompts"] += span.tokens > _LONG_TOKENS
        self._add("spans_by_kind", span.kind)
        self._add("spans_by_date", f"{datetime.fromtimestamp(span.start // 10**9, UTC):%Y-%m-%d}")
        if span.tool:
            self._add("spans_by_tool", span.tool)
        if span.marks:
            for name, mark in _COUNTED.items():
                if span.marks & mark:
                    self._add("spans_with", name)
                    self._add(f"{span.kind}_spans_with", name)

    def _outcome(self, trace: Trace) -> None:
        calls = trace.calls
        self.counts["tool_errors"] += sum(call.error is not None for call in calls)
        self.counts["tool_error_texts"] += sum(
            call.result.one.startswith('{\\"error\\"') for call in calls
        )
        self.counts["slow_tool_calls"] += sum(
            call.end - call.start > _SLOW_MS * 10**6 for call in calls
        )
        self.counts["bad_refund_arguments"] += sum(call.is_bad_refund for call in calls)
        self.counts["looping_traces"] += trace.is_loop and len(calls) >= 3
        self.counts["unrecovered_traces"] += _is_unrecovered(calls)
        self.counts["refund_before_order_traces"] += _refunds_blindly(calls)
        self.counts["traces_over_14_spans"] += (
            1 + len(trace.rounds) + len(calls) + (trace.retrieval is not None) > 14
        )
        self.counts["truncated_answers"] += trace.finish == "length" and bool(trace.rounds)
        self.counts["empty_answers"] += trace.answer.size == 0 and bool(trace.rounds)

    def _add(self, name: str, key: str, count: int = 1) -> None:
        self.by.setdefault(name, Counter())[key] += count


def _is_unrecovered(calls: list[Call]) -> bool:
    """Whether a tool failed and never worked after that."""
    worked_later: set[str] = set()
    for call in reversed(calls):
        if call.error is None:
            worked_later.add(call.tool)
        elif call.tool not in worked_later:
            return True
    return False


def _refunds_blindly(calls: list[Call]) -> bool:
    """Whether the first refund comes before any look at the order."""
    for call in calls:
        if call.tool in ("issue_refund", "get_order"):
            return call.tool == "issue_refund"
    return False
