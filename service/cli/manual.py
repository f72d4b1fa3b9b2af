"""The manual of all commands: ``python -m service.cli.manual > docs/commands.md``."""

import sys
from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from service.cli.app import app
from service.cli.call import COMMANDS

PROGRAM = "communique"

#: As wide as an editor shows it beside something else.
WIDTH = 88

_START = """\
# Commands

What `communique COMMAND --help` says, of every command. Made by
`python -m service.cli.manual > docs/commands.md`; a test holds this page to it.

Results go to standard output, one line per thing, in aligned columns where a dash stands for
nothing; with `--json` each is one JSON object on a line. Everything else that is said goes to
standard error. `--set` and `--json` may stand before the command or after it, the other global
options stand before it.

| exit code | |
|---|---|
| 0 | done |
| 1 | refused or failed: a document, a feed, a ping, the store, the configuration |
| 2 | wrong usage |
"""


def manual() -> str:
    """The page."""
    sections = (_section(words, command) for words, command in commands())
    return "\n".join([_START, *sections])


def commands() -> Iterator[tuple[str, Any]]:
    """Every command as it is typed, groups before their commands, with the library's object."""
    program: Any = get_command(app)
    yield PROGRAM, program
    for name in COMMANDS:
        command = program.get_command(None, name)
        yield f"{PROGRAM} {name}", command
        for inner_name, inner in getattr(command, "commands", {}).items():
            yield f"{PROGRAM} {name} {inner_name}", inner


def _section(words: str, command: Any) -> str:
    return f"## `{words}`\n\n```\n{_help(words, command)}\n```\n"


def _help(words: str, command: Any) -> str:
    ctx = typer.Context(command, info_name=words, terminal_width=WIDTH, max_content_width=WIDTH)
    text: str = command.get_help(ctx)
    return "\n".join(line.rstrip() for line in text.splitlines())


if __name__ == "__main__":
    sys.stdout.write(manual())
