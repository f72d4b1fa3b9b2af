"""``communique release add``: the documents that it reads, and its report on each."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from feeds.model.intake import Intake, IntakeVerdict, Refusal, Withdrawal
from feeds.model.release import Release
from service.application import Application
from service.cli.output import aligned, counted, json_text, moment, plain, print_message
from service.jobs.beside import FilesBeside, KeepPath
from service.jobs.folders import documents_below

# Documents named on the command line: files, folders, standard input.

#: The argument that stands for standard input.
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """A file, or standard input, that the command is to read."""

    name: str  #: the path below the folder that was named, or the file's name
    path: Path | None  #: None for standard input
    size_bytes: int  #: 0 when unknown

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Opens the document for reading, in bytes.

        Raises:
            OSError: The file cannot be read.
        """
        if self.path is None:
            yield sys.stdin.buffer
            return
        with self.path.open("rb") as stream:
            yield stream

    def files_beside(self, keep: KeepPath) -> FilesBeside | None:
        """Returns the files beside it: in the folder that was named, else in its own."""
        if self.path is None:
            return None
        return FilesBeside(self.path, self.path.parents[len(PurePath(self.name).parts) - 1], keep)


def documents_of(paths: Sequence[Path]) -> list[NamedDocument]:
    """Returns the documents in *paths*, in their order; those of a folder sorted by name.

    A folder yields the documents that a watched folder would, under the same names: files of a
    readable kind, in subfolders too, neither hidden nor unfinished. A file that is named itself is
    read whatever its name is.
    """
    return [document for path in paths for document in _documents_of(path)]


def _documents_of(path: Path) -> Iterator[NamedDocument]:
    if str(path) == STANDARD_INPUT:
        yield NamedDocument(name=STANDARD_INPUT, path=None, size_bytes=0)
    elif path.is_dir():
        for found in documents_below(path):
            yield _document(found, found.relative_to(path).as_posix())
    else:
        yield _document(path, path.name)


def _document(path: Path, name: str) -> NamedDocument:
    try:
        size_bytes = path.stat().st_size
    except OSError:  # reported when it is opened
        size_bytes = 0
    return NamedDocument(name=name, path=path, size_bytes=size_bytes)


# The report of ``communique release add``: one line for each document, and the totals.

#: Up to this many documents, each gets a line. Above, unchanged documents are only counted.
FEW_DOCUMENTS = 20

REFUSED = "refused"

RETRACTED = "retracted"

Outcome = Intake | Refusal | Withdrawal


class AddReport:
    """Prints the outcome of each document, and counts outcomes for the totals."""

    def __init__(
        self,
        application: Application,
        *,
        write: Callable[[str], None],
        is_dry_run: bool,
        as_json: bool,
    ) -> None:
        """Starts an empty report.

        Args:
            application: Gives the categories of a release.
            write: Writes one line of results.
            is_dry_run: Whether nothing is stored; the lines then say what would be announced.
            as_json: Whether to write every outcome, as a JSON object.
        """
        self._application = application
        self._write = write
        self._is_dry_run = is_dry_run
        self._as_json = as_json
        self._pending: list[Outcome] = []
        self._widths = [len(IntakeVerdict.UNCHANGED)]
        self._count = 0
        self._verdicts: Counter[str] = Counter()
        self._feeds: set[str] = set()
        self._unfiled = 0
        self._mended = 0

    @property
    def is_any_refused(self) -> bool:
        """Whether a document was refused."""
        return self._verdicts[REFUSED] > 0

    def add(self, outcome: Outcome) -> None:
        """Reports one document. Its line may be held back, to be aligned with the next ones."""
        self._count += 1
        self._verdicts[_verdict(outcome)] += 1
        if isinstance(outcome, Intake):
            self._feeds.update(outcome.feeds)
            self._unfiled += bool(outcome.unclaimed) and outcome.embargoed_until is None
            self._mended += bool(outcome.draft.warnings or outcome.draft.left_out)
        elif isinstance(outcome, Withdrawal):
            self._feeds.update(outcome.feeds)
        if self._as_json:
            self._write(json_text(self._record(outcome)))
            return
        self._pending.append(outcome)
        if len(self._pending) > FEW_DOCUMENTS:
            self._flush()

    def finish(self) -> None:
        """Writes the lines that were held back, and the totals."""
        if self._as_json:
            self._write(json_text({"summary": self._totals()}))
            return
        self._flush()
        print_message("  ".join(f"{name} {count}" for name, count in self._totals().items()))
        self._hint()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if self._is_many:
            pending = [
                outcome for outcome in pending if _verdict(outcome) != IntakeVerdict.UNCHANGED
            ]
        for line in aligned([self._row(outcome) for outcome in pending], self._widths):
            self._write(line)
        if not self._is_many:
            _print_mended(pending)

    @property
    def _is_many(self) -> bool:
        return self._count > FEW_DOCUMENTS

    def _totals(self) -> dict[str, int]:
        names: list[str] = [*IntakeVerdict, REFUSED]
        if self._verdicts[RETRACTED]:
            names.insert(-1, RETRACTED)
        return {name: self._verdicts[name] for name in names}

    def _hint(self) -> None:
        """Prints what needs attention, and the next command to run."""
        if self._mended and self._is_many:
            print_message(
                f"{counted(self._mended, 'document')} mended while being read: "
                "--json shows what was mended"
            )
        if self._unfiled:
            print_message(
                f"{counted(self._unfiled, 'release')} with names that match no category: "
                "communique release list --unfiled"
            )
        if self._is_dry_run:
            print_message("dry run: nothing was stored")
        elif self._feeds:
            print_message(
                f"{counted(len(self._feeds), 'feed')} changed: a running service publishes them "
                "by itself; without one, run: communique feed render"
            )

    def _row(self, outcome: Outcome) -> Sequence[str]:
        if isinstance(outcome, Refusal):
            return REFUSED, str(outcome.origin), f"{outcome.reason}; {outcome.remedy}"
        if isinstance(outcome, Withdrawal):
            return _verdict(outcome), str(outcome.request.origin), outcome.release.slug
        notes = []
        if outcome.embargoed_until is not None:
            notes.append(f"embargoed until {moment(outcome.embargoed_until)}")
        if outcome.feeds:
            word = "to announce" if self._is_dry_run else "announced"
            notes.append(f"{word}: {counted(len(outcome.feeds), 'feed')}")
        if outcome.unclaimed:
            notes.append(f"unclaimed: {', '.join(map(repr, outcome.unclaimed))}")
        filed = ", ".join(self._categories(outcome.release))
        return outcome.verdict, str(outcome.draft.origin), filed, "  ".join(notes)

    def _record(self, outcome: Outcome) -> dict[str, Any]:
        if isinstance(outcome, Refusal):
            return {
                "verdict": REFUSED,
                "document": outcome.origin.document,
                "line": outcome.origin.line,
                "field": outcome.field,
                "reason": outcome.reason,
                "remedy": outcome.remedy,
            }
        release = outcome.release
        if isinstance(outcome, Withdrawal):
            return {
                "verdict": _verdict(outcome),
                "document": outcome.request.origin.document,
                "line": outcome.request.origin.line,
                "id": release.id,
                "slug": release.slug,
                "feeds": list(outcome.feeds),
            }
        return {
            "verdict": outcome.verdict,
            "document": outcome.draft.origin.document,
            "line": outcome.draft.origin.line,
            "id": release.id,
            "slug": release.slug,
            "revision": release.revision,
            "title": release.content.title,
            "categories": list(self._categories(release)),
            "feeds": list(outcome.feeds),
            "unclaimed": list(outcome.unclaimed),
            "embargoed_until": outcome.embargoed_until,
            "warnings": list(outcome.draft.warnings),
            "left_out": list(outcome.draft.left_out),
        }

    def _categories(self, release: Release) -> tuple[str, ...]:
        return self._application.catalogue.match_all(release.content.category_names).categories


def _verdict(outcome: Outcome) -> str:
    if isinstance(outcome, Withdrawal):
        return RETRACTED if outcome.is_new else IntakeVerdict.UNCHANGED
    return REFUSED if isinstance(outcome, Refusal) else outcome.verdict


def _print_mended(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Intake):
            for warning in outcome.draft.warnings:
                print_message(f"mended: {plain(outcome.draft.origin)}: {plain(warning)}")
            for what in outcome.draft.left_out:
                print_message(f"left out: {plain(outcome.draft.origin)}: {plain(what)}")
