"""evalctl why."""

EXAMPLE = "evalctl why"


def command() -> None:
    """Not there yet."""
