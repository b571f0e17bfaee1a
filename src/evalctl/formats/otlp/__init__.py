"""OTLP: from the bytes of a request to rows."""
