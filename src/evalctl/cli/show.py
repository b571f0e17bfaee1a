"""evalctl show."""

EXAMPLE = "evalctl show"


def command() -> None:
    """Not there yet."""
