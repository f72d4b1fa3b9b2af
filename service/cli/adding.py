"""``communique release add``: the documents named, and what became of each."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from feeds.model.intake import Intake, IntakeVerdict, Refusal
from feeds.model.release import Release
from service.application import Application
from service.cli.output import aligned, counted, json_text, moment, plain, print_message
from service.jobs.folders import documents_below

# The documents that a command line names: files, folders, standard input.

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDocument:
    """A file to be read, or standard input."""

    name: str  #: what it is known by: relative to the folder that was named, or the file's name
    path: Path | None  #: None for standard input
    size_bytes: int  #: 0 when it is not known

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Its bytes.

        Raises:
            OSError: It cannot be read.
        """
        if self.path is None:
            yield sys.stdin.buffer
            return
        with self.path.open("rb") as stream:
            yield stream


def documents_of(paths: Sequence[Path]) -> list[NamedDocument]:
    """The documents in *paths*, in their order; a folder's in the order of their names.

    A folder gives what a watched folder would: files of a readable kind, in subfolders too,
    neither hidden nor unfinished, known by the same names. A file that is named itself is read
    whatever it is called.
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
    except OSError:  # told when it is opened
        size_bytes = 0
    return NamedDocument(name=name, path=path, size_bytes=size_bytes)


# What ``communique release add`` tells of each document, and in sum.

#: Up to so many documents, each has its line. Of more, those that are unchanged go without.
FEW_DOCUMENTS = 20

REFUSED = "refused"

Outcome = Intake | Refusal


class AddReport:
    """Tells outcome after outcome, and counts."""

    def __init__(
        self,
        application: Application,
        *,
        tell: Callable[[str], None],
        is_dry_run: bool,
        as_json: bool,
    ) -> None:
        """Begin with nothing told.

        Args:
            application: Names categories and addresses.
            tell: Writes one result.
            is_dry_run: Nothing is stored: say what would be announced.
            as_json: Tell every outcome, as an object.
        """
        self._application = application
        self._tell = tell
        self._is_dry_run = is_dry_run
        self._as_json = as_json
        self._held: list[Outcome] = []
        self._widths = [len(IntakeVerdict.UNCHANGED)]
        self._count = 0
        self._verdicts: Counter[str] = Counter()
        self._feeds: set[str] = set()
        self._unfiled = 0
        self._mended = 0

    @property
    def is_any_refused(self) -> bool:
        """True when a document was refused."""
        return self._verdicts[REFUSED] > 0

    def add(self, outcome: Outcome) -> None:
        """Tell of one document, now or with the next ones."""
        self._count += 1
        self._verdicts[_verdict(outcome)] += 1
        if isinstance(outcome, Intake):
            self._feeds.update(outcome.feeds)
            self._unfiled += bool(outcome.unclaimed) and outcome.embargoed_until is None
            self._mended += bool(outcome.draft.warnings)
        if self._as_json:
            self._tell(json_text(self._record(outcome)))
            return
        self._held.append(outcome)
        if len(self._held) > FEW_DOCUMENTS:
            self._flush()

    def finish(self) -> None:
        """Tell what is left, and the sums."""
        if self._as_json:
            self._tell(json_text({"summary": self._sums()}))
            return
        self._flush()
        print_message("  ".join(f"{name} {count}" for name, count in self._sums().items()))
        self._hint()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if self._is_many:
            held = [outcome for outcome in held if _verdict(outcome) != IntakeVerdict.UNCHANGED]
        for line in aligned([self._row(outcome) for outcome in held], self._widths):
            self._tell(line)
        if not self._is_many:
            _tell_mended(held)

    @property
    def _is_many(self) -> bool:
        return self._count > FEW_DOCUMENTS

    def _sums(self) -> dict[str, int]:
        return {name: self._verdicts[name] for name in (*IntakeVerdict, REFUSED)}

    def _hint(self) -> None:
        """Say what else there is to know, and to do next."""
        if self._mended and self._is_many:
            print_message(
                f"{counted(self._mended, 'document')} mended on the way in: --json tells what"
            )
        if self._unfiled:
            print_message(
                f"{counted(self._unfiled, 'release')} with names that no category claims: "
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
        }

    def _categories(self, release: Release) -> tuple[str, ...]:
        return self._application.catalogue.match_all(release.content.category_names).categories


def _verdict(outcome: Outcome) -> str:
    return REFUSED if isinstance(outcome, Refusal) else outcome.verdict


def _tell_mended(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Intake):
            for warning in outcome.draft.warnings:
                print_message(f"mended: {plain(outcome.draft.origin)}: {plain(warning)}")
