"""LangSmith's SDK over OTLP."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Kinds

CONVENTION = Convention(
    name="langsmith",
    scopes=("langsmith",),
    columns={
        "langsmith.metadata.session_id": ("session_id", 50),
        "langsmith.metadata.thread_id": ("session_id", 51),
        "langsmith.metadata.conversation_id": ("session_id", 52),
        "langsmith.metadata.user_id": ("user_id", 50),
        "langsmith.metadata.ls_model_name": ("model", 70),
        "langsmith.metadata.ls_provider": ("provider", 70),
        "langsmith.trace.session_name": ("project", 10),
    },
    kinds={
        "langsmith.span.kind": Kinds(
            rank=40,
            exact={
                "llm": "llm",
                "chain": "chain",
                "tool": "tool",
                "retriever": "retriever",
                "embedding": "embedding",
                "prompt": "prompt",
            },
            broad={"parser": "chain"},
        )
    },
)
