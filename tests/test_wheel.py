"""The wheel: ``communique`` without a checkout, as a new operator has it."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.support.running_service import free_port, wait_until
from tests.support.services import missing

ROOT = Path(__file__).parents[1]

#: What a build reads.
SOURCES = ("feeds", "service", "config", "pyproject.toml", "README.md", "LICENSE")

BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"

DOCUMENT = "Our first\n\nIt has a paragraph.\n\n2026-01-05T09:00:00+00:00|News|\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The installed program."""

    folder: Path  #: of its packages
    home: Path  #: the folder that it is run in

    @property
    def environment(self) -> Mapping[str, str]:
        """Leads to it; the libraries are those of this environment."""
        return {
            **{name: text for name, text in os.environ.items() if "COMMUNIQUE" not in name},
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),
            "HOME": str(self.home),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            words, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=60
        )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Build the wheel from a copy of the sources, and install it into a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    source, built = folder / "source", folder / "dist"
    source.mkdir()
    built.mkdir()
    without_caches = shutil.ignore_patterns("__pycache__", "samples")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=without_caches)
        else:
            shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BUILD, str(built)],
        cwd=source, capture_output=True, check=True,
    )  # fmt: skip
    [wheel] = built.glob("communique-*.whl")
    home = folder / "home"
    home.mkdir()
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run(
        [sys.executable, "-m", "pip", *install, "--target", str(folder / "installed"), str(wheel)],
        capture_output=True, check=True,
    )  # fmt: skip
    return Program(folder=folder / "installed", home=home)


def test_it_carries_what_it_needs(program: Program) -> None:
    for name in ("communique.yaml", "categories.yaml", "communique.schema.json"):
        carried = program.folder / "service" / "shipped" / name
        assert carried.read_bytes() == (ROOT / "config" / name).read_bytes()
    translations = "service/web/translations"
    carried_tags = {path.stem for path in (program.folder / translations).glob("*.po")}
    assert carried_tags == {path.stem for path in (ROOT / translations).iterdir()}
    [info] = program.folder.glob("communique-*.dist-info")
    assert (info / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert Distribution.at(info).metadata["Requires-Python"] == ">=3.11"
    assert not list(program.folder.glob("**/samples"))
    said = program.run("communique", "--version")
    assert (said.returncode, said.stdout) == (0, "communique 0.1.0\n")
    where = program.run(sys.executable, "-c", "import service; print(service.__file__)").stdout
    assert Path(where.strip()).is_relative_to(program.folder)


def test_init_serve_and_a_release_that_is_dropped(program: Program) -> None:
    port = free_port()
    _type(
        program,
        ["communique", "init", "news"],
        ["Acme News", "nonsense", f"http://localhost:{port}", "Europe/Paris"],
    )
    folder = program.home / "news"
    for name in (".gitignore", "categories.yaml"):
        assert (folder / name).exists()
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            ["communique", "serve"], cwd=folder, env=program.environment, stdout=log, stderr=log
        ) as service,
    ):
        try:
            (folder / "data" / "inbox" / "first.txt").write_text(DOCUMENT, encoding="utf-8")
            wait_until(lambda: "Our first" in _feed(port))
            assert "Acme News" in _feed(port)
            with (folder / "communique.yaml").open(encoding="utf-8") as main:
                assert '  time_zone: "Europe/Paris"\n' in main.readlines()
        finally:
            service.terminate()
    assert service.returncode == 0, (folder / "log").read_text()


def _type(program: Program, command: list[str], answers: list[str]) -> None:
    """Run a command on a terminal, and type the answers to its questions."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            command, cwd=program.home, env=program.environment,
            stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
            assert process.wait(30) == 0
    finally:
        os.close(ours)
        os.close(theirs)


def _feed(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/feeds/news.atom")
        return connection.getresponse().read().decode()
    except OSError:
        return ""
    finally:
        connection.close()


#: How each shell is asked for what may follow ``communique rel``.
ASK = {
    "bash": 'eval "$(communique completion bash)"; COMP_WORDS=(communique rel); COMP_CWORD=1; '
    '_communique_completion communique; echo "${COMPREPLY[@]}"',
    "fish": 'communique completion fish | source; complete -C "communique rel"',
    "zsh": """
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PS1= ; autoload -Uz compinit; compinit -D; eval "$(communique completion zsh)"'
zpty -w inner 'setopt no_beep; echo READ""Y'
zpty -r -m inner heard '*READY*'
zpty -n -w inner $'communique rel\\t'
zpty -r -m inner heard '*communique release*'
print -r -- $heard
zpty -d inner
""",
}


@pytest.mark.parametrize("shell", ASK)
def test_a_shell_completes_commands(program: Program, shell: str) -> None:
    if shutil.which(shell) is None:
        missing(shell, "install it")
    options = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}
    asked = program.run(shell, *options[shell], "-c", ASK[shell])
    assert "release" in asked.stdout, asked
    assert "serve" not in asked.stdout


def test_a_shell_that_is_not_known_is_refused(program: Program) -> None:
    refused = program.run("communique", "completion", "tcsh")
    assert (refused.returncode, refused.stdout) == (2, "")
