"""Spans packed into export requests, one a line."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from corpus.shapes import Service
    from corpus.spans import Span

_SPANS_A_LINE = (24, 96)


def write_lines(
    sink: IO[bytes], batches: Iterable[list[Span]], services: tuple[Service, ...], rng: Random
) -> int:
    """Write batches of spans as lines; return the bytes written."""
    resources = [_resource(service) for service in services]
    written = 0
    waiting: list[Span] = []
    for batch in batches:
        waiting += batch
        while len(waiting) > _SPANS_A_LINE[1]:
            size = rng.randint(*_SPANS_A_LINE)
            written += sink.write(_line(waiting[:size], resources))
            waiting = waiting[size:]
    return written + (sink.write(_line(waiting, resources)) if waiting else 0)


def _line(spans: list[Span], resources: list[str]) -> bytes:
    grouped: dict[int, dict[str, list[str]]] = {}
    for span in spans:
        grouped.setdefault(span.service, {}).setdefault(span.scope, []).append(span.json)
    parts = (
        f'{{"resource":{resources[service]},"scopeSpans":[{",".join(_scope(*item) for item in scopes.items())}]}}'
        for service, scopes in grouped.items()
    )
    return f'{{"resourceSpans":[{",".join(parts)}]}}\n'.encode()


def _scope(scope: str, spans: list[str]) -> str:
    return f'{{"scope":{scope},"spans":[{",".join(spans)}]}}'


def _resource(service: Service) -> str:
    pairs = (
        ("service.name", service.name),
        ("service.version", service.version),
        ("deployment.environment.name", "prod"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.name", "opentelemetry"),
    )
    inside = ",".join(
        f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}' for key, value in pairs
    )
    return f'{{"attributes":[{inside}]}}'
