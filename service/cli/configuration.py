"""The configuration of a call. Apart from `call`, because ``--help`` needs no pydantic."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.cli.call import Invocation
from service.cli.output import plain, print_message
from service.settings import ConfigInvalid, Settings, Sources, parse, read_sources


def sources_of(call: Invocation) -> Sources:
    """The files of the configuration as they are now, with what was set around them."""
    return read_sources(call.config, environ=os.environ, overrides=call.overrides)


def settings_of(call: Invocation) -> Settings:
    """The configuration. If it is bad, all its faults are told, and the command ends with 1."""
    with faults_told():
        return parse(sources_of(call))


@contextmanager
def faults_told() -> Iterator[None]:
    """End the command with 1 when the configuration turns out bad in this block.

    Each fault is a line of its own, and nothing but a fault is, so that an editor can jump there.
    """
    try:
        yield
    except ConfigInvalid as error:
        for fault in error.faults:
            print_message(plain(fault))
        raise typer.Exit(1) from error
