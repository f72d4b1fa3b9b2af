"""``communique``, or ``python -m service``."""

import sys

from service.cli.app import app


def main() -> None:
    """Run the command that was typed."""
    for stream in (sys.stdout, sys.stderr):
        # A title in Arabic must not end a command on a terminal that knows Latin only.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream
    app(prog_name="communique")


if __name__ == "__main__":
    main()
