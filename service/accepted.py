"""The configuration that was accepted last, kept in a file for the processes of one service.

Only the supervisor reads what ops write. The web and job processes work from this file alone: a
faulty configuration is reported once, and a process that has to be started anew in the meantime
starts with the good one.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

from feeds.errors import StoreConflict, StoreUnavailable
from service.logs import get_logger
from service.settings import Settings, Sources, parse

_log = get_logger(__name__)

#: How soon a process sees that another configuration was accepted, or that its parent is gone.
WATCH_EVERY_S = 0.25


def activate(sources: Sources, path: Path) -> None:
    """Make *sources* the accepted configuration: whole, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # It may hold a database's password: made for the owner's eyes from its first byte.
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(sources.to_json())
            file.flush()
            written.replace(path)
        except OSError:  # the disk is full: not even this is to be left there
            written.unlink(missing_ok=True)
            raise


def active_configuration(path: Path) -> Settings:
    """The settings that were accepted last."""
    return parse(Sources.from_json(path.read_text(encoding="utf-8")))


class ConfigurationWatch:
    """Tells a process of each newly accepted configuration, and of the death of its parent."""

    def __init__(
        self,
        path: Path,
        *,
        parent: int,
        on_change: Callable[[Settings], None],
        on_orphaned: Callable[[], None],
    ) -> None:
        """Make a watch that is not watching yet.

        Args:
            path: The file of the accepted configuration.
            parent: Process id of whoever started this process. It has to be told: a parent that
                was killed while this process was starting up is not ours any more by now.
            on_change: Called with each newly accepted configuration.
            on_orphaned: Called once when the parent is gone.
        """
        self._path = path
        self._parent = parent
        self._on_change = on_change
        self._on_orphaned = on_orphaned
        self._seen = self._stamp()
        self._thread = threading.Thread(target=self._watch, name="accepted", daemon=True)
        self._is_over = threading.Event()

    def start(self) -> None:
        """Begin to watch, in a thread that does not keep the process alive."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._is_over.set()

    def _watch(self) -> None:
        while not self._is_over.wait(WATCH_EVERY_S):
            if os.getppid() != self._parent:
                # A supervisor that was killed cannot stop its processes any more.
                self._on_orphaned()
                return
            self._look()

    def _look(self) -> None:
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return
        try:
            self._on_change(active_configuration(self._path))
        except (StoreUnavailable, StoreConflict) as error:
            # The running configuration stays, and this one is taken up at the next look.
            _log.error("reload failed, will be tried again", reason=str(error))
            return
        except Exception:
            # The running configuration stays; the next one may be taken up again.
            _log.exception("reload failed")
        self._seen = stamp

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        # Each acceptance is a new file, so a second one within the clock's grain is seen too.
        return stat.st_ino, stat.st_mtime_ns
