"""The entry point of ``communique`` and of ``python -m service``."""

import sys

from service.cli.app import app


def main() -> None:
    """Runs the command given on the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A title in Arabic must not make a command fail on a terminal that has Latin only.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream
    app(prog_name="communique")


if __name__ == "__main__":
    main()
