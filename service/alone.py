"""One job process for one SQLite store: a lock in its data folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from service.errors import ServiceError


class Occupied(ServiceError):
    """Another process works on this data folder."""

    def __init__(self, folder: Path, holder: str, /) -> None:
        super().__init__(f"another service (process {holder}) works on {folder}")
        self.folder = folder


@contextmanager
def jobs_lock(data_folder: Path, *, wait_s: float) -> Iterator[None]:
    """Work alone on *data_folder* until the end of the block.

    The system frees the lock when its holder dies, however it dies.

    Raises:
        Occupied: Somebody else has it, and did not let go within *wait_s* seconds.
    """
    run = data_folder / "run"
    run.mkdir(parents=True, exist_ok=True)
    holder = run / "jobs.pid"
    try:
        with FileLock(run / "jobs.lock", timeout=wait_s):
            holder.write_text(str(os.getpid()), encoding="ascii")
            yield
    except Timeout as error:
        raise Occupied(data_folder, _read(holder)) from error


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="ascii").strip() or "unknown"
    except OSError:
        return "unknown"
