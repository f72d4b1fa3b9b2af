"""A PostgreSQL of the suite's own: started from the installed binaries, gone afterwards."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

#: A server to use instead, as a SQLAlchemy URL; the suite makes and drops schemas in it.
URL_VARIABLE = "COMMUNIQUE_TEST_POSTGRES_URL"


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL server that is installed."""
    on_path = shutil.which("initdb")
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda folder: int(folder.parent.name),
    )
    return Path(on_path).parent if on_path else found[-1] if found else None


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server that listens on a socket alone, and yield its URL."""
    # A socket's path has about a hundred bytes: pytest's folders are longer.
    home = Path(mkdtemp(prefix="pg"))
    try:
        as_user = _unprivileged(home)
        data = home / "data"
        _run(as_user, folder / "initdb", "-D", data, "-A", "trust", "-U", "suite", "--no-sync")
        options = f"-c listen_addresses= -c fsync=off -k {home}"
        log = home / "log"
        _run(as_user, folder / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield f"postgresql://suite@/postgres?host={home}"
        finally:
            _run(as_user, folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _unprivileged(home: Path) -> list[str]:
    """How to run a command as a user that PostgreSQL accepts: it refuses to serve as root."""
    if os.geteuid() != 0:
        return []
    shutil.chown(home, "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _run(as_user: list[str], *command: object) -> None:
    arguments = [*as_user, *map(str, command)]
    # Not pipes: the server inherits them, and the call would wait for their end.
    subprocess.run(arguments, check=True, cwd="/", stdout=subprocess.DEVNULL)
