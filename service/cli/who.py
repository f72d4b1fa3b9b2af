"""Who is at the keyboard, for the book of acts."""

import getpass


def operator() -> str:
    """The name of the user who runs the command; ``command line`` for one without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that nobody has
        return "command line"
