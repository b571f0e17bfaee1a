"""evalctl backtest."""

EXAMPLE = "evalctl backtest"


def command() -> None:
    """Not there yet."""
