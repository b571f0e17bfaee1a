"""The views that rubrics are asked over: spans with context, traces, sessions."""

from evalctl.scoring.views.sessions import session_view
from evalctl.scoring.views.spans import span_view
from evalctl.scoring.views.traces import trace_view

__all__ = ["session_view", "span_view", "trace_view"]
