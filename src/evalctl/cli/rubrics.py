"""evalctl rubrics."""

EXAMPLE = "evalctl rubrics"


def command() -> None:
    """Not there yet."""
