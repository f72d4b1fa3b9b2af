"""A PostgreSQL of the suite's own: started from the installed binaries, gone afterwards."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg

START_WITHIN_S = 60.0

#: What the databases of one server of the suite's have room in.
ROOM_BYTES = 2_000_000_000

#: A server to use instead, as a SQLAlchemy URL. Its user must be allowed to make databases, which
#: the suite drops again.
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
def server(
    folder: Path, *, address: str = "", copy_of: str | None = None, on_disk: bool = False
) -> Iterator[str]:
    """Run a server, and yield its URL, by a socket.

    It ends with this process, however that ends: a shell waits for the end of a pipe that only
    this process holds open, and stops the server then.

    Args:
        folder: Of its programs.
        address: Where it listens as well, at port 5432; nowhere if empty.
        copy_of: The URL of another server. This one begins as a standby that has what that one
            held, and gets nothing more from it.
        on_disk: Its data is in the folder for temporary files, because it is too much for memory.
    """
    # A socket's path has about a hundred bytes: pytest's folders are longer.
    home = Path(mkdtemp(prefix="pg", dir=None if on_disk else fastest_folder()))
    user = _unprivileged(home)
    data = home / "data"
    if copy_of is None:
        options = ["-A", "trust", "-U", "suite", "--no-sync"]
        make = [str(folder / "initdb"), "-D", str(data), *options]
    else:
        options = ["--checkpoint=fast", "--no-sync"]
        make = ["pg_basebackup", "-D", str(data), "-d", copy_of, *options]
    subprocess.run(make, check=True, cwd="/", stdout=subprocess.DEVNULL, user=user)
    if copy_of is not None:
        (data / "standby.signal").touch()
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, folder / "postgres", home, address],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            user=user,
            start_new_session=True,  # a Ctrl-C is for the suite
        ),
    ):
        url = f"postgresql://suite@/postgres?host={home}"
        _wait_for(url, home / "log")
        yield url


#: Called with the server's program as $0, with its home, and with the address to listen at.
_GUARD = """
"$0" -D "$1/data" -c listen_addresses="$2" -c fsync=off -k "$1" < /dev/null &
cat > /dev/null
kill -QUIT $!
wait $!
rm -rf "$1"
"""


def process_id(url: str) -> int:
    """The first process of a server that was started here."""
    home = Path(url.partition("?host=")[2])
    return int((home / "data" / "postmaster.pid").read_text().splitlines()[0])


def _wait_for(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        else:
            return


def fastest_folder() -> Path | None:
    """Memory, where there is enough of it: databases are copied there in half the time.

    None where programs cannot be started from there, as in a container that asks for no more.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        return None
    is_large = shutil.disk_usage(memory).free > ROOM_BYTES
    return (
        memory if is_large and not os.statvfs(memory).f_flag & getattr(os, "ST_NOEXEC", 0) else None
    )


def _unprivileged(home: Path) -> str | None:
    """The user that PostgreSQL is run as, where it would be root: it refuses to serve as that."""
    if os.geteuid() != 0:
        return None
    shutil.chown(home, "postgres")
    return "postgres"
