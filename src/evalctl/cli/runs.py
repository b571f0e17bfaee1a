"""evalctl runs."""


def command() -> None:
    """Not there yet."""
