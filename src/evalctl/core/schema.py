"""The tables of a lake: one declaration from which writers, checks, statistics and docs follow.

Names are the contract: rubrics, ``--where``, ``query`` and the docs use them. Null means "not
recorded", never 0 and never an empty string. Schema changes only ever add columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

LAKE_FORMAT = 1
"""Raised when an older evalctl could misread a newer lake."""

UTC_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One stored column.

    ``pruned`` columns have min/max statistics in the Delta log, where values stand in clear text:
    only ids, words, times and numbers, never a person or a text.
    """

    name: str
    dtype: pl.DataType
    doc: str
    pruned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the lake."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    partition_by: tuple[str, ...] = ()
    sort_by: tuple[str, ...] = field(default=())

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name to dtype, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def pruned(self) -> tuple[str, ...]:
        """The columns that carry statistics."""
        return tuple(column.name for column in self.columns if column.pruned)


def _text(name: str, doc: str, *, pruned: bool = False) -> Column:
    return Column(name=name, dtype=pl.String(), doc=doc, pruned=pruned)


def _number(name: str, doc: str) -> Column:
    return Column(name=name, dtype=pl.Float64(), doc=doc, pruned=True)


def _count(name: str, doc: str) -> Column:
    return Column(name=name, dtype=pl.Int64(), doc=doc, pruned=True)


def _time(name: str, doc: str, *, pruned: bool = True) -> Column:
    return Column(name=name, dtype=UTC_TIME, doc=doc, pruned=pruned)


def _flag(name: str, doc: str) -> Column:
    return Column(name=name, dtype=pl.Boolean(), doc=doc)


_DATE = Column(
    name="date",
    dtype=pl.Date(),
    doc="UTC date of the start; 1970-01-01 where no start time was recorded.",
)
_BUCKET = Column(
    name="bucket", dtype=pl.Int16(), doc="0..63, from the hash of trace_id.", pruned=True
)

ANSWER = pl.Struct(
    {
        "rubric": pl.String(),
        "version": pl.String(),
        "verdict": pl.String(),
        "value": pl.Float64(),
        "explanation": pl.String(),
        "evidence": pl.String(),
        "status": pl.String(),
        "reason": pl.String(),
        "annotator": pl.String(),
        "judge": pl.String(),
        "inclusion": pl.Float64(),
        "cost": pl.Float64(),
    }
)
"""One rubric's answer. ``verdict`` is null unless ``status`` is ok; ``evidence`` is JSON text;
``inclusion`` is the probability with which the target was sampled; ``cost`` is USD."""

SPANS = Table(
    name="spans",
    doc="One row per span; unique on (source, trace_id, span_id) at its newest revision.",
    partition_by=("date",),
    sort_by=("bucket", "trace_id", "start_time", "span_id"),
    columns=(
        _text(
            "source",
            "Where the span came from; `default` unless ingested with --source.",
            pruned=True,
        ),
        _text("trace_id", "Trace id as given; hex ids in lower case.", pruned=True),
        _text("span_id", "Span id as given; hex ids in lower case.", pruned=True),
        _text("parent_span_id", "Span id of the parent; null on a root."),
        _text(
            "session_id",
            "Conversation or thread id; on views, the trace's where the span has none.",
        ),
        _text("user_id", "User id; on views, the trace's where the span has none."),
        _text("project", "Project name given by the client or by --project."),
        _text("service", "service.name of the resource.", pruned=True),
        _text("service_version", "service.version of the resource.", pruned=True),
        _text("environment", "Deployment environment.", pruned=True),
        _text("name", "Span name as given."),
        _text(
            "kind",
            "llm agent chain tool retriever embedding reranker guardrail evaluator prompt unknown.",
            pruned=True,
        ),
        _time("start_time", "Start, UTC, microseconds."),
        _time("end_time", "End, UTC, microseconds; null while the span is open."),
        _number("duration_ms", "end_time - start_time in milliseconds."),
        _number("ttft_ms", "Time to the first token in milliseconds."),
        _flag("is_root", "Whether the span has no parent."),
        _DATE,
        _BUCKET,
        Column(name="u", dtype=pl.Float64(), doc="Sampling coordinate of the trace in [0, 1)."),
        _text("status", "ok, error or unset; only error means anything.", pruned=True),
        _text("status_message", "What the client said about the status."),
        _text("error_type", "Exception class or error code."),
        _text(
            "finish_reason",
            "stop, length, tool_calls, content_filter, error, or as given.",
            pruned=True,
        ),
        _text("model", "Model that answered.", pruned=True),
        _text("request_model", "Model that was asked for."),
        _text("provider", "Model provider.", pruned=True),
        _count("prompt_tokens", "Tokens in, cached ones included."),
        _count("completion_tokens", "Tokens out, reasoning included."),
        _count("cache_read_tokens", "Prompt tokens read from a cache."),
        _count("cache_write_tokens", "Prompt tokens written to a cache."),
        _count("reasoning_tokens", "Completion tokens spent on reasoning."),
        _number("cost_usd", "Cost in USD as recorded; never estimated."),
        _text("prompt_name", "Name of the managed prompt."),
        _text("prompt_version", "Version of the managed prompt."),
        _text("input", "Plain text: the last user turn; tool arguments on a tool span."),
        _text("output", "Plain text: the final answer; the result on a tool span."),
        _text(
            "input_messages",
            "JSON list of {role, content, tool_calls, tool_call_id, name}, without the system prompt.",
        ),
        _text("output_messages", "JSON list like input_messages."),
        _text("system_prompt", "Plain text of the system instructions."),
        _text("documents", "JSON list of {id, content, score, metadata}: what was retrieved."),
        _flag(
            "content_captured",
            "Whether any input or output was recorded; false where it was redacted or off.",
        ),
        _text("tool", "Tool name of a tool span.", pruned=True),
        _text("tool_call_id", "Id of the tool call that the span answers."),
        _text("tool_args", "JSON text of the tool's arguments."),
        _text("tool_result", "Text of the tool's result; JSON where the tool gave JSON."),
        _text(
            "tool_definitions",
            "JSON list of {name, description, parameters}: tools offered to the model.",
        ),
        _text("agent", "Agent name.", pruned=True),
        _text("attributes", "JSON object: every attribute that no other column holds."),
        _text("resource", "JSON object: resource attributes that no other column holds."),
        _text("events", "JSON list of {name, time, attributes}."),
        _text("links", "JSON list of {trace_id, span_id, attributes}."),
        _text("scope_name", "Instrumentation scope."),
        _text("scope_version", "Version of the instrumentation scope."),
        _text(
            "source_format",
            "Convention that the span was read by: openinference, genai, openllmetry ...",
        ),
        _text("source_file", "Base name of the file that it came from."),
        _text("ingest_batch", "Id of the ingest run; sorts by time.", pruned=True),
        _time("ingested_at", "When it was ingested.", pruned=False),
        Column(name="warnings", dtype=pl.List(pl.String()), doc="What was odd about the record."),
        Column(name="digest", dtype=pl.Int64(), doc="32-bit hash of what the span says."),
        Column(
            name="revision",
            dtype=pl.Int16(),
            doc="0; higher where a later delivery replaces an earlier row.",
            pruned=True,
        ),
        Column(
            name="evaluations",
            dtype=pl.List(ANSWER),
            doc="Newest answers about the span, as folded by optimize or --write-back; null before.",
        ),
    ),
)

SCORES = Table(
    name="scores",
    doc="Append-only ledger: one row per target and run, its answers in one list.",
    partition_by=("date",),
    sort_by=("bucket", "trace_id", "span_id"),
    columns=(
        _text("target", "span, trace or session.", pruned=True),
        _text("source", "As on spans.", pruned=True),
        _text("trace_id", "Null for a session.", pruned=True),
        _text("span_id", "Null for a trace or a session.", pruned=True),
        _text("session_id", "Only for a session."),
        _DATE,
        _BUCKET,
        _text("run", "Run or ingest batch that wrote the answers; sorts by time.", pruned=True),
        _time("scored_at", "When.", pruned=False),
        Column(name="digest", dtype=pl.Int64(), doc="Digest of the content judged."),
        Column(name="answers", dtype=pl.List(ANSWER), doc="One per rubric."),
    ),
)

COUNTS = pl.Struct(
    {
        "rubric": pl.String(),
        "version": pl.String(),
        "target": pl.String(),
        "severity": pl.String(),
        "targets": pl.Int64(),
        "pass": pl.Int64(),
        "fail": pl.Int64(),
        "unknown": pl.Int64(),
        "skipped": pl.Int64(),
        "error": pl.Int64(),
        "sessions": pl.Int64(),
    }
)
GROUP = pl.Struct(
    {
        "date": pl.Date(),
        "bucket_from": pl.Int16(),
        "bucket_to": pl.Int16(),
        "state": pl.String(),
    }
)
"""A finished unit of work: a date, a half-open range of buckets, and the state of its spans."""

RUNS = Table(
    name="runs",
    doc="One row per commit of a run: the manifest, and which groups it finished.",
    columns=(
        _text("run", "Id of the run; sorts by time.", pruned=True),
        _count("part", "0, 1, ...: the newest part of a run holds its final counts."),
        _text("state", "running or done."),
        _text("selection", "JSON of the selection as resolved."),
        _text("selection_key", "Hash of what narrows the selection, without its window of time."),
        _time("since", "Start of the window, inclusive; null for no bound."),
        _time("until", "End of the window, exclusive; null for no bound."),
        _time("started_at", "When the run began."),
        _time("finished_at", "When this part was written."),
        _count("lake_version", "Delta version of spans that was read."),
        _text("salt", "Fingerprint of the sampling salt."),
        Column(
            name="counts", dtype=pl.List(COUNTS), doc="Per rubric: verdicts and statuses so far."
        ),
        Column(name="groups", dtype=pl.List(GROUP), doc="Groups that this part finished."),
        _number("cost_usd", "What judges cost."),
        _text("tool_version", "Version of evalctl."),
        _text("engine", "Engine that ran it."),
    ),
)

RUBRICS = Table(
    name="rubrics",
    doc="One row per rubric version ever used, with its full text.",
    columns=(
        _text("rubric", "Name: the file name without .yaml.", pruned=True),
        _text("version", "12 hex characters over what decides a verdict.", pruned=True),
        _text("text", "The YAML as it was."),
        _time("first_used", "When a run first used it."),
    ),
)

REJECTS = Table(
    name="rejects",
    doc="One input record that was not ingested.",
    columns=(
        _text("file", "Base name of the file."),
        _count("offset", "Byte offset of the record in the decompressed input; null if unknown."),
        _count("line", "1-based line where the input has lines; null otherwise."),
        _text("reason", "Why."),
        _text("head", "First 80 characters of the record's shape: letters and digits masked."),
        _text("ingest_batch", "Id of the ingest run.", pruned=True),
        _time("ingested_at", "When."),
    ),
)

SOURCES = Table(
    name="sources",
    doc="One ingested chunk of input: what makes a re-ingest a no-op.",
    columns=(
        _text(
            "chunk",
            "SHA-256 of the chunk's decompressed bytes, with source and project.",
            pruned=True,
        ),
        _text("file", "Base name of the file."),
        _count("offset", "First byte of the chunk in the decompressed input."),
        _count("bytes", "Length of the chunk."),
        _text("container", "How the records sit in the file."),
        _count("spans", "Spans in the chunk."),
        _count("rejects", "Rejected records in the chunk."),
        _text("ingest_batch", "Id of the ingest run.", pruned=True),
        _time("ingested_at", "When."),
    ),
)

TABLES: tuple[Table, ...] = (SPANS, SCORES, RUNS, RUBRICS, REJECTS, SOURCES)
