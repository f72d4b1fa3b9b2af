"""The real releases that ship with the project, read as the service reads them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time
from functools import cache
from itertools import count, cycle
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.ingest import IntakeRules, read_documents
from feeds.model.release import Draft, SourceKey

FOLDER = Path(__file__).parent.parent / "config" / "samples"

RULES = IntakeRules(
    base_url="https://news.example.org",
    language="en",
    time_zone=ZoneInfo("UTC"),
    time_of_day=time(9),
)


@cache
def drafts() -> tuple[Draft, ...]:
    """All of them, from each file in turn, so that any stretch of them is mixed."""
    by_file = [list(_read(path)) for path in sorted(FOLDER.iterdir())]
    longest = max(len(read) for read in by_file)
    return tuple(read[n] for n in range(longest) for read in by_file if n < len(read))


def press_office(samples: int | None = None) -> Callable[..., Draft]:
    """A function that gives the next release each time, under the category names it is called with.

    They never end: a sample that comes again is another document, with the same words. Of all
    samples, or of the first so many.
    """
    numbers, written = count(1), cycle(drafts()[:samples])

    def write(*names: str) -> Draft:
        sample = next(written)
        return replace(
            sample,
            source_key=SourceKey(f"id:{next(numbers)}"),
            content=replace(sample.content, category_names=names),
        )

    return write


def _read(path: Path) -> Iterator[Draft]:
    with path.open("rb") as stream:
        for one in read_documents(stream, document=path.name, rules=RULES):
            if isinstance(one, Draft):
                yield one
