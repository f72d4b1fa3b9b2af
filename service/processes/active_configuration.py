"""The active configuration, kept in a file for the processes of one service."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from feeds.errors import StoreConflict, StoreUnavailable
from service import logs
from service.processes.supervisor_line import Orphaned, SupervisorLine, WaitingOver
from service.settings import Settings, Sources, parse

_log = logs.get_logger(__name__)

#: How soon to retry a configuration that could not be applied because the store was unavailable.
RETRY_EVERY_S = 0.5

#: How long `ConfigurationWatch.stop` waits for a configuration that is being applied.
STOP_WITHIN_S = 1.0


def activate(sources: Sources, path: Path) -> None:
    """Makes *sources* the active configuration, atomically."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The file may hold a database's password: it is readable by its owner only from the start.
    with NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(sources.to_json())
            file.flush()
            written.replace(path)
        except OSError:  # the disk is full: leave nothing on it
            written.unlink(missing_ok=True)
            raise


def active_configuration(path: Path) -> Settings:
    """Returns the settings that were activated last."""
    return parse(Sources.from_json(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStart:
    """What a process of a service starts with."""

    settings: Settings  #: the active ones
    path: Path  #: the file of the active configuration, which the next one replaces
    line: SupervisorLine  #: to the supervisor

    @classmethod
    def unsupervised(cls, path: Path) -> "ProcessStart":
        """Returns the start of a process without a supervisor, which never reloads."""
        settings = active_configuration(path)
        logs.configure(settings.log.level, settings.log.format)
        return cls(settings=settings, path=path, line=SupervisorLine())


class ConfigurationWatch:
    """Waits for new active configurations, and for the death of the supervisor."""

    def __init__(
        self,
        start: ProcessStart,
        *,
        on_change: Callable[[Settings], None],
        on_orphaned: Callable[[], None],
    ) -> None:
        """Creates a watch that is not started yet.

        Args:
            start: Has the configuration's file and the line to the supervisor.
            on_change: Called with each new active configuration.
            on_orphaned: Called once when the supervisor is gone. It may have been killed, and then
                cannot stop its processes any more.
        """
        self._path = start.path
        self._line = start.line
        self._on_change = on_change
        self._on_orphaned = on_orphaned
        self._thread = threading.Thread(target=self._watch, name="configuration", daemon=True)
        self._over, self._ends = socket.socketpair()

    def start(self) -> None:
        """Starts to watch, in a daemon thread."""
        if self._line.is_open:
            self._thread.start()

    def stop(self) -> None:
        """Stops watching. Later messages are left for the next watch on the same line."""
        self._ends.close()
        if self._thread.is_alive():
            self._thread.join(STOP_WITHIN_S)
        if not self._thread.is_alive():  # otherwise the thread closes it
            self._over.close()

    def _watch(self) -> None:
        is_due = False
        while True:
            try:
                is_due |= self._line.wait(RETRY_EVERY_S if is_due else None, or_end_of=self._over)
            except Orphaned:
                self._on_orphaned()
                return
            except WaitingOver:
                self._over.close()
                return
            if is_due:
                is_due = not self._apply()

    def _apply(self) -> bool:
        """Applies the active configuration; returns False if that has to be tried again."""
        try:
            self._on_change(active_configuration(self._path))
        except (StoreUnavailable, StoreConflict) as error:
            # The running configuration stays until the next try.
            _log.error("reload failed, will be tried again", reason=str(error))
            return False
        except Exception:
            # The running configuration stays; the next one may be applicable again.
            _log.exception("reload failed")
        return True
