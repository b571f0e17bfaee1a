"""evalctl runs."""

EXAMPLE = "evalctl runs"


def command() -> None:
    """Not there yet."""
