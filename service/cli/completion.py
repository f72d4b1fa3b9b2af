"""``communique completion``: what a shell needs to complete the program's words."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import (  # type: ignore[attr-defined]  # documented by use only
    completion_init,
    get_completion_script,
)

from service.cli.call import COMPLETE_VARIABLE, PROGRAM, JsonOption, SetOption, typer_of
from service.cli.output import print_text

app = typer_of("completion")


def start() -> None:
    """Has typer answer the requests of a shell's script; to be called before the program runs."""
    completion_init()


class Shell(StrEnum):
    """The shells whose words can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)],
    *,
    overrides: SetOption = None,  # noqa: ARG001  # every command takes it
    as_json: JsonOption = False,  # noqa: ARG001
) -> None:
    """Print the script that completes commands and options in a shell.

    bash: eval "$(communique completion bash)" in ~/.bashrc.
    zsh: eval "$(communique completion zsh)" in ~/.zshrc, after compinit.
    fish: communique completion fish > ~/.config/fish/completions/communique.fish, once.
    """
    start()
    script = get_completion_script(
        prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    print_text(script)
