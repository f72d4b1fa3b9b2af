"""Corrections in feeds: every format says what changed, and readers get it."""

from dataclasses import replace

import feedparser
import pytest
from lxml import html

from feeds import render
from feeds.html.plain_text import plain_text
from feeds.model.feed import Format
from feeds.model.release import Correction, Draft, Weight
from feeds.store.database import Database
from tests.feeds.newsstand.test_archives import SMALL, assert_whole, fetch, office_with, trickle
from tests.service.web.offices import read_sample
from tests.support.atom_grammar import assert_valid
from tests.support.newsrooms import Office, catalogue, draft, later
from tests.support.parsers import ReadEntry, by_feedparser, by_hand, items_of, root_of

MINOR = Correction(weight=Weight.MINOR)
XML = [Format.ATOM, Format.RSS]


def major(note: str) -> Correction:
    return Correction(weight=Weight.MAJOR, note=note)


def document(office: Office, feed_format: Format, slug: str = "all") -> bytes:
    found = office.newsstand.document(slug, feed_format)
    assert found is not None
    return render.decompress(found.gzip)


def entry(office: Office, feed_format: Format) -> ReadEntry:
    """The entry of the only release, as a reader has it; JSON Feed by its specification."""
    read = by_hand if feed_format is Format.JSON else by_feedparser
    *_notice, only = read(document(office, feed_format))
    return only


def real(name: str, language: str) -> Draft:
    """A real release in *language*."""
    found = read_sample(name, limit=46)
    return next(each for each in found if each.content.language == language)


REAL = {
    "en": ("000_e053d2e383822934.txt", "The conference was on 16 May & not on 17 May <2019>."),
    "ar": ("arabr-ar.jsonl", "كان التاريخ خطأ: 16 مايو (وليس 17)."),
    "he": ("postgresql-multilingual.jsonl", "התאריך היה שגוי (PostgreSQL 14)."),
}


@pytest.fixture(params=REAL)
def case(request: pytest.FixtureRequest, sqlite_database: Database) -> tuple[Office, Draft, str]:
    """A newsroom with one real release, which was corrected with a note."""
    name, note = REAL[request.param]
    office = Office(sqlite_database)
    written = real(name, request.param)
    office.add(written)
    office.publish()
    changed = replace(written.content, body=f"{written.content.body}<p>+</p>")
    corrected = replace(written, content=changed, written=None, correction=major(note))
    office.add(corrected, now=later(hours=1))
    office.publish(now=later(hours=1))
    return office, replace(written, content=changed), note


@pytest.mark.parametrize("feed_format", Format)
def test_each_format_has_the_note_before_the_text(
    case: tuple[Office, Draft, str], feed_format: Format
) -> None:
    office, written, note = case
    content = html.fragment_fromstring(entry(office, feed_format).content, create_parent=True)
    is_leftward = written.content.language != "en"
    assert (content[0].get("dir") == "rtl") == is_leftward
    head = content[0][0] if is_leftward else content[0]
    assert head.get("class") == "correction"
    assert head.xpath("string(bdi)") == note
    assert head.xpath("string(.//time/@datetime)") == "2026-03-02T13:00:00Z"
    assert head.get("lang") == written.content.language
    assert head.get("dir") == ("ltr" if written.content.language == "en" else "rtl")
    text = plain_text(entry(office, feed_format).content, language="en")
    assert text.endswith(plain_text(written.content.body, language="en"))


def test_json_feed_has_it_as_text_and_for_machines_too(case: tuple[Office, Draft, str]) -> None:
    office, written, note = case
    _notice, item = items_of(document(office, Format.JSON))
    first, _, rest = item["content_text"].partition("\n\n")
    assert first.endswith(note)
    assert rest == plain_text(written.content.body, language="en")
    assert item["_communique"] == {"corrections": [{"at": "2026-03-02T13:00:00Z", "note": note}]}


@pytest.mark.parametrize("feed_format", XML)
def test_a_reader_sees_that_it_was_updated(
    case: tuple[Office, Draft, str], feed_format: Format
) -> None:
    office, written, _ = case
    _notice, read = feedparser.parse(document(office, feed_format)).entries
    assert read.updated_parsed[:6] == (2026, 3, 2, 13, 0, 0)
    assert read.published_parsed[:6] == written.content.published.timetuple()[:6]


def test_the_grammar_of_atom_is_kept(case: tuple[Office, Draft, str]) -> None:
    office, _, _ = case
    assert_valid(document(office, Format.ATOM))


@pytest.mark.parametrize("feed_format", Format)
def test_a_release_that_was_not_corrected_says_nothing_of_it(
    sqlite_database: Database, feed_format: Format
) -> None:
    office = Office(sqlite_database)
    office.add(draft())
    office.publish()
    assert b"correction" not in document(office, feed_format)
    assert b"_communique" not in document(office, feed_format)


@pytest.mark.parametrize("feed_format", Format)
def test_a_minor_correction_has_new_words_under_the_old_date(
    database: Database, feed_format: Format
) -> None:
    office = Office(database)
    office.add(draft(title="A traety"))
    office.publish()
    before = document(office, feed_format)
    office.add(replace(draft(title="A treaty"), correction=MINOR), now=later(hours=1))
    office.publish(now=later(hours=1))
    assert entry(office, feed_format).title == "A treaty"
    assert entry(office, feed_format).content == "<p>It was signed today.</p>"
    assert moment(before, feed_format) == moment(document(office, feed_format), feed_format)


def moment(read: bytes, feed_format: Format) -> str:
    """When the only entry was updated, as it is written."""
    if feed_format is Format.JSON:
        return str(items_of(read)[0]["date_modified"])
    return str(dict.get(feedparser.parse(read).entries[0], "updated"))  # RSS has none


@pytest.mark.parametrize("correction", [MINOR, major("The date was wrong."), None])
@pytest.mark.parametrize("feed_format", Format)
def test_an_old_release_that_is_corrected_comes_back_into_the_window(
    database: Database, feed_format: Format, correction: Correction | None
) -> None:
    """And its feed has new validators: the bytes, and the time when they changed."""
    office = Office(database, catalogue(window=SMALL))
    list(trickle(office, 12))
    before = office.newsstand.version("finance", feed_format)
    assert before is not None
    assert b"No 1<" not in document(office, feed_format, "finance")
    old = draft("id:1", "Finance", title="No 1, corrected")
    office.add(replace(old, correction=correction), now=later(hours=100))
    office.publish(now=later(hours=100))
    after = office.newsstand.version("finance", feed_format)
    assert after is not None
    assert after.digest != before.digest
    assert (before.modified_at, after.modified_at) == (later(hours=11), later(hours=100))
    assert b"No 1, corrected" in document(office, feed_format, "finance")


@pytest.mark.parametrize("correction", [MINOR, major("The date was wrong.")])
def test_an_archive_that_was_closed_stays_and_what_is_corrected_in_it_is_told_anew(
    database: Database, correction: Correction
) -> None:
    """RFC 5005: an archive does not change; of an entry that is there twice, the newer counts.

    Of a minor correction both have the same date: whoever goes back in time meets it first.
    """
    office = office_with(database)
    list(trickle(office, 12))
    assert_whole(office)  # and all archives were fetched by this
    url = office.catalogue.site.archive("finance", 1, Format.ATOM)
    archive = fetch(office, "finance", Format.ATOM)(url)
    office.add(
        replace(draft("id:0", "Finance", title="Corrected"), correction=correction),
        now=later(hours=100),
    )
    office.publish(now=later(hours=100))
    assert fetch(office, "finance", Format.ATOM)(url) == archive
    assert b"Corrected" not in archive
    for _ in trickle(office, 8, first=101):
        assert_whole(office)  # on its way back into an archive, too


def test_the_feed_itself_is_as_new_as_its_entries(sqlite_database: Database) -> None:
    office = Office(sqlite_database)
    office.add(draft())
    office.publish()
    office.add(replace(draft(title="T"), correction=MINOR), now=later(hours=1))
    office.publish(now=later(hours=1))
    root = root_of(document(office, Format.ATOM))
    assert root.findtext("{http://www.w3.org/2005/Atom}updated") == "2026-03-02T13:00:00Z"
