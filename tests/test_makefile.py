"""``make`` on machines that are not ready, and the note that ``make run`` leaves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the Makefile reads."""
    for name in ("Makefile", "pyproject.toml", "locks"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``make`` there; a recipe's commands are few, and install nothing."""
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(
        command, cwd=folder, env=_without_make(), capture_output=True, text=True, timeout=30
    )


def _without_make() -> dict[str, str]:
    """The environment, without what a ``make`` that runs the suite was given: VENV=… is in it."""
    given = re.findall(r"(\w+)=", os.environ.get("MAKEFLAGS", ""))
    return {
        name: text
        for name, text in os.environ.items()
        if name not in given and not name.startswith(("MAKE", "MFLAGS"))
    }


def finished_venv(checkout: Path, *, shebang: Path, python: Path) -> None:
    """What a finished installation leaves, as far as ``make`` looks at it."""
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(python)
    (programs / "communique").write_text(f"#!{shebang}\n")
    (checkout / ".venv" / "pyvenv.cfg").touch()
    (checkout / ".venv" / "run.stamp").touch()


def planned(checkout: Path) -> str:
    """What would be done for ``make run`` before it runs."""
    return make(checkout, "--dry-run", ".venv/run.stamp").stdout


def test_a_python_that_is_too_old_is_told_before_anything_is_made(checkout: Path) -> None:
    old = checkout / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    made = make(checkout, ".venv/run.stamp", f"PYTHON={old}")
    assert made.returncode != 0
    told, _make = made.stderr.splitlines()
    assert told.startswith(f"Python 3.11 or newer is needed; {old} is Python 3.9.2: ")
    assert not (checkout / ".venv").exists()


def test_a_venv_that_works_is_kept(checkout: Path) -> None:
    working = Path(sys.executable)
    finished_venv(checkout, shebang=checkout / ".venv/bin/python", python=working)
    # Through a link in another folder, this Python finds no libraries without being told.
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec "{working}" "$@"\n')
    (checkout / ".venv" / "bin" / "python").chmod(0o755)
    assert "pip install" not in planned(checkout)


@pytest.mark.parametrize(
    ("folder", "python"),
    [
        pytest.param("elsewhere", sys.executable, id="moved"),
        pytest.param("", "/nowhere/python3.10", id="its Python is gone"),
    ],
)
def test_a_venv_that_does_not_work_is_made_anew(checkout: Path, folder: str, python: str) -> None:
    shebang = checkout / folder / ".venv/bin/python"
    finished_venv(checkout, shebang=shebang, python=Path(python))
    plan = planned(checkout)
    assert "it is made anew" in plan
    assert "rm -rf .venv" in plan
    assert "-m venv .venv" in plan


def test_the_note_leads_to_the_newsroom_that_runs(checkout: Path) -> None:
    assert make(checkout, "run.env", "DATA=some/where", "PORT=8123").returncode == 0
    shell = subprocess.run(
        ["sh", "-c", ". ./run.env; env"], cwd=checkout, capture_output=True, text=True, check=True
    )
    variables = dict(line.split("=", 1) for line in shell.stdout.splitlines() if "=" in line)
    assert variables["PATH"].startswith(f"{checkout}/.venv/bin:")
    assert variables["COMMUNIQUE_CONFIG"] == f"{checkout}/config/communique.yaml"
    assert variables["COMMUNIQUE_DATA_FOLDER"] == f"{checkout}/some/where"
    assert variables["COMMUNIQUE_HTTP__PORT"] == "8123"
    assert variables["COMMUNIQUE_SITE__BASE_URL"] == "http://localhost:8123"
