"""evalctl ingest."""


def command() -> None:
    """Not there yet."""
