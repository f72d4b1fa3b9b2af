"""The newer of two time zone databases is used: the machine's, or the one that we lock."""

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from tzdata import IANA_VERSION

PROGRAM = """
from datetime import datetime
from zoneinfo import ZoneInfo, reset_tzpath
import sys
if len(sys.argv) > 1:
    reset_tzpath(to=sys.argv[1:])
from service.time_zones import use_newest_zones
print(use_newest_zones())
print(datetime(2026, 12, 5, 10, tzinfo=ZoneInfo("America/Vancouver")).utcoffset())
"""


def used(*folders: Path, **environment: str) -> tuple[str, str]:
    """What a process says that it uses, and what ten o'clock in Vancouver is there."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONTZPATH"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, folders)],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    said, offset = done.stdout.splitlines()
    return said, offset


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A database in which Vancouver is in Tokyo, as no version of it says."""
    zone = tmp_path / "America" / "Vancouver"
    zone.parent.mkdir()
    zone.write_bytes(files("tzdata.zoneinfo").joinpath("Asia", "Tokyo").read_bytes())
    return tmp_path


@pytest.mark.parametrize("head", [None, "", "# version 2025b\n", "# version unknown\n"])
def test_an_old_database_of_the_machine_is_not_used(machine: Path, head: str | None) -> None:
    """findings/zones-of-2026.sh: Python takes it although a newer one is installed."""
    if head is not None:
        (machine / "tzdata.zi").write_text(head, encoding="utf-8")
    expected = (f"{IANA_VERSION} of the package tzdata", "-1 day, 17:00:00")
    assert used(machine) == expected


@pytest.mark.parametrize("version", [IANA_VERSION, "2099a", "2099z-dirty"])
def test_a_newer_database_of_the_machine_is_used(machine: Path, version: str) -> None:
    (machine / "tzdata.zi").write_text(f"# version {version}\n# a comment\n", encoding="utf-8")
    told = version.removesuffix("-dirty")
    assert used(machine) == (f"{told} of {machine}", "9:00:00")


def test_a_machine_without_a_database_has_that_of_the_package(tmp_path: Path) -> None:
    assert used(tmp_path / "nothing") == (
        f"{IANA_VERSION} of the package tzdata",
        "-1 day, 17:00:00",
    )


def test_whoever_names_a_database_gets_it(machine: Path) -> None:
    assert used(PYTHONTZPATH=str(machine)) == (f"PYTHONTZPATH: {machine}", "9:00:00")


def test_the_command_chooses_it(machine: Path) -> None:
    """`communique` does so before it reads anything."""
    program = (
        f"import sys, zoneinfo\nzoneinfo.reset_tzpath(to=[{str(machine)!r}])\n"
        "from service.__main__ import main\nsys.argv = ['communique', '--version']\n"
        "try:\n    main()\nfinally:\n    print(zoneinfo.TZPATH)"
    )
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONTZPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=kept, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "()"
