"""The entry point of ``communique`` and of ``python -m service``."""

import atexit
import gc
import os
import sys
from importlib import import_module

from service.cli.app import app
from service.cli.call import COMPLETE_VARIABLE, PROGRAM
from service.time_zones import use_newest_zones


def main() -> None:
    """Runs the command given on the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A title in Arabic must not make a command fail on a terminal that has Latin only.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream
    use_newest_zones()
    # At its end Python looks for garbage in all that was imported, although the memory of the
    # process is about to be given back: a fifth of the processor time of a short command.
    atexit.register(gc.freeze)
    if COMPLETE_VARIABLE in os.environ:
        import_module("service.cli.completion").start()
    app(prog_name=PROGRAM)


if __name__ == "__main__":
    main()
