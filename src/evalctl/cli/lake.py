"""evalctl lake."""


def command() -> None:
    """Not there yet."""
