"""What several groups of figures work on: whichever needs it first makes it for all of a run."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

#: Of a run of several groups. Processes that are forked have it too.
_shared: Path | None = None


@contextmanager
def for_all_of_a_run() -> Iterator[None]:
    """In the block, what is made is kept to its end."""
    global _shared  # noqa: PLW0603  # of this process and of those that it forks
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        _shared = Path(folder)
        try:
            yield
        finally:
            _shared = None


@contextmanager
def made_once(name: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """A folder that *make* has filled, which nobody changes any more.

    Outside of a run it is gone at the end. Who comes while another process makes it waits.
    """
    if _shared is None:
        with TemporaryDirectory(prefix="communique-bench-") as folder:
            make(Path(folder))
            yield Path(folder)
        return
    there = _shared / name
    with (_shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not there.exists():
            with TemporaryDirectory(prefix=f"{name}-", dir=_shared) as folder:
                made = Path(folder) / "made"
                made.mkdir()
                make(made)
                made.rename(there)
    yield there
