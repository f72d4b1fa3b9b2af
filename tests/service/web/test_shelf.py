"""Documents at hand: bounded, and never older than the store's."""

from dataclasses import replace

from feeds.model.feed import Format
from service.web.shelf import Shelf
from tests.support.newsrooms import Office, draft, later


def test_the_least_recently_asked_for_is_thrown_out(office: Office) -> None:
    stand = office.newsstand
    sizes = {}
    for feed_format in Format:
        document = stand.document("all", feed_format)
        assert document is not None
        sizes[feed_format] = len(document.gzip)
    shelf = Shelf(max_bytes=sizes[Format.ATOM] + sizes[Format.RSS])
    atom = shelf.fetch(stand, "all", Format.ATOM)
    rss = shelf.fetch(stand, "all", Format.RSS)
    assert shelf.fetch(stand, "all", Format.ATOM) is atom
    shelf.fetch(stand, "nothing-yet", Format.JSON)
    assert shelf.fetch(stand, "all", Format.ATOM) is atom
    assert shelf.fetch(stand, "all", Format.RSS) is not rss


def test_a_document_larger_than_the_shelf_is_served_all_the_same(office: Office) -> None:
    document = Shelf(max_bytes=1).fetch(office.newsstand, "all", Format.ATOM)
    assert document == office.newsstand.document("all", Format.ATOM)


def test_what_was_replaced_takes_no_room(empty_office: Office) -> None:
    shelf = Shelf(max_bytes=4_000)
    for minute in range(1, 30):
        empty_office.add(draft(title=f"Take {minute}"), now=later(minutes=minute))
        empty_office.publish(now=later(minutes=minute))
        held = shelf.fetch(empty_office.newsstand, "all", Format.ATOM)
        assert held == empty_office.newsstand.document("all", Format.ATOM)
        assert shelf.fetch(empty_office.newsstand, "all", Format.ATOM) is held


def test_old_bytes_that_come_back_are_modified_anew(empty_office: Office) -> None:
    """Validators never lie: after a store was restored, old bytes may come again, later."""
    empty_office.publish(now=later(minutes=1))
    shelf, stand = Shelf(), empty_office.newsstand
    before = shelf.fetch(stand, "all", Format.JSON)
    assert before is not None
    again = replace(before, edition=before.edition + 2, modified_at=later(minutes=9))
    with empty_office.database.transaction() as tx:
        tx.documents.put([again])
    assert shelf.fetch(stand, "all", Format.JSON) == again
