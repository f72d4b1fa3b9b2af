"""Watched folders: new documents in them become releases."""

import errno
import fcntl
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from os.path import isfile, normpath
from pathlib import Path
from stat import S_ISREG

from feeds.errors import StoreConflict, StoreUnavailable
from feeds.ingest import IntakeRules, KeepPicture, document_name, kind_refused, readable_suffixes
from feeds.model.intake import Intake, IntakeVerdict, Refusal, Withdrawal
from feeds.model.release import Origin
from feeds.newsroom import Newsroom
from feeds.store.database import Database
from feeds.store.intake import FileStamp
from service.jobs.beside import FilesBeside, KeepPath, NotYetWhole
from service.jobs.measuring import ProbeEnclosures, without_probing
from service.jobs.reading import Outcome, take_in
from service.logs import get_logger

# Log of a file's documents: one line each for a few, counts for many.

_log = get_logger(__name__)

#: Up to this many documents of a file get a log line each; more are logged as counts in one line.
MAX_DOCUMENTS_LOGGED_SINGLY = 5


class FolderReport:
    """Counts the outcomes of one file, and holds only those that are logged one by one."""

    def __init__(self, document: str) -> None:
        self.document = document
        self.has_news = False  #: a feed changed
        self._counts: Counter[str] = Counter()
        self._embargoed = 0
        self._told_of_embargoed: Counter[str] = Counter()
        self._first: list[Intake] = []

    def add(self, outcome: Outcome) -> None:
        """Counts an outcome. A refusal is logged at once."""
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
        if isinstance(outcome, Withdrawal):
            self._add_withdrawal(outcome)
            return
        if outcome.embargoed_until is not None:
            if outcome.verdict is IntakeVerdict.EMBARGOED:
                self._embargoed += 1
                self._told_of_embargoed["left_out"] += len(outcome.draft.left_out)
                self._told_of_embargoed["repaired"] += len(outcome.draft.warnings)
            return
        self._counts[str(outcome.verdict)] += 1
        self.has_news = self.has_news or bool(outcome.feeds)
        if len(self._first) <= MAX_DOCUMENTS_LOGGED_SINGLY:
            self._first.append(outcome)

    def _add_withdrawal(self, outcome: Withdrawal) -> None:
        self.has_news = self.has_news or outcome.is_new
        log = _log.info if outcome.is_new else _log.debug
        log(
            "release retracted",
            document=str(outcome.request.origin),
            slug=outcome.release.slug,
            feeds=",".join(outcome.feeds),
        )

    @property
    def is_any_refused(self) -> bool:
        """Whether a document of the file was refused."""
        return self._counts["refused"] > 0

    def log(self) -> None:
        """Logs the accepted documents."""
        if self._embargoed:
            # Without the file's name, which may be a headline.
            _log.info("documents under embargo", count=self._embargoed)
        if told := {name: count for name, count in self._told_of_embargoed.items() if count}:
            # Without the sentences, which quote the document.
            _log.warning(
                "documents under embargo not read as they are",
                **told,
                remedy="what is told of each stands at /desk/waiting, and in the output of: "
                "communique release show",
            )
        if self._counts.total() > MAX_DOCUMENTS_LOGGED_SINGLY:
            _log.info("documents taken in", document=self.document, **self._counts)
            return
        for intake in self._first:
            _log_intake(intake)


def _log_intake(intake: Intake) -> None:
    log = _log.debug if intake.verdict is IntakeVerdict.UNCHANGED else _log.info
    document = str(intake.draft.origin)
    log(
        f"release {intake.verdict}",
        document=document,
        slug=intake.release.slug,
        title=intake.release.content.title,
        feeds=",".join(intake.feeds),
    )
    for warning in intake.draft.warnings:
        _log.warning("document repaired", document=document, what=warning)
    for what in intake.draft.left_out:
        _log.warning("left out of the release", document=document, what=what)


# The watched folders.

#: Ends of names, in lower case, of what programs write and rename or delete when they are done:
#: browsers, copying and synchronising programs, editors.
UNFINISHED = (
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".download",
    ".opdownload",
    ".aria2",
    ".!ut",
    ".swp",
    ".swx",
    ".bak",
    ".lock",
    "~",
)

#: Beginnings of such names: locks of Microsoft Office, automatic copies of Emacs.
LOCKS = ("~$", "~wrl", "~wrd", "#")

#: Files that systems leave in folders, in lower case.
OF_SYSTEMS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})

#: Folders that storage systems keep their own files in.
FOLDERS_OF_SYSTEMS = frozenset({"@eadir", "#recycle", "$recycle.bin", "system volume information"})

#: The end of the name of a note that says why a document was refused; see `RefusalNotes`.
NOTE_SUFFIX = ".refused.txt"

#: At most this many refusals of one document are in its note.
MAX_REFUSALS_NOTED = 50


class RefusalNotes:
    """Notes beside refused documents, in their folders: who put a document there looks there.

    A note is named after its document, and is as readable as that. It is removed when the document
    is accepted, or gone.
    """

    def __init__(self) -> None:
        self._reported: set[str] = set()

    def write(self, path: Path, refusals: Sequence[Refusal], *, more: int = 0) -> None:
        """Writes the note of a document, or removes it if nothing was refused.

        Args:
            path: The document.
            refusals: What was refused in it.
            more: How many refusals are left out.
        """
        if not refusals:
            self.remove(path)
            return
        note, text = _note_of(path), _note_text(path.name, refusals, more)
        written = note.with_name(f".{note.name}.part")
        try:
            if note.is_file() and note.read_text(encoding="utf-8") == text:
                return
            written.write_text(text, encoding="utf-8")
            written.chmod(path.stat().st_mode & 0o666)
            written.replace(note)
        except (OSError, ValueError) as error:
            with suppress(OSError):
                written.unlink(missing_ok=True)
            self._report(path.parent, error)

    def remove(self, path: Path) -> None:
        """Removes the note of a document, if there is one."""
        try:
            _note_of(path).unlink(missing_ok=True)
        except OSError as error:
            self._report(path.parent, error)

    def _report(self, folder: Path, error: Exception) -> None:
        """Logs, only once for each folder, that notes cannot be written there."""
        if str(folder) not in self._reported:
            self._reported.add(str(folder))
            reason = getattr(error, "strerror", None) or str(error)
            see = "communique release refusals"
            _log.warning(
                "no notes beside refused documents", folder=str(folder), reason=reason, see=see
            )


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + NOTE_SUFFIX)


def _note_text(name: str, refusals: Sequence[Refusal], more: int) -> str:
    lines = [f"{name} was refused: this is not published.", ""]
    for refusal in refusals:
        if refusal.origin.line is not None:
            lines.append(f"Line:   {refusal.origin.line}")
        if refusal.field:
            lines.append(f"Field:  {refusal.field}")
        lines += [f"Reason: {refusal.reason}", f"Remedy: {refusal.remedy}"]
        if refusal.until is not None:
            lines.append(f"Read again by itself: {refusal.until:%Y-%m-%d %H:%M:%S} UTC")
        lines.append("")
    if more:
        lines += [f"And {more} more: communique release refusals lists all.", ""]
    lines.append("Save the document again when it is corrected. This note goes away by itself.")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file in a watched folder, as it is now."""

    path: Path
    folder: Path  #: the watched folder
    key: str  #: the path as the store can hold it
    document: str  #: path relative to its watched folder: the document's name
    stamp: FileStamp
    modified_at_s: float

    @property
    def is_document(self) -> bool:
        """Whether it is of a kind that is read; another one may be named by a document."""
        return self.path.suffix.lower() in readable_suffixes


#: So many times as long as a document a file of another kind is left alone: the document that names
#: it may be copied after it.
PATIENCE_TIMES = 10


class _Interrupted(Exception):
    """The process ends before the whole file was read."""


class Folders:
    """The watched folders, and which files were read. One object for the life of a process."""

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
        measure: ProbeEnclosures = without_probing,
        host: str = "",
        keep_picture: KeepPicture | None = None,
        keep_file: KeepPath | None = None,
    ) -> None:
        """Sets up the folders; reads nothing yet.

        Args:
            database: Stores which files were read.
            newsroom: Stores the releases.
            rules: How documents are read.
            folders: Watched with all folders below them.
            settle_s: A file is read when it has not changed for this many seconds.
            now: The clock.
            is_over: Called between documents. When true, reading stops in the middle of a file; the
                next process reads it again and finds its first documents unchanged.
            measure: Completes drafts whose documents lack length or type of a file.
            host: The name of this machine; other machines may watch folders of their own.
            keep_picture: Stores the pictures inside documents.
            keep_file: Stores files beside documents, which these name.
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
        self._keep_picture = keep_picture
        self._keep_file = keep_file
        read_by = f"{asdict(rules)!r} {readable_suffixes}"  # what was not read once may be later
        self._rules_digest = sha256(read_by.encode()).hexdigest()[:16]
        self._notes = RefusalNotes()
        self._read: dict[str, FileStamp] | None = None
        self._restores = 0  #: an older copy of the store, once accepted, has read fewer files
        #: Files that were read on other machines: the same ones, where a disk is shared.
        self._read_elsewhere: dict[str, tuple[FileStamp, ...]] = {}
        #: Files that are not read yet, as the last scan saw them.
        self._waiting: dict[str, FileStamp] = {}
        self._unlisted: set[str] = set()
        #: Where files should be that refused documents name, by path of the document.
        self._missing: dict[str, set[Path]] = {}
        #: What is refused only for now, and until when, by path.
        self._refused_until: dict[str, dict[Origin, datetime]] = {}

    def scan(self) -> bool:
        """Reads new files, the oldest first; returns whether a feed changed.

        A file is not read while a program has it open for writing, nor until it has been unchanged
        for ``settle_s``. Files stay where they are: the store records which were read, by machine,
        path, size and time stamp, so that a restart does not read them again.

        Raises:
            StoreUnavailable: Try again; nothing is lost.
        """
        known = self._database.known_state
        restores = 0 if known is None else known.restores
        if restores != self._restores:
            self._read, self._restores = None, restores
        read = self._read if self._read is not None else self._load()
        present = list(self._find())
        self._forget_gone(read, {found.key for found in present})
        ready = [found for found in present if self._is_ready(found, read)]
        # A correction beside the document that it corrects is the younger file, whatever its name.
        # Documents come before files that one of them may name.
        ready.sort(key=lambda one: (not one.is_document, one.modified_at_s, one.document))
        has_news = False
        for found in ready:
            if not self._is_over() and self._is_unread(found, read):
                has_news = self._take_in(found, read) or has_news
        return has_news

    def _load(self) -> dict[str, FileStamp]:
        """Loads which files were read before this process began.

        Files with refusals are read again if the rules changed: other rules may accept them. All
        other files are not: an old file would undo the corrections that came after it.
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
        """Returns the name of a document by its path: the path relative to its watched folder."""
        below = (folder for folder in self._folders if Path(path).is_relative_to(folder))
        return next((document_name(str(Path(path).relative_to(f))) for f in below), path)

    def _forget_gone(self, read: dict[str, FileStamp], present: set[str]) -> None:
        """Removes stamps and refusals of files that no longer exist. Their releases stay."""
        gone = [path for path in read if path not in present]
        if not gone:
            return
        with self._database.transaction() as tx:
            tx.intake_files.forget(gone, host=self._host)
            for path in gone:
                tx.refusals.clear_document(self._name_below(path))
        for path in gone:
            del read[path]
            self._refused_until.pop(path, None)
            self._missing.pop(path, None)
            self._notes.remove(Path(path))

    def _find(self) -> Iterator[FoundFile]:
        for folder in self._folders:
            for path in files_below(folder, on_error=self._log_unlisted):
                found = self._stat(folder, path)
                if found is not None:
                    yield found

    def _log_unlisted(self, error: OSError) -> None:
        """Logs, only once, that a folder cannot be listed."""
        if str(error.filename) not in self._unlisted:
            self._unlisted.add(str(error.filename))
            _log.error("folder unreadable", folder=str(error.filename), reason=error.strerror)

    def _stat(self, folder: Path, path: Path) -> FoundFile | None:
        try:
            stat = path.stat()
        except OSError:  # gone since the listing
            return None
        # Opening a pipe, a device or a socket could block.
        if not S_ISREG(stat.st_mode):
            return None
        # The status change time counts too: it changes when a file becomes readable.
        modified_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
        stamp = FileStamp(
            size_bytes=stat.st_size, modified_ns=modified_ns, rules=self._rules_digest
        )
        return FoundFile(
            path=path,
            folder=folder,
            key=document_name(str(path)),
            document=document_name(path.relative_to(folder).as_posix()),
            stamp=stamp,
            modified_at_s=stat.st_mtime,
        )

    def _is_ready(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        if self._is_read(found, read):
            return self._is_unread(found, read)
        was_seen = self._waiting.get(found.key) == found.stamp
        self._waiting[found.key] = found.stamp
        age_s = self._now().timestamp() - found.modified_at_s
        # A time stamp in the future, or one preserved by a copy, proves nothing; an unchanged stamp
        # at the second scan does.
        settle_s = self._settle_s if found.is_document else PATIENCE_TIMES * self._settle_s
        is_settled = age_s >= settle_s or age_s < 0
        return was_seen and is_settled and not _is_being_written(found.path)

    def _is_read(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        if read.get(found.key) == found.stamp:
            return True
        return found.key not in read and found.stamp in self._read_elsewhere.get(found.key, ())

    def _is_unread(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        """Whether a file is to be read: it is new, or what it was refused for may be over."""
        if not self._is_read(found, read):
            return True
        return bool(self._due(found)) or self._has_found_missing(found)

    def _has_found_missing(self, found: FoundFile) -> bool:
        return any(map(isfile, self._missing.get(found.key, ())))

    def _due(self, found: FoundFile) -> set[Origin]:
        """Returns documents that were refused for a time only, which is over."""
        untils = self._refused_until.get(found.key, {})
        return {origin for origin, until in untils.items() if until <= self._now()}

    def _take_in(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        """Reads one file; returns whether a feed changed. Its errors do not affect other files."""
        report = FolderReport(found.document)
        # Of an unchanged file only the due documents are read: the others would undo corrections
        # that came since.
        is_unchanged = self._is_read(found, read) and not self._has_found_missing(found)
        due = self._due(found) if is_unchanged else None
        try:
            if found.is_document:
                self._read_into(report, found, due, read)
            elif not self._is_named(found, read):
                self._refuse_kind(report, found)
            self._note(report, found, is_whole=due is None)
            with self._database.transaction() as tx:
                tx.intake_files.record(found.key, found.stamp, host=self._host, now=self._now())
        except (StoreUnavailable, StoreConflict):
            raise
        except (_Interrupted, NotYetWhole):
            return report.has_news
        except Exception:
            # A bug: logged once, and tried again when the file changes or the process restarts.
            _log.exception("document not read", document=found.document)
            self._refused_until.pop(found.key, None)
        # The stamp from before the file was read, so that later writes are noticed.
        read[found.key] = found.stamp
        self._waiting.pop(found.key, None)
        report.log()
        return report.has_news

    def _is_named(self, found: FoundFile, read: dict[str, FileStamp]) -> bool:
        """Whether a file that is no document was stored for one before, and has changed since."""
        if found.key not in read:
            return False
        with self._database.read() as tx:
            return tx.refusals.of_document(found.document, limit=1)[1] == 0

    def _take_beside(self, path: Path, folder: Path, read: dict[str, FileStamp]) -> None:
        """Records that a file was stored for a document that names it: nobody is told of it."""
        found = self._stat(folder, folder / path.relative_to(normpath(folder)))
        if found is None:
            return
        with self._database.transaction() as tx:
            tx.intake_files.record(found.key, found.stamp, host=self._host, now=self._now())
            tx.refusals.clear_document(found.document)
        self._notes.remove(found.path)
        read[found.key] = found.stamp
        self._waiting.pop(found.key, None)

    def _is_whole(self, path: Path) -> bool:
        age_s = self._now().timestamp() - path.stat().st_mtime
        return (age_s >= self._settle_s or age_s < 0) and not _is_being_written(path)

    def _refuse_kind(self, report: FolderReport, found: FoundFile) -> None:
        """Refuses a file of a kind that is not read."""
        fault = kind_refused(found.path.suffix.lower())
        refusal = Refusal(
            origin=Origin(document=found.document), reason=fault.reason, remedy=fault.remedy
        )
        self._newsroom.refuse([refusal], now=self._now())
        report.add(refusal)

    def _note(self, report: FolderReport, found: FoundFile, *, is_whole: bool) -> None:
        """Writes or removes the note beside a document that was read."""
        if is_whole and not report.is_any_refused:
            self._notes.remove(found.path)
            return
        with self._database.read() as tx:
            kept, count = tx.refusals.of_document(found.document, limit=MAX_REFUSALS_NOTED)
        self._notes.write(found.path, kept, more=count - len(kept))

    def _read_into(
        self,
        report: FolderReport,
        found: FoundFile,
        due: set[Origin] | None,
        read: dict[str, FileStamp],
    ) -> None:
        """Reads all documents of a file, or only those in *due*; and files that they name."""
        if due is None:
            # Documents refused before may be corrected, moved to another line, or gone.
            with self._database.transaction() as tx:
                tx.refusals.clear_document(found.document)
        before = self._refused_until.get(found.key, {})
        waiting = {origin: before[origin] for origin in before if due and origin not in due}
        beside = None
        if self._keep_file is not None:
            beside = FilesBeside(found.path, found.folder, self._keep_file, is_whole=self._is_whole)
        try:
            with found.path.open("rb") as stream:
                for outcome in take_in(
                    stream,
                    found.document,
                    newsroom=self._newsroom,
                    rules=self._rules,
                    now=self._now,
                    measure=self._measure,
                    keep_picture=self._keep_picture,
                    keep_file=beside,
                    is_wanted=lambda origin: due is None or origin in due,
                ):
                    report.add(outcome)
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
            report.add(refusal)
        self._refused_until[found.key] = waiting
        if beside is not None:
            self._missing[found.key] = beside.missing if report.is_any_refused else set()
            for path in sorted(beside.taken):
                self._take_beside(path, found.folder, read)


def documents_below(
    folder: Path, *, on_error: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Yields files of the kinds that are read, always in the same order; see `files_below`."""
    for path in files_below(folder, on_error=on_error):
        if path.suffix.lower() in readable_suffixes:
            yield path


def files_below(
    folder: Path, *, on_error: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Yields files that somebody put there, always in the same order.

    Hidden files, unfinished ones, locks, those of systems, and our own notes are left out.

    Args:
        folder: Searched with all folders below it.
        on_error: Called for each folder that cannot be listed.
    """
    for parent, folders, files in os.walk(folder, onerror=on_error):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name.lower() not in FOLDERS_OF_SYSTEMS
        )
        for name in sorted(files):
            if _is_somebodys(name.lower()):
                yield Path(parent, name)


def _is_somebodys(name: str) -> bool:
    """Whether a name, in lower case, is one that a person gives."""
    return not (
        name.startswith((".", *LOCKS))
        or name.endswith((*UNFINISHED, NOTE_SUFFIX))
        or name in OF_SYSTEMS
    )


def _is_being_written(path: Path) -> bool:
    """Whether a program has the file open for writing, as far as the system can say.

    Linux grants a read lease only on a file that no process has open for writing (fcntl(2),
    F_SETLEASE). Where leases are not available, such as on another system, on a network drive or
    for another user's file, the settle time has to be enough.
    """
    if sys.platform == "linux":
        try:
            with path.open("rb") as file:
                # If a writer opens the file during the lease, this signal is sent. The default
                # signal, SIGIO, would end the process.
                fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
    return False
