"""What a reader has that knows nothing but RFC 5005, of a feed of 50,000 releases.

Releases are taken in some at once and some one by one, older ones are corrected meanwhile, and
editions come out all the time. Then a reader begins at the subscription document and follows
``prev-archive`` to the oldest archive; where an entry stands twice, the document met first counts.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from time import perf_counter
from typing import Any

from lxml import etree

from bench.figure import Figure, tell
from bench.office import OPENING, Office, catalogue, open_office
from bench.samples import press_office
from feeds import render
from feeds.model.feed import Format, Window
from feeds.model.intake import Intake
from feeds.model.release import Draft, ReleaseId

SLUG = "economy"
RELEASES = 50_000
WINDOW = Window(entries=20, days=1, bytes=250_000)

#: Releases that come at once, and then an edition.
BATCH = 500
#: Of each batch, one in so many is corrected while the next one comes in.
CORRECTED = 50
#: Texts are cut: the history is what counts here.
BODY_CHARS = 300

_ATOM = "{http://www.w3.org/2005/Atom}"


def measure(scale: float) -> float:
    """The share of all releases that a reader has in their newest revision."""
    with open_office(catalogue([SLUG], WINDOW)) as office:
        begun = perf_counter()
        newest = _fill(office, max(BATCH, round(RELEASES * scale)))
        filled = perf_counter()
        read, documents = _read(office)
        tell(
            f"{len(newest)} releases taken in and published in {filled - begun:.0f} s; "
            f"{documents} documents made and read in {(perf_counter() - filled) * 1000:.0f} ms"
        )
    has = sum(read.get(release_id) == title for release_id, title in newest.items())
    return has / len(newest)


def _fill(office: Office, releases: int) -> dict[ReleaseId, str]:
    """Take in releases. Returns the newest title of each."""
    write, numbers = press_office(), count()
    newest: dict[ReleaseId, str] = {}
    before: list[Draft] = []
    for batch in range(releases // BATCH):
        now = OPENING + batch * timedelta(hours=1)
        drafts = [_short(write(SLUG), next(numbers)) for _ in range(BATCH)]
        _take_in(office, drafts, newest, now)
        for draft in before[::CORRECTED]:
            _take_in(office, [_corrected(draft)], newest, now)
        before = drafts
    return newest


def _take_in(
    office: Office, drafts: list[Draft], newest: dict[ReleaseId, str], now: datetime
) -> None:
    for outcome in office.newsroom.take_in(drafts, now=now):
        if isinstance(outcome, Intake):
            newest[outcome.release.id] = outcome.release.content.title
    office.newsstand.regenerate([SLUG], now=now, worker="bench")


def _short(draft: Draft, number: int) -> Draft:
    body = f"<p>{'A few words. ' * (number % (BODY_CHARS // 12))}</p>"
    content = replace(draft.content, title=f"Release {number}", body=body, summary="")
    return replace(draft, content=content)


def _corrected(draft: Draft) -> Draft:
    return replace(draft, content=replace(draft.content, title=f"{draft.content.title}, corrected"))


def _read(office: Office) -> tuple[dict[str, str], int]:
    """Everything by the links alone; and how many documents that took."""
    read: dict[str, str] = {}
    documents = 0
    for root in _documents(office):
        documents += 1
        for entry in root.iterfind(f"{_ATOM}entry"):
            read.setdefault(entry.findtext(f"{_ATOM}id"), entry.findtext(f"{_ATOM}title"))
    return read, documents


def _documents(office: Office) -> Iterator[Any]:
    document: bytes | None = office.document(SLUG, Format.ATOM)
    while document is not None:
        root = etree.fromstring(document)
        yield root
        before = root.find(f"{_ATOM}link[@rel='prev-archive']")
        document = None if before is None else _archive(office, before.get("href"))


def _archive(office: Office, address: str | None) -> bytes:
    number = int(str(address).rpartition("/")[2].partition(".")[0])
    page = office.newsstand.archive(SLUG, number, Format.ATOM, now=OPENING)
    return render.decompress(page.document.gzip)


FIGURE = Figure(name="whole_history", bound=1, measure=measure, is_least=True)
