"""evalctl rubrics."""


def command() -> None:
    """Not there yet."""
