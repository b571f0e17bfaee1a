"""MLflow over OTLP: every value is JSON text, scalars too."""

from __future__ import annotations

from evalctl.formats.conventions import Convention, Kinds, Text
from evalctl.formats.otlp.content import read_text, tools_in
from evalctl.formats.otlp.facts import quoted_model, quoted_session, quoted_user, usage_details

CONVENTION = Convention(
    name="mlflow",
    scopes=("mlflow.",),
    columns={},
    kinds={
        "mlflow.spanType": Kinds(
            rank=20,
            exact={
                "llm": "llm",
                "chat_model": "llm",
                "agent": "agent",
                "tool": "tool",
                "chain": "chain",
                "retriever": "retriever",
                "reranker": "reranker",
                "embedding": "embedding",
                "guardrail": "guardrail",
                "evaluator": "evaluator",
                "unknown": "unknown",
            },
            broad={
                "parser": "chain",
                "memory": "chain",
                "workflow": "chain",
                "task": "chain",
            },
        )
    },
    texts={
        "mlflow.spanInputs": Text(column="input", rank=45, read=read_text),
        "mlflow.spanOutputs": Text(column="output", rank=45, read=read_text),
        "mlflow.chat.tools": Text(column="tool_definitions", rank=45, read=tools_in),
    },
    calls={
        "mlflow.chat.tokenUsage": usage_details,
        "mlflow.llm.model": quoted_model,
        "mlflow.trace.session": quoted_session,
        "mlflow.trace.user": quoted_user,
    },
)
