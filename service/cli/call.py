"""One call of the program: its commands and options, and who is at the keyboard."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

# The table of commands. One more is a row here and a module of its name.

#: Every command or group of commands, with its line of help. Each is the module of its name,
#: imported when it is asked for: help and a wrong spelling need neither database nor network.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "serve": "Run the service until it is stopped.",
        "release": "Take in releases, and look at them.",
        "feed": "Look at feeds, make their editions, and check their documents.",
        "export": "Write the whole public site as files.",
        "hub": "See what hubs were told, and who is subscribed at ours.",
        "token": "Say who may use the HTTP API.",
        "config": "Check and show the configuration.",
        "store": "Upgrade and check the store.",
        "status": "Show on one screen how everything stands.",
    }
)


def typer_of(name: str) -> typer.Typer:
    """What the commands of the module *name* register with: help in plain text, no extras."""
    return typer.Typer(
        help=COMMANDS[name],
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


# One call of the program: which configuration is meant, and how results are to look.

DEFAULT_CONFIG = Path("config/communique.yaml")

#: Names the configuration where no ``--config`` does.
CONFIG_VARIABLE = "COMMUNIQUE_CONFIG"

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config", metavar="PATH", envvar=CONFIG_VARIABLE, help="The configuration's main file."
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set a key of the configuration for this call, as in http.port=8080. May be repeated.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Write results as JSON: one object a line.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What was said about the call as a whole, before the command or after it."""

    config: Path
    overrides: tuple[str, ...] = ()  #: ``key=value``, later ones win
    as_json: bool = False

    def and_after(self, overrides: list[str] | None, *, as_json: bool) -> "Invocation":
        """The same call with what stood after the command; that wins."""
        return Invocation(
            config=self.config,
            overrides=(*self.overrides, *(overrides or ())),
            as_json=self.as_json or as_json,
        )


def invocation_of(
    ctx: typer.Context, overrides: list[str] | None, *, as_json: bool = False
) -> Invocation:
    """The call that a command is part of, with the command's own ``--set`` and ``--json``."""
    before = ctx.find_object(Invocation)
    if before is None:
        raise LookupError("a command was run outside the program")
    return before.and_after(overrides, as_json=as_json)


# Who is at the keyboard, for the book of acts.

ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Who does it, for the book of acts. [default: you]"),
]


def who(by: str | None) -> str:
    """Who does it: as said, else the user that the system knows."""
    if by is not None and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that nobody has
        return "command line"
