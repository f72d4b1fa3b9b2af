"""The locks hold what `pyproject.toml` asks for, each library with hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(name: str) -> dict[str, str]:
    """Version by library."""
    text = (ROOT / "locks" / name).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(found) == len(re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE))
    return {canonicalize_name(library): version for library, version in found}


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("run.txt", PROJECT["dependencies"]),
        ("dev.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_a_lock_holds_what_is_asked_for(name: str, asked: list[str]) -> None:
    locked = pins(name)
    for requirement in map(Requirement, asked):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}"


def test_what_runs_is_what_was_tested() -> None:
    assert pins("run.txt").items() <= pins("dev.txt").items()
