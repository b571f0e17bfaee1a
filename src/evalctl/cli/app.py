"""The evalctl command: names of the subcommands, and what each kind of failure becomes.

A subcommand is the module ``evalctl.cli.<name>`` (``-`` written as ``_``) with a function of the name
``command`` and an ``EXAMPLE`` that ends its ``--help``, or with a Typer app of that name. It is imported when it is named, and imports its workflow when it runs:
``evalctl --help`` loads neither polars nor deltalake.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from typer.core import TyperGroup

from evalctl import __version__
from evalctl.core.errors import EvalctlError, ExitCode, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: tuple[str, ...] = (
    "init",
    "demo",
    "ingest",
    "backtest",
    "show",
    "why",
    "query",
    "export",
    "runs",
    "rubrics",
    "lake",
)
"""In the order in which a new user meets them, which is the order of ``--help``."""


class LazyCommands(TyperGroup):
    """A group that imports a command's module when the command is named."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return the names of all commands, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Import and build one command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"evalctl.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        if isinstance(command, typer.Typer):
            built = typer.main.get_command(command)
        else:
            single = typer.Typer(rich_markup_mode=None, add_completion=False)
            single.command(name=cmd_name, epilog=f"Example:  {module.EXAMPLE}")(command)
            built = typer.main.get_command(single)
        built.name = cmd_name
        return built

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Fail with the nearest name where the base class would only say that there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(
                f"no command '{args[0]}'{nearest(args[0], COMMANDS)}; evalctl --help lists them"
            )
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=LazyCommands,
    name="evalctl",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"evalctl {__version__}")
        raise typer.Exit


@app.callback(
    epilog="Start here:  evalctl demo",
)
def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Ask rubrics of every trace in a local trace lake, and gate releases with the answer."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave the process with an ``ExitCode``."""
    try:
        app(args=list(sys.argv[1:] if arguments is None else arguments), standalone_mode=True)
    except EvalctlError as error:
        from evalctl.cli.output import complain

        complain(str(error))
        sys.exit(error.exit_code)
    except SystemExit as ending:
        if ending.code == ExitCode.INTERRUPTED:  # Typer has turned the interrupt into this
            from evalctl.cli.output import complain

            complain("interrupted: what was committed stays; run the same command again to go on")
        raise
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(ExitCode.OK)
    except Exception as error:  # noqa: BLE001  (the last door: a bug becomes a file and a sentence)
        from evalctl.cli.bug import report_bug

        report_bug(error)
        sys.exit(ExitCode.BUG)
    sys.exit(ExitCode.OK)
