"""The files beside a document in a folder, which it names: found within the folder, and stored."""

from collections.abc import Callable, Iterator
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

from feeds.errors import FileBesideRefused
from feeds.ingest import KeptFile, readable_suffixes

#: Stores a file, or raises `FileBesideRefused`.
KeepPath = Callable[[Path], KeptFile]


class NotYetWhole(Exception):
    """A file that a document names is still being written. Read the document again later."""


class FilesBeside:
    """The files beside one document. Called with a name that it gives one, stores that file."""

    def __init__(
        self,
        document: Path,
        root: Path,
        keep: KeepPath,
        *,
        is_whole: Callable[[Path], bool] = lambda _: True,
    ) -> None:
        """Finds nothing yet.

        Args:
            document: The path of the document.
            root: The folder that was given for documents; nothing outside it is read.
            keep: Stores a file.
            is_whole: Whether nobody writes a file any more.
        """
        self._document = document
        self._root = root
        self._keep = keep
        self._is_whole = is_whole
        self.taken: set[Path] = set()  #: files that were stored
        self.missing: set[Path] = set()  #: where files should have been

    def __call__(self, reference: str) -> KeptFile:
        """Stores the file with this relative address, and returns what it is.

        Raises:
            FileBesideRefused: It is not there, outside the folder, or cannot be stored.
            NotYetWhole: Somebody is writing it.
        """
        places = [*self._places(reference)]
        if not places:
            raise FileBesideRefused(
                "stands outside the folder of the document",
                remedy="put the file into the folder of the document, or one below it",
            )
        path = next((each for each in places if self._is_there(each)), None)
        if path is None:
            self.missing |= {*places}
            raise FileBesideRefused(
                "names a file that is not there",
                remedy="put the file beside the document; it is then read again",
            )
        if path.suffix.lower() in readable_suffixes:
            raise FileBesideRefused(
                "names a file of a kind that is read as a release itself",
                remedy="save the file as PDF, or put it into a ZIP file",
            )
        if not self._is_whole(path):
            raise NotYetWhole
        try:
            kept = self._keep(path)
        except OSError as error:
            raise FileBesideRefused(
                f"names a file that cannot be read: {error.strerror}",
                remedy="let the user that the service runs as read it",
            ) from error
        self.taken.add(path)
        return kept

    def _places(self, reference: str) -> Iterator[Path]:
        """Yields where a file may be: by its name as written, and as an address spells it."""
        written = reference.strip().replace("\\", "/")
        for name in dict.fromkeys((written, unquote(urlsplit(written).path))):
            path = Path(normpath(self._document.parent / name))
            try:
                # A link may lead elsewhere.
                is_inside = path.resolve().is_relative_to(self._root.resolve())
            except (OSError, ValueError, RuntimeError):
                continue
            if name and is_inside and path.is_relative_to(normpath(self._root)):
                yield path

    def _is_there(self, path: Path) -> bool:
        names = path.relative_to(normpath(self._root)).parts
        try:
            return path.is_file() and not any(name.startswith(".") for name in names)
        except OSError:
            return False
