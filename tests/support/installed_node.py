"""JavaScript libraries that tests use, installed once for all runs of the suite."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from tests.support.services import missing

#: Where package.json and the lock file of the libraries are that read our documents.
NODE = Path(__file__).parent.parent / "readers" / "node"

#: The same for what checks pages for accessibility.
ACCESSIBILITY = Path(__file__).parent.parent / "accessibility"

#: To install them takes some seconds, if the registry answers.
PATIENCE_S = 300


def node_packages(source: Path = NODE) -> Path:
    """The folder with ``node_modules`` as the lock file has it; installed if it is not there yet.

    *source* has package.json and the lock file.

    It lies outside of the work tree, named by the lock file's content: another lock file gets
    another folder, and processes that want the same one wait for each other.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            missing(program, "install Debian's packages nodejs and npm")
    name = sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = _cache() / f"node-{name}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = folder / "installed"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, folder)
            _install(folder)
            done.touch()
    return folder


def _install(folder: Path) -> None:
    # No script of a package runs, here or later: they are only imported.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        missing("npm's registry", f"npm ci did not end within {PATIENCE_S} s")
    if done.returncode:
        missing("npm's registry", f"npm ci says {done.stderr.decode(errors='replace')[-500:]}")


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "communique-tests"
