"""The configuration in force, kept in a file for the processes of one service."""

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

#: How soon a configuration that could not be taken, as the store was away, is tried again.
RETRY_EVERY_S = 0.5

#: What a watch that is stopped waits for a configuration that is being taken.
STOP_WITHIN_S = 1.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStart:
    """What a process of a service begins with."""

    settings: Settings  #: the accepted ones
    path: Path  #: of the accepted configuration, which the next one replaces
    line: SupervisorLine  #: to the supervisor

    @classmethod
    def by_hand(cls, path: Path) -> "ProcessStart":
        """Begin without a supervisor: no other configuration is taken, and nothing is an orphan."""
        settings = active_configuration(path)
        logs.configure(settings.log.level, settings.log.format)
        return cls(settings=settings, path=path, line=SupervisorLine())


class ConfigurationWatch:
    """Tells a process of each newly accepted configuration, and of the death of its supervisor."""

    def __init__(
        self,
        start: ProcessStart,
        *,
        on_change: Callable[[Settings], None],
        on_orphaned: Callable[[], None],
    ) -> None:
        """Make a watch that is not watching yet.

        Args:
            start: Says where the configuration is, and who tells of another one.
            on_change: Called with each newly accepted configuration.
            on_orphaned: Called once when the supervisor is gone. It was perhaps killed, and cannot
                stop its processes any more.
        """
        self._path = start.path
        self._line = start.line
        self._on_change = on_change
        self._on_orphaned = on_orphaned
        self._thread = threading.Thread(target=self._watch, name="accepted", daemon=True)
        self._over, self._ends = socket.socketpair()

    def start(self) -> None:
        """Begin to watch, in a thread that does not keep the process alive."""
        if self._line.is_open:
            self._thread.start()

    def stop(self) -> None:
        """Watch no more. What comes from here on is for the next watch on the same line."""
        self._ends.close()
        if self._thread.is_alive():
            self._thread.join(STOP_WITHIN_S)

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
                is_due = not self._take()

    def _take(self) -> bool:
        """Work by what was accepted last; False when that is to be tried again."""
        try:
            self._on_change(active_configuration(self._path))
        except (StoreUnavailable, StoreConflict) as error:
            # The running configuration stays until then.
            _log.error("reload failed, will be tried again", reason=str(error))
            return False
        except Exception:
            # The running configuration stays; the next one may be taken up again.
            _log.exception("reload failed")
        return True
