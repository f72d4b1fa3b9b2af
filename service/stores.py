"""Opens the configured store. Apart from `wiring`, whose rooms the supervisor has no use for.

A note beside the store says which store it is and how much it held. A store that was deleted,
replaced, or put back from an older copy is told by it: what starts on an empty one would read all
documents again, and give each release another id.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import uuid4

from feeds.errors import StoreReplaced
from feeds.store import checks, migrate
from feeds.store.database import Database
from feeds.store.identity import StoreState
from service.disk import write_fault
from service.logs import get_logger
from service.settings import Settings
from service.sockets import Sockets

_log = get_logger(__name__)


class StoreNote:
    """What is known of a store, in a file beside it."""

    def __init__(self, settings: Settings) -> None:
        """Make one that was not read yet: beside SQLite's file, else in the data folder."""
        file = checks.sqlite_file(settings.store.url.reveal())
        folder = settings.data_folder
        self.path = folder / "store-note" if file is None else file.with_name(f"{file.name}-note")

    def read(self) -> StoreState | None:
        """What is known; None when there is no note.

        Raises:
            StoreReplaced: The file is no note of ours.
        """
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return StoreState(id=str(content["id"]), changes=int(content["changes"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreReplaced(
                f"{self.path}, which says which store is here, cannot be read: {error}; if the "
                "store is the right one, run 'communique store adopt'"
            ) from error

    def write(self, state: StoreState) -> None:
        """Keep what is known now: whole, or as it was. A disk that takes nothing is told of."""
        try:
            with NamedTemporaryFile(
                "w", dir=self.path.parent, prefix=".note-", encoding="utf-8", delete=False
            ) as file:
                try:
                    json.dump(asdict(state), file)
                    file.flush()
                    os.fsync(file.fileno())
                    Path(file.name).replace(self.path)
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as error:
            _log.warning("note cannot be written", path=str(self.path), reason=error.strerror)

    def remove(self) -> None:
        """Forget what is known: whatever store is there is the right one."""
        self.path.unlink(missing_ok=True)


def open_database(settings: Settings) -> Database:
    """The configured database; nothing is connected to yet.

    Raises:
        StoreReplaced: The note beside it cannot be read.
    """
    return _open(settings, StoreNote(settings).read())


def open_older(settings: Settings) -> Database:
    """The same one, also when it holds less than it did: it was put back from a copy."""
    known = StoreNote(settings).read()
    return _open(settings, known and StoreState(id=known.id, changes=0))


def _open(settings: Settings, expected: StoreState | None) -> Database:
    return Database.open(
        settings.store.url.reveal(),
        expected=expected,
        connections=Sockets(),
        write_fault=write_fault,
    )


def make_ready(settings: Settings, database: Database) -> str:
    """Bring the store to this version's schema, and note which it is. Returns the schema's name.

    Raises:
        StoreOutdated: It was made by a newer version.
        StoreReplaced: It is gone, or another one than at the last start.
        StoreUnavailable: It cannot be reached.
    """
    schema = migrate.upgrade(database)
    with database.transaction() as tx:
        tx.identity.name(str(uuid4()))
    note_state(settings, database)
    return schema


def note_state(settings: Settings, database: Database) -> None:
    """Note which store it is, and how much it holds."""
    note = StoreNote(settings)
    with database.read() as tx:
        state = tx.identity.state()
    if state is not None and state != note.read():
        note.write(state)
