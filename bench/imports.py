"""What an import costs: an export of WordPress into the store, over reading and cleaning it alone.

The posts have the texts of the real records of the samples, as HTML of the block editor has them,
under other numbers each time. The peer reads an export and makes drafts of its posts
(`feeds.imports`), and forgets them. Ours is the run of ``communique import wxr`` without requests
for files: it reads the same export, and stores releases, old addresses and how far it is, batch by
batch, in an SQLite file on the disk.

The other figure is the memory of that run for 20,000 posts over that for 1,000: the most that its
process had resident.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from bench.figure import Figure, Unmeasurable, tell
from bench.memory import most_resident_bytes
from bench.rounds import medians_ms, rounds_at, timed_ms
from bench.samples import FOLDER
from feeds.imports.drafting import ImportSource, draft_of
from feeds.imports.items import ImportedItem
from feeds.imports.wxr import read_wxr
from feeds.model.release import Draft
from feeds.store import migrate
from feeds.store.database import Database
from service.imports import FileCopier, ImportOptions, ImportTally, MediaChoice, run_import
from tests.support.newsrooms import RULES, Office
from tests.support.wordpress import FOOT, HEAD, post

POSTS_A_ROUND = 1_000
ROUNDS = 3
MANY, FEW = 20_000, 1_000
ZONE = ZoneInfo("UTC")
#: A marker of the block editor: the texts have their paragraphs.
BLOCKS = "<!-- wp:html -->"


def _posts() -> Iterator[str]:
    """Yields posts without end, each under a number of its own."""
    records = _records()
    for number in count(1):
        record = records[number % len(records)]
        body = record["body"].replace("]]>", "]]&gt;")
        title = record["title"].replace("]]>", "]]&gt;")
        terms = [("category", "x", name) for name in record["categories"]]
        yield post(number, title=title, body=f"{BLOCKS}{body}", terms=terms)


def _records() -> list[dict[str, Any]]:
    paths = sorted(FOLDER.glob("*.jsonl"))
    lines = (line for path in paths for line in path.read_text("utf-8").split("\n") if line)
    records = map(json.loads, lines)
    return [record for record in records if record["body_format"] == "html"]


def _draft_all(stream: BinaryIO) -> int:
    head, items = read_wxr(stream, zone=ZONE)
    source = _source(head)
    taken = (one for one in items if isinstance(one, ImportedItem))
    return sum(isinstance(draft_of(one, source, RULES), Draft) for one in taken)


def _import_all(stream: BinaryIO, office: Office, key: str) -> ImportTally:
    head, items = read_wxr(stream, zone=ZONE)
    files = FileCopier(
        office.database,
        office.application.media,
        None,
        MediaChoice.KEEP,
        max_bytes=1,
        own_media=office.catalogue.site.medium("/media/"),
        by="bench",
        is_dry_run=False,
    )
    options = ImportOptions(source=_source(head), key=key)
    return run_import(office.application, items, options, files=files)


def _source(head: Any) -> ImportSource:
    return ImportSource.of(head, document="export.xml", name=None, language=None)


class _Contest:
    """The turns of both sides. The peer has the first turn of a round; ours gets its export."""

    def __init__(self, office: Office, size: int) -> None:
        self._office = office
        self._size = size
        self._posts = _posts()
        self._export = b""
        self._keys = map(str, count(1))

    def peer(self) -> float:
        """Read and clean an export that never came before. Milliseconds."""
        posts = islice(self._posts, self._size)
        self._export = "".join([HEAD, *posts, FOOT]).encode()
        return timed_ms(lambda: self._check(_draft_all(BytesIO(self._export))))

    def ours(self) -> float:
        """Import it. Milliseconds."""
        return timed_ms(lambda: self._check(self._imported()))

    def _imported(self) -> int:
        return _import_all(BytesIO(self._export), self._office, next(self._keys)).taken

    def _check(self, taken: int) -> None:
        if taken != self._size:
            raise Unmeasurable(f"expected {self._size} releases, got {taken}")


def measure(scale: float) -> float:
    """Ours over the peer's."""
    size = max(20, round(POSTS_A_ROUND * min(1, scale * 10)))
    with _office() as office:
        contest = _Contest(office, size)
        turns: dict[str, Callable[[], float]] = {"peer": contest.peer, "ours": contest.ours}
        medians = medians_ms(turns, rounds=rounds_at(scale, ROUNDS), are_warm=True)
    tell(
        f"{size} posts: imported in {medians['ours']:.0f} ms, "
        f"read and cleaned alone in {medians['peer']:.0f} ms"
    )
    return medians.over("ours", "peer")


@contextmanager
def _office() -> Iterator[Office]:
    """A newsroom over a store of its own, on the disk that ``TMPDIR`` is on."""
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        database = Database.open(f"sqlite:///{Path(folder) / 'communique.db'}")
        migrate.upgrade(database)
        yield Office(database)
        database.close()


def measure_memory(scale: float) -> float:
    """The most of a run with many posts over that of one with few."""
    few, many = max(20, round(FEW * scale)), max(40, round(MANY * scale))
    most = {size: _most_bytes(size) for size in (few, many)}
    tell(f"{many} posts: {most[many]} bytes; {few} posts: {most[few]} bytes")
    return most[many] / most[few]


def _most_bytes(size: int) -> int:
    with TemporaryDirectory(prefix="communique-bench-") as folder:
        path = Path(folder) / "export.xml"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEAD)
            file.writelines(islice(_posts(), size))
            file.write(FOOT)
        command = [sys.executable, "-m", "bench.imports", str(path), str(size)]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(ran.stdout)


def _run(path: Path, size: int) -> int:
    """Imports a file in this process. Returns the most that was resident, in bytes."""
    with _office() as office, path.open("rb") as stream:
        taken = _import_all(stream, office, "1").taken
    if taken != size:
        raise Unmeasurable(f"expected {size} releases, got {taken}")
    return most_resident_bytes(os.getpid())


COST = Figure(name="import_wxr", bound=2, measure=measure)
MEMORY = Figure(name="import_memory", bound=1.3, measure=measure_memory)

if __name__ == "__main__":
    print(_run(Path(sys.argv[1]), int(sys.argv[2])))
