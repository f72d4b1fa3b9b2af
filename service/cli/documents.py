"""The documents that a command line names: files, folders, standard input."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from service.jobs.folders import documents_below

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
