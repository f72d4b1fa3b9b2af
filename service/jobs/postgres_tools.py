"""PostgreSQL's own programs for backups: ``pg_dump`` and ``pg_restore``."""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from feeds.errors import BackupFailed
from feeds.store.backup import ServerAddress, ServerSnapshot, tables_of

#: How often to check whether to stop.
_CHECK_EVERY_S = 0.2

#: How much of a program's complaint is passed on, in characters.
_MAX_COMPLAINT = 300

_VERSION = re.compile(r"\) (\d+)")
#: The beginning of a table's rows in a dump as SQL.
_COPY = re.compile(rb'COPY (?:[^ ]+\.)?"?(\w+)"? \(')


def require_dump(server_version: int) -> None:
    """Refuses to begin when ``pg_dump`` is missing, or older than the server.

    Raises:
        BackupFailed: The message names the remedy.
    """
    program = _program("pg_dump")
    shown = subprocess.run(  # noqa: S603  # no shell, and no word of somebody else's
        [program, "--version"], capture_output=True, text=True, check=False
    )
    found = _VERSION.search(shown.stdout)
    version = int(found[1]) if found else 0
    if version < server_version:
        raise BackupFailed(
            f"{program} is of PostgreSQL {version or '(unknown)'}, and the server of "
            f"{server_version}: install postgresql-client-{server_version}, or copy the store into "
            "an SQLite file with 'communique store copy'"
        )


def dump(
    address: ServerAddress,
    snapshot: ServerSnapshot,
    path: Path,
    *,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Writes the tables of a store, as they are in the snapshot, into the file at *path*.

    Raises:
        BackupFailed: ``pg_dump`` failed.
    """
    tables = [f'--table="{snapshot.schema_name}"."{name}"' for name in tables_of(snapshot.contents)]
    options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot.name}"]
    with path.open("wb") as file:
        _run(["pg_dump", *options, *tables, f"--dbname={address.uri}"], address, check, file)


def count_rows(path: Path, *, check: Callable[[], object] = lambda: None) -> Counter[str]:
    """Returns the number of rows of each table in a dump, by reading all of it.

    Raises:
        BackupFailed: The dump is damaged.
    """
    counted: Counter[str] = Counter()
    with _reading(path) as lines:
        table = ""
        for line in lines:
            if not table:
                if found := _COPY.match(line):
                    table = found[1].decode()
                    check()
            elif line == b"\\.\n":
                table = ""
            else:
                counted[table] += 1
    return counted


def restore(
    address: ServerAddress, path: Path, *, check: Callable[[], object] = lambda: None
) -> None:
    """Creates the tables of a dump and fills them, in one transaction.

    Raises:
        BackupFailed: ``pg_restore`` is missing or failed; nothing was stored.
    """
    options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    _run(
        ["pg_restore", *options, f"--dbname={address.uri}", os.fspath(path)],
        address,
        check,
        subprocess.DEVNULL,
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BackupFailed(
            f"{name} is missing: install PostgreSQL's client programs (Debian: postgresql-client), "
            "or copy the store into an SQLite file with 'communique store copy'"
        )
    return found


def _run(
    arguments: Sequence[str],
    address: ServerAddress,
    check: Callable[[], object],
    output: IO[bytes] | int,
) -> None:
    program = _program(arguments[0])
    environment = dict(os.environ)
    if address.password is not None:
        environment["PGPASSWORD"] = address.password
    with (
        subprocess.Popen(  # noqa: S603  # no shell; the arguments are our own
            [program, *arguments[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            env=environment,
        ) as process
    ):
        try:
            while True:
                try:
                    _, complaint = process.communicate(timeout=_CHECK_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    check()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BackupFailed(f"{arguments[0]} failed: {_short(complaint)}")


@contextmanager
def _reading(path: Path) -> Iterator[Iterator[bytes]]:
    with subprocess.Popen(  # noqa: S603  # no shell; the arguments are our own
        [_program("pg_restore"), "--file=-", "--data-only", os.fspath(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield iter(process.stdout or ())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BackupFailed(f"the dump at {path} cannot be read back")


def _short(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    return (errors or ["it said nothing"])[0][:_MAX_COMPLAINT]
