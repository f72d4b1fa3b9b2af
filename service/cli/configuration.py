"""Loads the configuration of a call. Separate from `call`, so that ``--help`` loads no pydantic."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from service.cli.call import Invocation
from service.cli.output import plain, print_message
from service.settings import ConfigInvalid, Settings, Sources, parse, read_sources


def sources_of(call: Invocation) -> Sources:
    """Reads the configuration files, the environment variables and the ``--set`` options."""
    return read_sources(call.config, environ=os.environ, overrides=call.overrides)


def settings_of(call: Invocation) -> Settings:
    """Returns the configuration. If it has faults, prints them all and exits with code 1."""
    with faults_printed():
        return parse(sources_of(call))


@contextmanager
def faults_printed() -> Iterator[None]:
    """Prints the configuration's faults and exits with code 1 if the block finds any.

    Each fault is one line, and no other line is printed, so that an editor can jump to each place.
    """
    try:
        yield
    except ConfigInvalid as error:
        for fault in error.faults:
            print_message(plain(fault))
        raise typer.Exit(1) from error
