"""evalctl demo."""

EXAMPLE = "evalctl demo"


def command() -> None:
    """Not there yet."""
