"""evalctl query."""

EXAMPLE = "evalctl query"


def command() -> None:
    """Not there yet."""
