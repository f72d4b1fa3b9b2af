"""Who is at the keyboard, for the book of acts."""

import getpass
from typing import Annotated

import typer

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
