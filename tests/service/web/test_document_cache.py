"""Documents at hand: bounded, and never older than the store's."""

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from threading import Barrier

import pytest

from feeds.model.edition import FeedDocument
from feeds.model.feed import Format
from feeds.store.changes import Changes
from service.http_rules import Coding
from service.web import ChangeDetector, DocumentCache
from service.web.change_detector import POLL_EVERY_S
from service.web.document_cache import ANSWER_BYTES, MAX_ANSWERS, OVERHEAD_BYTES, CachedDocument
from service.web.encoded_variants import encode
from service.web.replies import Reply
from tests.support.newsrooms import Office, draft, later
from tests.support.set_clock import Clock

ANSWER = Reply("200 OK", [], [b""], b"")


def fetch(
    document_cache: DocumentCache, office: Office, feed_format: Format = Format.ATOM
) -> CachedDocument:
    """The feed of everything, which has an edition."""
    copy = document_cache.fetch(office.newsstand, "all", feed_format)
    assert copy is not None
    return copy


def room_for(office: Office, *formats: Format) -> int:
    """What these documents take when nobody has asked for another form of them."""
    documents = [office.newsstand.document("all", each) for each in formats]
    return sum(len(document.gzip) + OVERHEAD_BYTES for document in documents if document)


@pytest.fixture
def documents_fetched(
    empty_office: Office, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[str]]:
    """What was taken out of the store, with its bytes."""
    fetched: list[str] = []
    original = empty_office.newsstand.document

    def counted(slug: str, feed_format: Format) -> FeedDocument | None:
        fetched.append(f"{slug}.{feed_format}")
        return original(slug, feed_format)

    monkeypatch.setattr(empty_office.newsstand, "document", counted)
    return lambda: fetched


def test_the_least_recently_asked_for_is_thrown_out(office: Office) -> None:
    document_cache = DocumentCache(max_bytes=room_for(office, Format.ATOM, Format.RSS))
    atom, rss = fetch(document_cache, office), fetch(document_cache, office, Format.RSS)
    assert fetch(document_cache, office) is atom
    document_cache.fetch(office.newsstand, "nothing-yet", Format.JSON)
    assert fetch(document_cache, office) is atom
    assert fetch(document_cache, office, Format.RSS) is not rss


def test_what_is_thrown_out_is_gone_at_once(office: Office) -> None:
    """Its bytes are not to wait for the garbage collector, which counts objects."""
    document_cache = DocumentCache(max_bytes=room_for(office, Format.ATOM))
    gc.disable()
    try:
        gone = weakref.ref(fetch(document_cache, office))
        assert gone() is not None
        fetch(document_cache, office, Format.JSON)
        assert gone() is None
    finally:
        gc.enable()


def test_a_document_larger_than_the_shelf_is_served_all_the_same(office: Office) -> None:
    document_cache = DocumentCache(max_bytes=1)
    copy = fetch(document_cache, office)
    assert copy.document == office.newsstand.document("all", Format.ATOM)
    assert copy.variants.get(Coding.BROTLI)
    assert document_cache.held_bytes == 0


def test_every_form_of_a_document_counts(office: Office) -> None:
    """A worker's memory is what was configured, whatever clients ask for."""
    document_cache = DocumentCache()
    copy = fetch(document_cache, office)
    expected = room_for(office, Format.ATOM)
    assert document_cache.held_bytes == expected
    for coding in Coding:
        expected += 0 if coding is Coding.GZIP else len(copy.variants.get(coding))
        copy.variants.get(coding)
        assert document_cache.held_bytes == expected
    document_cache.remember(copy, "asked", ANSWER)
    document_cache.remember(copy, "asked", ANSWER)
    assert document_cache.held_bytes == expected + ANSWER_BYTES


def test_a_form_that_is_made_makes_others_go(office: Office) -> None:
    document_cache = DocumentCache(max_bytes=room_for(office, Format.ATOM, Format.RSS))
    rss, atom = fetch(document_cache, office, Format.RSS), fetch(document_cache, office)
    atom.variants.get(Coding.ZSTD)
    assert document_cache.held_bytes <= room_for(office, Format.ATOM, Format.RSS)
    assert fetch(document_cache, office) is atom
    assert fetch(document_cache, office, Format.RSS) is not rss


def test_what_left_the_shelf_is_not_counted_again(office: Office) -> None:
    document_cache = DocumentCache(max_bytes=room_for(office, Format.ATOM))
    gone = fetch(document_cache, office)
    fetch(document_cache, office, Format.JSON)
    before = document_cache.held_bytes
    gone.variants.get(Coding.IDENTITY)
    document_cache.remember(gone, "asked", ANSWER)
    assert document_cache.held_bytes == before


def test_answers_that_are_asked_once_do_not_stay(office: Office) -> None:
    """Who asks in ten thousand ways takes no room from those who all ask in one."""
    document_cache = DocumentCache()
    copy = fetch(document_cache, office)
    for number in range(10 * MAX_ANSWERS):
        document_cache.remember(copy, number, ANSWER)
        assert len(copy.answers) <= MAX_ANSWERS
    document_cache.remember(copy, "usual", ANSWER)
    assert copy.answers["usual"] is ANSWER
    expected = room_for(office, Format.ATOM) + len(copy.answers) * ANSWER_BYTES
    assert document_cache.held_bytes == expected


def test_what_was_replaced_takes_no_room(empty_office: Office) -> None:
    document_cache = DocumentCache(max_bytes=12_000)
    for minute in range(1, 30):
        empty_office.add(draft(title=f"Take {minute}"), now=later(minutes=minute))
        empty_office.publish(now=later(minutes=minute))
        held = fetch(document_cache, empty_office)
        assert held.document == empty_office.newsstand.document("all", Format.ATOM)
        assert fetch(document_cache, empty_office) is held
        assert document_cache.held_bytes == room_for(empty_office, Format.ATOM)


def test_old_bytes_that_come_back_are_modified_anew(empty_office: Office) -> None:
    """Validators never lie: after a store was restored, old bytes may come again, later."""
    empty_office.publish(now=later(minutes=1))
    document_cache = DocumentCache()
    before = fetch(document_cache, empty_office, Format.JSON).document
    again = replace(before, edition=before.edition + 2, modified_at=later(minutes=9))
    with empty_office.database.transaction() as tx:
        tx.documents.put([again])
    assert fetch(document_cache, empty_office, Format.JSON).document == again


def test_a_cold_document_is_fetched_once_however_many_ask(
    empty_office: Office, documents_fetched: Callable[[], list[str]]
) -> None:
    empty_office.publish(now=later(minutes=1))
    document_cache, together = DocumentCache(), Barrier(16)

    def ask(_: int) -> CachedDocument:
        together.wait()
        return fetch(document_cache, empty_office)

    with ThreadPoolExecutor(16) as pool:
        copies = set(pool.map(ask, range(16)))
    assert len(copies) == 1
    assert documents_fetched() == ["all.atom"]


def test_a_form_is_made_once_however_many_ask(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Coding] = []

    def counted(body: bytes, coding: Coding) -> bytes:
        made.append(coding)
        return encode(body, coding)

    monkeypatch.setattr("service.web.encoded_variants.encode", counted)
    copy, together = fetch(DocumentCache(), office), Barrier(16)

    def ask(_: int) -> bytes:
        together.wait()
        return copy.variants.get(Coding.BROTLI)

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
    assert made == [Coding.BROTLI]


def test_while_nothing_changes_the_store_is_not_asked(
    empty_office: Office, monkeypatch: pytest.MonkeyPatch, closing: ExitStack
) -> None:
    """One question a document and change, and none beside."""
    empty_office.publish(now=later(minutes=1))
    asked: list[Format] = []
    original = empty_office.newsstand.version

    def counted(slug: str, feed_format: Format) -> object:
        asked.append(feed_format)
        return original(slug, feed_format)

    monkeypatch.setattr(empty_office.newsstand, "version", counted)
    changes = Changes(empty_office.database, of_documents=True)
    closing.callback(changes.close)
    document_cache = DocumentCache(
        detector=ChangeDetector(changes, clock=lambda: 0.0, poll_every_s=0)
    )
    for _ in range(5):
        fetch(document_cache, empty_office)
        fetch(document_cache, empty_office, Format.RSS)
    assert asked == [Format.ATOM, Format.RSS]
    empty_office.add(draft(), now=later(minutes=2))
    copies = {fetch(document_cache, empty_office) for _ in range(5)}
    assert len(copies) == 1
    assert asked == [Format.ATOM, Format.RSS], "a commit that makes no edition is no change"
    empty_office.publish(now=later(minutes=3))
    after = {fetch(document_cache, empty_office) for _ in range(5)}
    assert len(after) == 1
    assert after != copies
    assert asked == [Format.ATOM, Format.RSS, Format.ATOM]


class ByHand:
    """Threads that work when they are told to."""

    def __init__(self) -> None:
        self.polls: list[Callable[[], None]] = []
        self.fetches: list[Callable[[], None]] = []

    def check_store(self, work: Callable[[], None], /) -> None:
        """Later."""
        self.polls.append(work)

    def fetch(self, work: Callable[[], None], /) -> None:
        """Later."""
        self.fetches.append(work)


def test_what_was_asked_for_is_fetched_before_it_is_asked_for_again(
    empty_office: Office, closing: ExitStack
) -> None:
    """A feed with few readers: the next one is shown the new edition, and need not find it."""
    empty_office.publish(now=later(minutes=1))
    changes = Changes(empty_office.database, of_documents=True)
    closing.callback(changes.close)
    clock, background = Clock(), ByHand()
    document_cache = DocumentCache(detector=ChangeDetector(changes, clock=clock))

    def peek() -> CachedDocument | None:
        newsstand = empty_office.newsstand
        return document_cache.peek(newsstand, "all", Format.ATOM, background)

    before = fetch(document_cache, empty_office)
    empty_office.add(draft(), now=later(minutes=2))
    empty_office.publish(now=later(minutes=3))
    clock.passes(POLL_EVERY_S)
    assert peek() is before, "nobody waits for the poll"
    [poll] = background.polls
    poll()
    [get] = background.fetches
    get()
    after = peek()
    assert after is not None
    assert after is not before
    assert (len(background.polls), len(background.fetches)) == (1, 1)
