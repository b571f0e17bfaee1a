"""evalctl lake."""

EXAMPLE = "evalctl lake"


def command() -> None:
    """Not there yet."""
