"""What a trace is made of, before any format: services, calls, rounds, and the world they share."""

from __future__ import annotations

from dataclasses import dataclass, field

from corpus.words import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: its resource, its agent, and the tools that the agent has."""

    name: str
    version: str
    agent: str
    tools: tuple[str, ...]
    system: Piece


@dataclass(slots=True, kw_only=True)
class Call:
    """One tool call, with what came back."""

    id: str
    span_id: str
    tool: str
    args: Piece
    result: Piece
    start: int
    end: int
    error: str | None = None
    is_bad_refund: bool = False


@dataclass(slots=True, kw_only=True)
class Round:
    """One model call: what it said, and the tools that it asked for."""

    span_id: str
    start: int
    end: int
    text: Piece
    calls: list[Call]
    finish: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(slots=True, kw_only=True)
class Retrieval:
    """One search in documents."""

    span_id: str
    start: int
    end: int
    documents: list[Piece]


@dataclass(slots=True, kw_only=True)
class Trace:
    """One answered question."""

    number: int
    trace_id: str
    root_id: str
    convention: str
    service: Service
    model: str
    session_id: str
    user_id: str
    earlier: list[tuple[Piece, Piece]]
    question: Piece
    answer: Piece
    finish: str
    is_loop: bool
    start: int
    end: int = 0
    retrieval: Retrieval | None = None
    rounds: list[Round] = field(default_factory=list[Round])

    @property
    def calls(self) -> list[Call]:
        """All tool calls in order of their start."""
        return [call for step in self.rounds for call in step.calls]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What is fixed about a trace before it is made: its size and its place in a session."""

    number: int
    spans: int
    session: int
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that traces of one seed share."""

    seed: int
    pool: list[Piece]
    services: tuple[Service, ...]
    slots: list[Slot]
