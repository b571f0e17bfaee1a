"""The tables of a lake: one declaration from which writers, checks, statistics and docs follow.

Names are the contract: rubrics, ``--where``, ``query`` and the docs use them. Null means "not
recorded", never 0 and never an empty string. Schema changes only ever add columns.
"""

from __future__ import annotations

import polars as pl

from evalctl.core.table import (
    Column,
    Table,
    count_column,
    flag_column,
    number_column,
    text_column,
    time_column,
)

LAKE_FORMAT = 1
"""Raised when an older evalctl could misread a newer lake."""

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
        text_column(
            "source",
            "Where the span came from; `default` unless ingested with --source.",
            pruned=True,
        ),
        text_column("trace_id", "Trace id as given; hex ids in lower case.", pruned=True),
        text_column("span_id", "Span id as given; hex ids in lower case.", pruned=True),
        text_column("parent_span_id", "Span id of the parent; null on a root."),
        text_column(
            "session_id",
            "Conversation or thread id; on views, the trace's where the span has none.",
        ),
        text_column("user_id", "User id; on views, the trace's where the span has none."),
        text_column("project", "Project name given by the client or by --project."),
        text_column("service", "service.name of the resource.", pruned=True),
        text_column("service_version", "service.version of the resource.", pruned=True),
        text_column("environment", "Deployment environment.", pruned=True),
        text_column("name", "Span name as given."),
        text_column(
            "kind",
            "llm agent chain tool retriever embedding reranker guardrail evaluator prompt unknown.",
            pruned=True,
        ),
        time_column("start_time", "Start, UTC, microseconds."),
        time_column("end_time", "End, UTC, microseconds; null while the span is open."),
        number_column("duration_ms", "end_time - start_time in milliseconds."),
        number_column("ttft_ms", "Time to the first token in milliseconds."),
        flag_column("is_root", "Whether the span has no parent."),
        _DATE,
        _BUCKET,
        Column(name="u", dtype=pl.Float64(), doc="Sampling coordinate of the trace in [0, 1)."),
        text_column("status", "ok, error or unset; only error means anything.", pruned=True),
        text_column("status_message", "What the client said about the status."),
        text_column("error_type", "Exception class or error code."),
        text_column(
            "finish_reason",
            "stop, length, tool_calls, content_filter, error, or as given.",
            pruned=True,
        ),
        text_column("model", "Model that answered.", pruned=True),
        text_column("request_model", "Model that was asked for."),
        text_column("provider", "Model provider.", pruned=True),
        count_column("prompt_tokens", "Tokens in, cached ones included."),
        count_column("completion_tokens", "Tokens out, reasoning included."),
        count_column("cache_read_tokens", "Prompt tokens read from a cache."),
        count_column("cache_write_tokens", "Prompt tokens written to a cache."),
        count_column("reasoning_tokens", "Completion tokens spent on reasoning."),
        number_column("cost_usd", "Cost in USD as recorded; never estimated."),
        text_column("prompt_name", "Name of the managed prompt."),
        text_column("prompt_version", "Version of the managed prompt."),
        text_column("input", "Plain text: the last user turn; tool arguments on a tool span."),
        text_column("output", "Plain text: the final answer; the result on a tool span."),
        text_column(
            "input_messages",
            "JSON list of {role, content, tool_calls, tool_call_id, name}, without the system prompt.",
        ),
        text_column("output_messages", "JSON list like input_messages."),
        text_column("system_prompt", "Plain text of the system instructions."),
        text_column(
            "documents", "JSON list of {id, content, score, metadata}: what was retrieved."
        ),
        flag_column(
            "content_captured",
            "Whether any input or output was recorded; false where it was redacted or off.",
        ),
        text_column("tool", "Tool name of a tool span.", pruned=True),
        text_column("tool_call_id", "Id of the tool call that the span answers."),
        text_column("tool_args", "JSON text of the tool's arguments."),
        text_column("tool_result", "Text of the tool's result; JSON where the tool gave JSON."),
        text_column(
            "tool_definitions",
            "JSON list of {name, description, parameters}: tools offered to the model.",
        ),
        text_column("agent", "Agent name.", pruned=True),
        text_column("attributes", "JSON object: every attribute that no other column holds."),
        text_column("resource", "JSON object: resource attributes that no other column holds."),
        text_column("events", "JSON list of {name, time, attributes}."),
        text_column("links", "JSON list of {trace_id, span_id, attributes}."),
        text_column("scope_name", "Instrumentation scope."),
        text_column("scope_version", "Version of the instrumentation scope."),
        text_column(
            "source_format",
            "Convention that the span was read by: openinference, genai, openllmetry ...",
        ),
        text_column("source_file", "Base name of the file that it came from."),
        text_column("ingest_batch", "Id of the ingest run; sorts by time.", pruned=True),
        time_column("ingested_at", "When it was ingested.", pruned=False),
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
    sort_by=("bucket", "trace_id"),
    columns=(
        text_column("target", "span, trace or session.", pruned=True),
        text_column("source", "As on spans.", pruned=True),
        text_column("trace_id", "Null for a session.", pruned=True),
        text_column("span_id", "Null for a trace or a session.", pruned=True),
        text_column("session_id", "Only for a session."),
        _DATE,
        _BUCKET,
        text_column(
            "run", "Run or ingest batch that wrote the answers; sorts by time.", pruned=True
        ),
        time_column("scored_at", "When.", pruned=False),
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
        text_column("run", "Id of the run; sorts by time.", pruned=True),
        count_column("part", "0, 1, ...: the newest part of a run holds its final counts."),
        text_column("state", "running or done."),
        text_column("selection", "JSON of the selection as resolved."),
        text_column(
            "selection_key", "Hash of what narrows the selection, without its window of time."
        ),
        time_column("since", "Start of the window, inclusive; null for no bound."),
        time_column("until", "End of the window, exclusive; null for no bound."),
        time_column("started_at", "When the run began."),
        time_column("finished_at", "When this part was written."),
        count_column("lake_version", "Delta version of spans that was read."),
        text_column("salt", "Fingerprint of the sampling salt."),
        Column(
            name="counts", dtype=pl.List(COUNTS), doc="Per rubric: verdicts and statuses so far."
        ),
        Column(name="groups", dtype=pl.List(GROUP), doc="Groups that this part finished."),
        number_column("cost_usd", "What judges cost."),
        text_column("tool_version", "Version of evalctl."),
        text_column("engine", "Engine that ran it."),
    ),
)

RUBRICS = Table(
    name="rubrics",
    doc="One row per rubric version ever used, with its full text.",
    columns=(
        text_column("rubric", "Name: the file name without .yaml.", pruned=True),
        text_column("version", "12 hex characters over what decides a verdict.", pruned=True),
        text_column("text", "The YAML as it was."),
        time_column("first_used", "When a run first used it."),
    ),
)

REJECTS = Table(
    name="rejects",
    doc="One input record that was not ingested.",
    columns=(
        text_column("file", "Base name of the file."),
        count_column(
            "offset", "Byte offset of the record in the decompressed input; null if unknown."
        ),
        count_column("line", "1-based line where the input has lines; null otherwise."),
        text_column("reason", "Why."),
        text_column(
            "head", "First 80 characters of the record's shape: letters and digits masked."
        ),
        text_column("ingest_batch", "Id of the ingest run.", pruned=True),
        time_column("ingested_at", "When."),
    ),
)

SOURCES = Table(
    name="sources",
    doc="One ingested chunk of input: what makes a re-ingest a no-op.",
    columns=(
        text_column(
            "chunk",
            "SHA-256 of the chunk's decompressed bytes, with source and project.",
            pruned=True,
        ),
        text_column("file", "Base name of the file."),
        count_column("offset", "First byte of the chunk in the decompressed input."),
        count_column("bytes", "Length of the chunk."),
        text_column("container", "How the records sit in the file."),
        count_column("spans", "Spans in the chunk."),
        count_column("rejects", "Rejected records in the chunk."),
        text_column("ingest_batch", "Id of the ingest run.", pruned=True),
        time_column("ingested_at", "When."),
    ),
)

TABLES: tuple[Table, ...] = (SPANS, SCORES, RUNS, RUBRICS, REJECTS, SOURCES)
