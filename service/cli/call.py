"""One call of the program: which configuration is meant, and how results are to look."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

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
class Call:
    """What was said about the call as a whole, before the command or after it."""

    config: Path
    overrides: tuple[str, ...] = ()  #: ``key=value``, later ones win
    as_json: bool = False

    def and_after(self, overrides: list[str] | None, *, as_json: bool) -> "Call":
        """The same call with what stood after the command; that wins."""
        return Call(
            config=self.config,
            overrides=(*self.overrides, *(overrides or ())),
            as_json=self.as_json or as_json,
        )


def call_of(ctx: typer.Context, overrides: list[str] | None, *, as_json: bool = False) -> Call:
    """The call that a command is part of, with the command's own ``--set`` and ``--json``."""
    before = ctx.find_object(Call)
    if before is None:
        raise LookupError("a command was run outside the program")
    return before.and_after(overrides, as_json=as_json)
