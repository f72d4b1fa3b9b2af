"""Documents on the disk, read by programs in other languages, and what they printed."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feeds.model.feed import Format
from tests.readers.documents import Published

#: For all documents there are, on a machine that has other things to do.
PATIENCE_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one library made of one document."""

    library: str
    version: str
    file: str
    entries: Sequence[Mapping[str, Any]] | None  #: None if it refused the document
    error: str | None

    @property
    def format(self) -> Format:
        """What kind of document it is."""
        return Format(self.file.rpartition(".")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One document, and what was published in it."""

    name: str  #: what is special about it
    entries: Sequence[Published]


def lay_out(documents: Iterable[Mapping[str, Any]], folder: Path) -> dict[str, Source]:
    """Write *documents*, as `tests.readers.documents` prints them, into *folder*; by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {}
    for number, each in enumerate(documents):
        file = f"{number:04}.{each['format']}"
        (folder / file).write_bytes(each["document"].encode())
        entries = [Published(**entry) for entry in each["entries"]]
        sources[file] = Source(name=each["name"], entries=entries)
    return sources


def readings(command: Sequence[str | Path], *, folder: Path) -> Iterator[Reading]:
    """What the program *command* prints of the documents in *folder*, a JSON line for each.

    Raises:
        subprocess.CalledProcessError: It failed; what it says goes to stderr.
    """
    done = subprocess.run(
        [*map(str, command), str(folder)],
        check=True,
        stdout=subprocess.PIPE,
        timeout=PATIENCE_S,
    )
    for line in done.stdout.splitlines():
        said = json.loads(line)
        yield Reading(
            library=said["library"],
            version=said["version"],
            file=said["file"],
            entries=said.get("entries"),
            error=said.get("error"),
        )
