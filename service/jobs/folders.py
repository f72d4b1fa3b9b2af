"""Watched folders: documents that are dropped there become releases."""

import errno
import fcntl
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.ingest import IntakeRules, document_name, readable_suffixes
from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.release import Origin
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from feeds.store.intake import FileStamp
from service.jobs.measuring import ProbeEnclosures, leave_out
from service.jobs.reading import Outcome, take_in
from service.logs import get_logger

# What became of a file's documents, for the log: each one of a few, the sums of many.

_log = get_logger(__name__)

#: A file with more documents is told in one line; up to so many, each has its own.
DOCUMENTS_TOLD_ONE_BY_ONE = 5


class FolderReport:
    """Counts outcomes as they come, and holds no more of them than will be told one by one."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.has_news = False  #: a feed changed
        self._counts: Counter[str] = Counter()
        self._waiting = 0
        self._first: list[Intake] = []

    def add(self, outcome: Outcome) -> None:
        """Count an outcome. A refusal is told at once."""
        if isinstance(outcome, Refusal):
            self._counts["refused"] += 1
            until = outcome.until
            _log.warning(
                "document refused",
                document=str(outcome.origin),
                field=outcome.field,
                reason=outcome.reason,
                remedy=outcome.remedy,
                **({"read_again": f"{until:%Y-%m-%dT%H:%M:%SZ}"} if until is not None else {}),
            )
            return
        if outcome.embargoed_until is not None:
            self._waiting += outcome.verdict is IntakeVerdict.EMBARGOED
            return
        self._counts[str(outcome.verdict)] += 1
        self.has_news = self.has_news or bool(outcome.feeds)
        if len(self._first) <= DOCUMENTS_TOLD_ONE_BY_ONE:
            self._first.append(outcome)

    def log(self) -> None:
        """Log what was accepted."""
        if self._waiting:
            # Not even the name of the file: it may be a headline.
            _log.info("documents under embargo", count=self._waiting)
        if self._counts.total() > DOCUMENTS_TOLD_ONE_BY_ONE:
            _log.info("documents taken in", document=self.document, **self._counts)
            return
        for intake in self._first:
            _tell_one(intake)


def _tell_one(intake: Intake) -> None:
    tell = _log.debug if intake.verdict is IntakeVerdict.UNCHANGED else _log.info
    document = str(intake.draft.origin)
    tell(
        f"release {intake.verdict}",
        document=document,
        title=intake.release.content.title,
        feeds=",".join(intake.feeds),
    )
    for warning in intake.draft.warnings:
        _log.warning("document mended", document=document, what=warning)


# Watched folders: documents that are dropped there become releases.

#: Suffixes of files that programs write beside the real one and rename when they are done.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", "~")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file in a watched folder, as it is now."""

    path: Path
    key: str  #: the path as the store can hold it
    document: str  #: relative to its watched folder: the name it is known by
    stamp: FileStamp
    modified_at_s: float


class _Interrupted(Exception):
    """The process is to end before the file does."""


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
        is_over: Callable[[], bool] = lambda: False,
        measure: ProbeEnclosures = leave_out,
        host: str = "",
    ) -> None:
        """Watch nothing yet.

        Args:
            database: Remembers what was read.
            newsroom: Takes documents in.
            rules: By which they are read.
            folders: With all folders below them.
            settle_s: A file is read when it has not changed for so long.
            now: The clock.
            is_over: Asked between documents: a long file is left where it is, and is read again
                by the next process, which finds its first documents unchanged.
            measure: Tells length and type of files whose documents do not.
            host: The name of this machine, where others may have folders of their own.
        """
        self._database = database
        self._newsroom = newsroom
        self._rules = rules
        self._folders = tuple(folders)
        self._settle_s = settle_s
        self._now = now
        self._is_over = is_over
        self._measure = measure
        self._host = host
        self._rules_digest = sha256(repr(asdict(rules)).encode()).hexdigest()[:16]
        self._read: dict[str, FileStamp] | None = None
        #: Files that were read on other machines: the same ones, where a disk is shared.
        self._read_elsewhere: dict[str, tuple[FileStamp, ...]] = {}
        #: Files that are not read yet, as the last scan saw them.
        self._waiting: dict[str, FileStamp] = {}
        self._unlisted: set[str] = set()
        #: What is refused only for now, and until when, by path.
        self._refused_until: dict[str, dict[Origin, datetime]] = {}

    def scan(self) -> bool:
        """Read what is new, the oldest first. True when a feed changed.

        A file is left alone while some program has it open for writing, and until it has been
        the same for ``settle_s``. Files stay where they are: what was read is remembered by
        machine, path, size and time stamp, in the store, so that a restart does not read them
        again.

        Raises:
            StoreUnavailable: Try again; nothing is lost.
        """
        read = self._read if self._read is not None else self._remember()
        here = list(self._find())
        self._forget_gone(read, {found.key for found in here})
        ready = [found for found in here if self._is_ready(found, read)]
        # A correction that lies beside what it corrects is the younger one, whatever its name.
        ready.sort(key=lambda found: (found.modified_at_s, found.document))
        changed = [self._take_in(found, read) for found in ready if not self._is_over()]
        return any(changed)

    def _remember(self) -> dict[str, FileStamp]:
        """What was read before this process began.

        Other rules may accept what was refused, so such files are read again. All others are
        not: an old file would undo the corrections that came after it.
        """
        with self._database.read() as tx:
            stamps = tx.intake_files.stamps(self._host)
            elsewhere = tx.intake_files.stamps_elsewhere(self._host)
            refused, waiting = tx.refusals.documents(), tx.refusals.waiting()
        for path in [*stamps, *elsewhere] if waiting else ():
            document = self._name_below(path)
            self._refused_until[path] = {
                each.origin: each.until
                for each in waiting
                if each.until is not None and each.origin.document == document
            }

        def known(path: str, stamp: FileStamp) -> FileStamp:
            is_refused = self._name_below(path) in refused
            return stamp if is_refused else replace(stamp, rules=self._rules_digest)

        self._read = {path: known(path, stamp) for path, stamp in stamps.items()}
        self._read_elsewhere = {
            path: tuple(known(path, stamp) for stamp in found) for path, found in elsewhere.items()
        }
        return self._read

    def _name_below(self, path: str) -> str:
        """The name of a document by its path, as it was in its watched folder."""
        below = (folder for folder in self._folders if Path(path).is_relative_to(folder))
        return next((document_name(str(Path(path).relative_to(f))) for f in below), path)

    def _forget_gone(self, read: dict[str, FileStamp], here: set[str]) -> None:
        """A file that is gone has nothing left to refuse. Its releases stay."""
        gone = [path for path in read if path not in here]
        if not gone:
            return
        with self._database.transaction() as tx:
            tx.intake_files.forget(gone, host=self._host)
            for path in gone:
                tx.refusals.clear_document(self._name_below(path))
        for path in gone:
            del read[path]
            self._refused_until.pop(path, None)

    def _find(self) -> Iterator[FoundFile]:
        for folder in self._folders:
            for path in documents_below(folder, on_error=self._tell_unlisted):
                found = self._look(folder, path)
                if found is not None:
                    yield found

    def _tell_unlisted(self, error: OSError) -> None:
        """A folder that cannot be listed is told once."""
        if str(error.filename) not in self._unlisted:
            self._unlisted.add(str(error.filename))
            _log.error("folder unreadable", folder=str(error.filename), reason=error.strerror)

    def _look(self, folder: Path, path: Path) -> FoundFile | None:
        try:
            stat = path.stat()
        except OSError:  # gone between the listing and the look
            return None
        # A pipe, a device or a socket would keep whoever opens it waiting.
        if not S_ISREG(stat.st_mode):
            return None
        # The time of the last change counts too: it moves when a file becomes readable.
        modified_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
        stamp = FileStamp(
            size_bytes=stat.st_size, modified_ns=modified_ns, rules=self._rules_digest
        )
        return FoundFile(
            path=path,
            key=document_name(str(path)),
            document=document_name(path.relative_to(folder).as_posix()),
            stamp=stamp,
            modified_at_s=stat.st_mtime,
        )

    def _is_ready(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        if self._is_read(found, read):
            return bool(self._due(found))
        was_seen = self._waiting.get(found.key) == found.stamp
        self._waiting[found.key] = found.stamp
        age_s = self._now().timestamp() - found.modified_at_s
        # A time stamp in the future, or one kept by a copy, says nothing: the second look does.
        is_settled = age_s >= self._settle_s or age_s < 0
        return was_seen and is_settled and not _is_being_written(found.path)

    def _is_read(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        if read.get(found.key) == found.stamp:
            return True
        return found.key not in read and found.stamp in self._read_elsewhere.get(found.key, ())

    def _due(self, found: FoundFile) -> set[Origin]:
        """What was refused in it only for now, and may be accepted by now."""
        untils = self._refused_until.get(found.key, {})
        return {origin for origin, until in untils.items() if until <= self._now()}

    def _take_in(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        """Read one file. Whatever is wrong with it, the others are not concerned."""
        tally = FolderReport(found.document)
        # The rest of a file that is as it was is not read again: it would undo corrections that
        # came since.
        is_as_it_was = self._is_read(found, read)
        due = self._due(found) if is_as_it_was else None
        try:
            self._read_into(tally, found, due)
            with self._database.transaction() as tx:
                tx.intake_files.record(found.key, found.stamp, host=self._host, now=self._now())
        except (StoreUnavailable, StoreConflict):
            raise
        except _Interrupted:
            return tally.has_news
        except Exception:
            # A bug of ours: told once, and tried again when the file changes or at a new start.
            _log.exception("document not read", document=found.document)
            self._refused_until.pop(found.key, None)
        # As it was before it was read, so that later writes are seen.
        read[found.key] = found.stamp
        self._waiting.pop(found.key, None)
        tally.log()
        return tally.has_news

    def _read_into(self, tally: FolderReport, found: FoundFile, due: set[Origin] | None) -> None:
        """Read all of it, or only what is *due*."""
        if due is None:
            # What was refused in it before may be mended, moved to another line, or gone.
            with self._database.transaction() as tx:
                tx.refusals.clear_document(found.document)
        before = self._refused_until.get(found.key, {})
        waiting = {origin: before[origin] for origin in before if due and origin not in due}
        try:
            with found.path.open("rb") as stream:
                for outcome in take_in(
                    stream,
                    found.document,
                    newsroom=self._newsroom,
                    rules=self._rules,
                    now=self._now,
                    measure=self._measure,
                    is_wanted=lambda origin: due is None or origin in due,
                ):
                    tally.add(outcome)
                    if isinstance(outcome, Refusal) and outcome.until is not None:
                        waiting[outcome.origin] = outcome.until
                    if self._is_over():
                        raise _Interrupted
        except OSError as error:
            refusal = Refusal(
                origin=Origin(document=found.document),
                reason=f"the file cannot be read: {error.strerror}",
                remedy="let the user that the service runs as read it",
            )
            self._newsroom.refuse([refusal], now=self._now())
            tally.add(refusal)
        self._refused_until[found.key] = waiting


def documents_below(
    folder: Path, *, on_error: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Files that may be documents, the same order every time; hidden ones are nobody's business.

    Args:
        folder: With all folders below it.
        on_error: Told of each folder that cannot be listed.
    """
    for parent, folders, files in os.walk(folder, onerror=on_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            is_finished = not name.startswith(".") and not name.endswith(UNFINISHED)
            if is_finished and path.suffix.lower() in readable_suffixes:
                yield path


def _is_being_written(path: Path) -> bool:
    """True when some program has the file open for writing, as far as the system tells.

    Linux grants a read lease only on a file that nobody has open for writing (fcntl(2),
    F_SETLEASE). Where leases are not to be had, such as on another system, on a network drive or
    for somebody else's file, settling has to be enough.
    """
    if sys.platform == "linux":
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
