"""The program ``communique``: its global options, and the loading of its commands."""

from errno import EPIPE
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from feeds.errors import FeedsError
from service.cli.call import (
    COMMANDS,
    CONTEXT_SETTINGS,
    MODULES,
    ConfigOption,
    Invocation,
    JsonOption,
    SetOption,
    usual_config,
)
from service.cli.output import plain, print_message
from service.errors import ServiceError


class Program(TyperGroup):
    """The root command group: imports a command when it is named, and reports errors.

    Typer's types of contexts and commands differ between its versions, hence ``Any``.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # typer's signature
        """Returns the names of the commands, in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Returns the command of this name, or None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        return get_command(import_module(f"service.cli.{MODULES.get(cmd_name, cmd_name)}").app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Writes the list of commands into the help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. An error of the product or the system becomes one line and code 1."""
        try:
            return super().invoke(ctx)
        except (FeedsError, ServiceError) as error:
            print_message(f"communique: {error}")
            raise typer.Exit(1) from error
        except OSError as error:
            if error.errno == EPIPE:  # the reader of the results has gone: typer ends quietly
                raise
            where = "" if error.filename is None else f"{plain(error.filename)}: "
            print_message(f"communique: {where}{error.strerror or error}")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Program,
    no_args_is_help=True,
    context_settings=CONTEXT_SETTINGS,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(is_asked: bool) -> None:  # noqa: FBT001  # typer calls it
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"communique {version('communique')}")
        raise typer.Exit


@app.callback()
def program(
    ctx: typer.Context,
    *,
    config: ConfigOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version, and exit."
        ),
    ] = False,
) -> None:
    """Press releases in, feeds out: Atom, RSS and JSON Feed, pushed the second they are published.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
    """
    ctx.obj = Invocation(config=config or usual_config()).and_after(overrides, as_json=as_json)
