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
from service.web import Shelf, Watch
from service.web.codecs import encode
from service.web.replies import Reply
from service.web.shelf import ANSWER_BYTES, FRAME_BYTES, MAX_ANSWERS, Copy
from tests.support.newsrooms import Office, draft, later

ANSWER = Reply("200 OK", [], [b""], b"")


def fetch(shelf: Shelf, office: Office, feed_format: Format = Format.ATOM) -> Copy:
    """The feed of everything, which has an edition."""
    copy = shelf.fetch(office.newsstand, "all", feed_format)
    assert copy is not None
    return copy


def room_for(office: Office, *formats: Format) -> int:
    """What these documents take when nobody has asked for another form of them."""
    documents = [office.newsstand.document("all", each) for each in formats]
    return sum(len(document.gzip) + FRAME_BYTES for document in documents if document)


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
    shelf = Shelf(max_bytes=room_for(office, Format.ATOM, Format.RSS))
    atom, rss = fetch(shelf, office), fetch(shelf, office, Format.RSS)
    assert fetch(shelf, office) is atom
    shelf.fetch(office.newsstand, "nothing-yet", Format.JSON)
    assert fetch(shelf, office) is atom
    assert fetch(shelf, office, Format.RSS) is not rss


def test_what_is_thrown_out_is_gone_at_once(office: Office) -> None:
    """Its bytes are not to wait for the garbage collector, which counts objects."""
    shelf = Shelf(max_bytes=room_for(office, Format.ATOM))
    gc.disable()
    try:
        gone = weakref.ref(fetch(shelf, office))
        assert gone() is not None
        fetch(shelf, office, Format.JSON)
        assert gone() is None
    finally:
        gc.enable()


def test_a_document_larger_than_the_shelf_is_served_all_the_same(office: Office) -> None:
    shelf = Shelf(max_bytes=1)
    copy = fetch(shelf, office)
    assert copy.document == office.newsstand.document("all", Format.ATOM)
    assert copy.forms.get(Coding.BROTLI)
    assert shelf.held_bytes == 0


def test_every_form_of_a_document_counts(office: Office) -> None:
    """A worker's memory is what was configured, whatever clients ask for."""
    shelf = Shelf()
    copy = fetch(shelf, office)
    expected = room_for(office, Format.ATOM)
    assert shelf.held_bytes == expected
    for coding in Coding:
        expected += 0 if coding is Coding.GZIP else len(copy.forms.get(coding))
        copy.forms.get(coding)
        assert shelf.held_bytes == expected
    shelf.remember(copy, "asked", ANSWER)
    shelf.remember(copy, "asked", ANSWER)
    assert shelf.held_bytes == expected + ANSWER_BYTES


def test_a_form_that_is_made_makes_others_go(office: Office) -> None:
    shelf = Shelf(max_bytes=room_for(office, Format.ATOM, Format.RSS))
    rss, atom = fetch(shelf, office, Format.RSS), fetch(shelf, office)
    atom.forms.get(Coding.ZSTD)
    assert shelf.held_bytes <= room_for(office, Format.ATOM, Format.RSS)
    assert fetch(shelf, office) is atom
    assert fetch(shelf, office, Format.RSS) is not rss


def test_what_left_the_shelf_is_not_counted_again(office: Office) -> None:
    shelf = Shelf(max_bytes=room_for(office, Format.ATOM))
    gone = fetch(shelf, office)
    fetch(shelf, office, Format.JSON)
    before = shelf.held_bytes
    gone.forms.get(Coding.IDENTITY)
    shelf.remember(gone, "asked", ANSWER)
    assert shelf.held_bytes == before


def test_answers_that_are_asked_once_do_not_stay(office: Office) -> None:
    """Who asks in ten thousand ways takes no room from those who all ask in one."""
    shelf = Shelf()
    copy = fetch(shelf, office)
    for number in range(10 * MAX_ANSWERS):
        shelf.remember(copy, number, ANSWER)
        assert len(copy.answers) <= MAX_ANSWERS
    shelf.remember(copy, "usual", ANSWER)
    assert copy.answers["usual"] is ANSWER
    expected = room_for(office, Format.ATOM) + len(copy.answers) * ANSWER_BYTES
    assert shelf.held_bytes == expected


def test_what_was_replaced_takes_no_room(empty_office: Office) -> None:
    shelf = Shelf(max_bytes=12_000)
    for minute in range(1, 30):
        empty_office.add(draft(title=f"Take {minute}"), now=later(minutes=minute))
        empty_office.publish(now=later(minutes=minute))
        held = fetch(shelf, empty_office)
        assert held.document == empty_office.newsstand.document("all", Format.ATOM)
        assert fetch(shelf, empty_office) is held
        assert shelf.held_bytes == room_for(empty_office, Format.ATOM)


def test_old_bytes_that_come_back_are_modified_anew(empty_office: Office) -> None:
    """Validators never lie: after a store was restored, old bytes may come again, later."""
    empty_office.publish(now=later(minutes=1))
    shelf = Shelf()
    before = fetch(shelf, empty_office, Format.JSON).document
    again = replace(before, edition=before.edition + 2, modified_at=later(minutes=9))
    with empty_office.database.transaction() as tx:
        tx.documents.put([again])
    assert fetch(shelf, empty_office, Format.JSON).document == again


def test_a_cold_document_is_fetched_once_however_many_ask(
    empty_office: Office, documents_fetched: Callable[[], list[str]]
) -> None:
    empty_office.publish(now=later(minutes=1))
    shelf, together = Shelf(), Barrier(16)

    def ask(_: int) -> Copy:
        together.wait()
        return fetch(shelf, empty_office)

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

    monkeypatch.setattr("service.web.forms.encode", counted)
    copy, together = fetch(Shelf(), office), Barrier(16)

    def ask(_: int) -> bytes:
        together.wait()
        return copy.forms.get(Coding.BROTLI)

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
    shelf = Shelf(watch=Watch(changes, clock=lambda: 0.0, look_every_s=0))
    for _ in range(5):
        fetch(shelf, empty_office)
        fetch(shelf, empty_office, Format.RSS)
    assert asked == [Format.ATOM, Format.RSS]
    empty_office.add(draft(), now=later(minutes=2))
    copies = {fetch(shelf, empty_office) for _ in range(5)}
    assert len(copies) == 1
    assert asked == [Format.ATOM, Format.RSS], "a commit that makes no edition is no change"
    empty_office.publish(now=later(minutes=3))
    after = {fetch(shelf, empty_office) for _ in range(5)}
    assert len(after) == 1
    assert after != copies
    assert asked == [Format.ATOM, Format.RSS, Format.ATOM]
