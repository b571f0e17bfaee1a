"""evalctl ingest."""

EXAMPLE = "evalctl ingest"


def command() -> None:
    """Not there yet."""
