"""No update is lost: a document that was written for another state of its release is not stored."""

import threading
from dataclasses import replace

import pytest

from feeds.errors import ReleaseChanged
from feeds.model.release import Expected
from feeds.store.database import Database
from tests.support.newsrooms import Office, draft, later

NONE = Expected(revision=0)


def test_a_document_for_the_release_as_it_is_corrects_it(database: Database) -> None:
    office = Office(database)
    [first] = office.add(replace(draft(), expected=NONE))
    wanted = replace(draft(title="Another title"), expected=first.release.seen)
    [second] = office.add(wanted, now=later(hours=1))
    assert second.release.revision == 2


def test_a_document_for_an_earlier_state_is_not_stored_nor_is_what_came_with_it(
    database: Database,
) -> None:
    office = Office(database)
    [first] = office.add(draft())
    office.add(draft(title="By another desk"), now=later(hours=1))
    late = replace(draft(title="Too late"), expected=first.release.seen)
    with pytest.raises(ReleaseChanged):
        office.add(draft("id:2"), late, now=later(hours=2))
    [only] = office.newsroom.releases()
    assert only.release.content.title == "By another desk"
    assert office.newsroom.refusals() == []


def test_a_document_that_is_to_be_new_corrects_nothing(database: Database) -> None:
    office = Office(database)
    office.add(draft())
    for do in (office.newsroom.take_in, office.newsroom.preview):
        with pytest.raises(ReleaseChanged):
            do([replace(draft(title="Mine"), expected=NONE)], now=later(hours=1))


def test_of_two_corrections_at_once_of_one_state_one_is_stored(database: Database) -> None:
    office = Office(database)
    [first] = office.add(draft())
    gate, lost = threading.Barrier(2), []

    def correct(title: str) -> None:
        wanted = replace(draft(title=title), expected=first.release.seen)
        gate.wait()
        try:
            office.newsroom.take_in([wanted], now=later(hours=1))
        except ReleaseChanged:
            lost.append(title)

    threads = [threading.Thread(target=correct, args=[title]) for title in ("One", "Two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 1
    [only] = office.newsroom.releases()
    assert {only.release.content.title, *lost} == {"One", "Two"}
    assert only.release.revision == 2
