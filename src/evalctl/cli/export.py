"""evalctl export."""

EXAMPLE = "evalctl export"


def command() -> None:
    """Not there yet."""
