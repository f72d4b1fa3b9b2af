"""One call of the program: the table of commands, the shared options, and who runs it."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import typer

# The table of commands. A new command is a row here and a module of the same name.

#: Every command or group of commands, with its line of help. Its module has the same name and is
#: imported on use: ``--help`` and a misspelt command load neither database nor network code.
COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "init": "Make the folder of a new newsroom, with its configuration and an empty store.",
        "serve": "Run the service until it is stopped.",
        "release": "Add, list, show, correct and retract releases.",
        "import": "Take in the releases of another system: WordPress, feeds, files.",
        "media": "Store, list and remove pictures and files of releases.",
        "feed": "List feeds, render new editions, and check documents.",
        "export": "Write the whole public site as files.",
        "hub": "Show pings and hubs, and manage the built-in hub's subscriptions.",
        "upstream": "Show and poll other people's feeds that this newsroom carries.",
        "token": "Make, list and revoke tokens for the HTTP API.",
        "user": "Add, list, change and disable people who may use the desk.",
        "config": "Check and show the configuration.",
        "store": "Back up, restore, copy, measure, upgrade and check the store.",
        "status": "Show the state of the whole service on one screen.",
        "redirects": "List old addresses and their uses, and show where one leads.",
        "readers": "Show who reads which feed, and what it takes.",
        "alarms": "List alarms, and test the channels that tell them.",
        "completion": "Print the script that completes commands and options in a shell.",
    }
)


#: Modules that cannot have the name of their command.
MODULES: Mapping[str, str] = MappingProxyType({"import": "import_sources"})

#: The program's name, and the variable by which a shell's script asks it to complete a line.
PROGRAM, COMPLETE_VARIABLE = "communique", "_COMMUNIQUE_COMPLETE"

#: Settings that every command and group has.
CONTEXT_SETTINGS = {"help_option_names": ["--help", "-h"]}


def typer_of(name: str) -> typer.Typer:
    """Returns the typer group that the commands of the module *name* register with."""
    return typer.Typer(
        help=COMMANDS[name],
        context_settings=CONTEXT_SETTINGS,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


# One call of the program: its configuration, and the form of its results.

#: Where the configuration is looked for when it is not named, in the working folder: in a newsroom
#: that ``communique init`` made, and in a checkout.
USUAL_CONFIGS = (Path("communique.yaml"), Path("config/communique.yaml"))

#: The environment variable that names the configuration when ``--config`` is absent.
CONFIG_VARIABLE = "COMMUNIQUE_CONFIG"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        envvar=CONFIG_VARIABLE,
        help="The main file of the configuration. [default: communique.yaml in this folder, "
        "else config/communique.yaml]",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the configuration, such as http.port=8080. May be repeated.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Write results as JSON, one object per line.")
]


def usual_config() -> Path:
    """Returns the configuration of the working folder; the first usual name if it has none."""
    return next((path for path in USUAL_CONFIGS if path.exists()), USUAL_CONFIGS[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The global options of a call, given before the command or after it."""

    config: Path
    overrides: tuple[str, ...] = ()  #: ``key=value``; a later one overrides an earlier one
    as_json: bool = False

    def and_after(self, overrides: list[str] | None, *, as_json: bool) -> "Invocation":
        """Returns this call with the options given after the command, which take precedence."""
        return Invocation(
            config=self.config,
            overrides=(*self.overrides, *(overrides or ())),
            as_json=self.as_json or as_json,
        )


def invocation_of(
    ctx: typer.Context, overrides: list[str] | None, *, as_json: bool = False
) -> Invocation:
    """Returns the call of *ctx*, with the command's own ``--set`` and ``--json`` applied."""
    call = ctx.find_object(Invocation)
    if call is None:
        raise LookupError("a command was run outside the program")
    return call.and_after(overrides, as_json=as_json)


# The name of the operator, for the audit log.

ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="WHO", help="Name for the audit log. [default: your user name]"),
]


def who(by: str | None) -> str:
    """Returns the operator's name: *by* if given, else the name of the system's user."""
    if by is not None and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user id without a name
        return "command line"
