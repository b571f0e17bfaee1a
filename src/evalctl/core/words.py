"""The closed word sets of evalctl: the same words in columns, YAML, JSON, CLI and docs."""

from typing import Literal, get_args

Kind = Literal[
    "llm",
    "agent",
    "chain",
    "tool",
    "retriever",
    "embedding",
    "reranker",
    "guardrail",
    "evaluator",
    "prompt",
    "unknown",
]
Target = Literal["span", "trace", "session"]
Verdict = Literal["pass", "fail", "unknown"]
Status = Literal["ok", "skipped", "error"]
Severity = Literal["low", "medium", "high", "critical"]
Annotator = Literal["rule", "llm", "human", "user", "code"]

KINDS: tuple[Kind, ...] = get_args(Kind)
TARGETS: tuple[Target, ...] = get_args(Target)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
STATUSES: tuple[Status, ...] = get_args(Status)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
ANNOTATORS: tuple[Annotator, ...] = get_args(Annotator)
