"""Watched folders: documents that are dropped there become releases."""

import errno
import fcntl
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from feeds.ingest import IntakeRules, readable_suffixes
from feeds.model.intake import Intake, Refusal, Verdict
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from feeds.store.intake_files import FileStamp
from service.jobs.reading import Outcome, take_in
from service.logs import get_logger

_log = get_logger(__name__)

#: A file with more documents is told in one line; up to so many, each has its own.
DOCUMENTS_TOLD_ONE_BY_ONE = 5

#: Suffixes of files that programs write beside the real one and rename when they are done.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", "~")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file in a watched folder, as it is now."""

    path: Path
    document: str  #: relative to its watched folder: the name it is known by
    stamp: FileStamp
    modified_at_s: float


class Folders:
    """The watched folders, and what was read of them. One object for the life of a process."""

    def __init__(
        self,
        database: Database,
        newsroom: Newsroom,
        rules: IntakeRules,
        *,
        folders: Sequence[Path],
        settle_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._newsroom = newsroom
        self._rules = rules
        self._folders = tuple(folders)
        self._settle_s = settle_s
        self._now = now
        self._rules_digest = sha256(repr(asdict(rules)).encode()).hexdigest()[:16]
        self._read: dict[str, FileStamp] | None = None
        #: Files that are not read yet, as the last scan saw them.
        self._waiting: dict[str, FileStamp] = {}

    def scan(self) -> bool:
        """Read what is new. True when a feed changed.

        A file is left alone while some program has it open for writing, and until it has been
        the same for ``settle_s``. Files stay where they are: what was read is remembered by
        path, size and time stamp, in the store, so that a restart does not read them again.

        Raises:
            StoreUnavailable: Try again; nothing is lost.
        """
        if self._read is None:
            with self._database.read() as tx:
                self._read = tx.intake_files.stamps()
        ready = [found for found in self._find() if self._is_ready(found)]
        changed = [self._take_in(found) for found in ready]
        return any(changed)

    def _find(self) -> Iterator[Found]:
        for folder in self._folders:
            for path in documents_below(folder):
                found = self._look(folder, path)
                if found is not None:
                    yield found

    def _look(self, folder: Path, path: Path) -> Found | None:
        try:
            stat = path.stat()
        except OSError:  # gone between the listing and the look
            return None
        stamp = FileStamp(
            size_bytes=stat.st_size, modified_ns=stat.st_mtime_ns, rules=self._rules_digest
        )
        name = path.relative_to(folder).as_posix()
        return Found(path=path, document=name, stamp=stamp, modified_at_s=stat.st_mtime)

    def _is_ready(self, found: Found) -> bool:
        key = str(found.path)
        if self._read is not None and self._read.get(key) == found.stamp:
            return False
        was_seen = self._waiting.get(key) == found.stamp
        self._waiting[key] = found.stamp
        age_s = self._now().timestamp() - found.modified_at_s
        # A time stamp in the future, or one kept by a copy, says nothing: the second look does.
        is_settled = age_s >= self._settle_s or age_s < 0
        return was_seen and is_settled and not _is_being_written(found.path)

    def _take_in(self, found: Found) -> bool:
        try:
            with found.path.open("rb") as stream:
                outcomes = self._outcomes(found, stream)
        except OSError as error:
            _log.error("document unreadable", document=found.document, reason=error.strerror)
            return False
        self._note(found)
        _tell(found.document, outcomes)
        return any(isinstance(one, Intake) and one.feeds for one in outcomes)

    def _outcomes(self, found: Found, stream: BinaryIO) -> list[Outcome]:
        # What was refused in it before may be mended, moved to another line, or gone.
        with self._database.transaction() as tx:
            tx.refusals.clear_document(found.document)
        outcomes = take_in(
            stream, found.document, newsroom=self._newsroom, rules=self._rules, now=self._now
        )
        return list(outcomes)

    def _note(self, found: Found) -> None:
        """Remember that the file was read; as it was before, so that later writes are seen."""
        with self._database.transaction() as tx:
            tx.intake_files.note(str(found.path), found.stamp, now=self._now())
        if self._read is not None:
            self._read[str(found.path)] = found.stamp
        self._waiting.pop(str(found.path), None)


def documents_below(folder: Path) -> Iterator[Path]:
    """Files that may be documents, the same order every time; hidden ones are nobody's business."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            is_finished = not name.startswith(".") and not name.endswith(UNFINISHED)
            if is_finished and path.suffix.lower() in readable_suffixes:
                yield path


def _is_being_written(path: Path) -> bool:
    """True when some program has the file open for writing, as far as the system tells.

    Linux grants a read lease only on a file that nobody has open for writing (fcntl(2),
    F_SETLEASE). Where leases are not to be had, such as on a network drive or for somebody
    else's file, settling has to be enough.
    """
    try:
        with path.open("rb") as file:
            # Should a writer come while we hold the lease, we are sent this signal; the usual
            # one, SIGIO, would end the process.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False


def _tell(document: str, outcomes: Sequence[Outcome]) -> None:
    """Log what became of a file: each document, or the sums of many."""
    for refusal in (one for one in outcomes if isinstance(one, Refusal)):
        _log.warning(
            "document refused",
            document=str(refusal.origin),
            field=refusal.field,
            reason=refusal.reason,
            remedy=refusal.remedy,
        )
    taken = [one for one in outcomes if isinstance(one, Intake)]
    if len(outcomes) > DOCUMENTS_TOLD_ONE_BY_ONE:
        counts = Counter(str(intake.verdict) for intake in taken)
        _log.info("documents taken in", document=document, **counts)
        return
    for intake in taken:
        tell = _log.debug if intake.verdict is Verdict.UNCHANGED else _log.info
        tell(
            f"release {intake.verdict}",
            document=str(intake.draft.origin),
            title=intake.release.content.title,
            feeds=",".join(intake.feeds),
        )
    for warning in (text for intake in taken for text in intake.draft.warnings):
        _log.warning("document mended", document=document, what=warning)
