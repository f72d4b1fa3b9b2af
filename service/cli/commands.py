"""The table of commands. One more is a row here and a module of its name."""

from collections.abc import Mapping
from types import MappingProxyType

import typer

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
