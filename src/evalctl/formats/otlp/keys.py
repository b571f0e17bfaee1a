"""The keys by which an export request is known."""

from __future__ import annotations

REQUEST_KEYS = frozenset(
    {"resourceSpans", "resource_spans", "resourceLogs", "resource_logs", "batches"}
)
