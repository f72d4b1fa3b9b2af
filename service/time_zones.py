"""Which time zone database is used: the newer of the machine's and the one that we lock."""

import os
import re
import zoneinfo
from pathlib import Path

from tzdata import IANA_VERSION


def use_newest_zones() -> str:
    """Chooses the database for this process and those forked from it; called before zones are read.

    Python takes the machine's, however old: findings/zones-of-2026.sh. One that tells no version is
    taken for older. Whoever sets PYTHONTZPATH has chosen.

    Returns:
        What is used, for people: ``2026f of the package tzdata``.
    """
    folders = ", ".join(zoneinfo.TZPATH)
    if "PYTHONTZPATH" in os.environ:
        return f"PYTHONTZPATH: {folders}"
    machine = _version_of_machine()
    if machine >= IANA_VERSION:
        return f"{machine} of {folders}"
    zoneinfo.reset_tzpath(to=())
    return f"{IANA_VERSION} of the package tzdata"


def _version_of_machine() -> str:
    """The version of the first database that Python looks into: ``2026f``, or nothing."""
    for folder in map(Path, zoneinfo.TZPATH):
        if folder.is_dir():
            try:
                with (folder / "tzdata.zi").open(encoding="utf-8") as file:
                    found = re.fullmatch(r"# version (\d{4}[a-z]+)\S*\n", file.readline())
            except OSError:
                return ""
            return found[1] if found else ""
    return ""
