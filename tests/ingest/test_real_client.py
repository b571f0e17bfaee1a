"""A real OpenTelemetry client over real HTTP: what it sent is what the lake holds."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode

from evalctl.lake.lake import Lake
from evalctl.workflows.ingest import IngestOptions, ingest


class Keeper(BaseHTTPRequestHandler):
    """Stores each request's body as a file, as it came."""

    folder: Path

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        number = len(list(self.folder.iterdir()))
        (self.folder / f"{number:03}").write_bytes(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name)
        """Say nothing."""


class Remember(SpanExporter):
    """The client's own account of its spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: object) -> SpanExportResult:
        self.spans += spans  # pyright: ignore[reportOperatorIssue]  (a sequence, says the client)
        return SpanExportResult.SUCCESS


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "bodies"
    folder.mkdir()
    handler = type("Handler", (Keeper,), {"folder": folder})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_spans_of_a_real_client_arrive_as_it_recorded_them(
    tmp_path: Path, endpoint: str, compression: Compression
) -> None:
    remember = Remember()
    exporter = OTLPSpanExporter(endpoint=endpoint, compression=compression)
    provider = TracerProvider(
        resource=Resource.create({"service.name": "shop", "service.version": "2.4.0"})
    )
    for each in (remember, exporter):
        provider.add_span_processor(SimpleSpanProcessor(each))
    run_agent(provider)
    provider.shutdown()

    ingest(str(tmp_path / "lake"), [str(tmp_path / "bodies")], IngestOptions())

    rows = Lake.open(str(tmp_path / "lake")).spans().collect()
    held = {
        (
            r["trace_id"],
            r["span_id"],
            r["parent_span_id"],
            r["kind"],
            r["status"],
            r["tool"],
            r["prompt_tokens"],
        )
        for r in rows.iter_rows(named=True)
    }
    assert held == {told(span) for span in remember.spans}
    assert len(held) == 3
    assert set(rows["service"]) == {"shop"}
    assert {int(t.timestamp() * 1e6) for t in rows["start_time"]} == {
        (span.start_time or 0) // 1000 for span in remember.spans
    }


def run_agent(provider: TracerProvider) -> None:
    tracer = provider.get_tracer("shop")
    with tracer.start_as_current_span("invoke_agent support") as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        with tracer.start_as_current_span("chat m") as chat:
            chat.set_attribute("gen_ai.operation.name", "chat")
            chat.set_attribute("gen_ai.usage.input_tokens", 54)
        with tracer.start_as_current_span("execute_tool refund") as tool:
            tool.set_attribute("gen_ai.operation.name", "execute_tool")
            tool.set_attribute("gen_ai.tool.name", "refund")
            tool.set_status(StatusCode.ERROR, "no such order")


def told(span: ReadableSpan) -> tuple[object, ...]:
    said = span.attributes or {}
    context = span.get_span_context()
    assert context is not None
    kinds = {"invoke_agent": "agent", "chat": "llm", "execute_tool": "tool"}
    return (
        f"{context.trace_id:032x}",
        f"{context.span_id:016x}",
        f"{span.parent.span_id:016x}" if span.parent else None,
        kinds[str(said["gen_ai.operation.name"])],
        span.status.status_code.name.lower(),
        said.get("gen_ai.tool.name"),
        said.get("gen_ai.usage.input_tokens"),
    )
