"""Ids that readers knew before a release came here: in each format, and in its tombstone.

Source: RFC 4287 section 4.2.6 (an IRI), RSS 2.0 (``guid`` is any text), JSON Feed 1.1 (``id``).
"""

import json
from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.published_id import PublishedId, known_as
from feeds.model.release import Retraction
from feeds.render import assemble, fingerprint, render_fragment
from tests.support.parsers import NAMESPACES, root_of
from tests.support.rendering import COOPERATION, RELEASE, SITE, head_of, stub_of

KEY = "import:0123456789abcdef"
DRUPAL = "45863 at https://x"

IRIS = [
    "http://localhost/?p=1",
    "https://example.org/2019/05/title/",
    "tag:blogger.com,1999:blog-1.post-2",
    "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a",
    "https://example.org/a%20b#part",
    "https://example.org/fuß",
]
OTHERS = [DRUPAL, "article 54 at example.com", "42", "https://example.org/a b", "x:%zz", "a:b#c#d"]


def entry(known: PublishedId | None, **changes: object) -> Entry:
    release = replace(RELEASE, published_id=known, **changes)  # type: ignore[arg-type]
    return Entry(release=release, categories=(COOPERATION,))


def document(one: Entry, feed_format: Format) -> bytes:
    return assemble(
        head_of(feed_format), feed_format, SITE, [render_fragment(one, feed_format, SITE)]
    )


def ids(one: Entry) -> tuple[str, str, str, str | None]:
    """``atom:id``, ``guid``, JSON Feed ``id``, and ``isPermaLink``."""
    [atom] = root_of(document(one, Format.ATOM)).xpath(
        "//atom:entry/atom:id", namespaces=NAMESPACES
    )
    [guid] = root_of(document(one, Format.RSS)).xpath("//item/guid")
    [item] = json.loads(document(one, Format.JSON))["items"]
    return atom.text, guid.text, item["id"], guid.get("isPermaLink")


@pytest.mark.parametrize("value", IRIS)
def test_an_iri_is_the_id_in_every_format(value: str) -> None:
    assert ids(entry(known_as(value, source_key=KEY)))[:3] == (value, value, value)


@pytest.mark.parametrize("value", OTHERS)
def test_what_is_no_iri_stays_as_it_is_but_in_atom(value: str) -> None:
    atom, *others, is_permalink = ids(entry(known_as(value, source_key=KEY, is_permalink=True)))
    assert others == [value, value]
    assert atom.startswith("urn:uuid:")
    assert is_permalink == "false"  # no reader may take it for an address


def test_the_stand_in_is_the_same_each_time_and_another_for_another_key() -> None:
    assert known_as(DRUPAL, source_key=KEY).iri == known_as("other", source_key=KEY).iri
    assert known_as(DRUPAL, source_key=KEY).iri != known_as(DRUPAL, source_key="import:1").iri
    assert known_as(DRUPAL, source_key=KEY).iri == "urn:uuid:8bebc51a-8357-5804-bca6-4d21678e0b63"


@pytest.mark.parametrize(("stated", "written"), [(True, "true"), (None, "true"), (False, "false")])
def test_a_guid_keeps_whether_it_is_a_permalink(stated: bool | None, written: str) -> None:
    known = known_as("https://example.org/1", source_key=KEY, is_permalink=stated)
    assert ids(entry(known))[3] == written


def test_a_release_that_was_born_here_is_written_as_ever() -> None:
    assert ids(entry(None)) == (RELEASE.id, RELEASE.id, RELEASE.id, "false")


def test_a_tombstone_names_the_entry_as_its_format_does() -> None:
    retraction = Retraction(at=RELEASE.updated + timedelta(days=1), reason="In error.")
    one = entry(known_as(DRUPAL, source_key=KEY), retraction=retraction)
    deleted = "//*[local-name()='deleted-entry']/@ref"
    for feed_format, expected in ((Format.ATOM, ids(one)[0]), (Format.RSS, DRUPAL)):
        assert root_of(document(one, feed_format)).xpath(deleted) == [expected]
    assert ids(one)[1:3] == (DRUPAL, DRUPAL)


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_feedparser_finds_the_id_and_the_page(feed_format: Format) -> None:
    one = entry(known_as(DRUPAL, source_key=KEY))
    [read] = feedparser.parse(document(one, feed_format)).entries
    assert read.id == (DRUPAL if feed_format is Format.RSS else ids(one)[0])
    assert read.link == SITE.release_page(RELEASE.slug)


@pytest.mark.parametrize("feed_format", list(Format))
def test_the_fingerprint_knows_the_id(feed_format: Format) -> None:
    prints = {
        fingerprint(stub_of(one.release), one.categories, feed_format, SITE)
        for one in (entry(None), entry(known_as("a:1", source_key=KEY)))
    }
    assert len(prints) == 2
