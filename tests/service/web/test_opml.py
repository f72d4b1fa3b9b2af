"""The list of all feeds: OPML 2.0."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from flask.testing import FlaskClient

from feeds.categories import Catalogue
from feeds.model.feed import ALL
from service.web import create_app
from service.web.opml import write_opml
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.newsrooms import COOPERATION, NOON, Office, draft, later


def outlines(document: bytes) -> list[tuple[str, list[str]]]:
    """Top-level outlines with the feeds under them."""
    body = ET.fromstring(document).find("body")
    assert body is not None
    return [(outline.attrib["text"], [o.attrib["text"] for o in outline]) for outline in body]


def test_feeds_are_nested_by_group(client: FlaskClient) -> None:
    """OPML 2.0, Subscription lists: type is rss for every feed; text and xmlUrl are required."""
    response = client.get("/feeds.opml")
    assert response.headers["Content-Type"] == "text/x-opml; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert outlines(response.data) == [
        ("All releases", []),
        ("Subjects", [COOPERATION, "Nothing “yet” & <never>"]),
        ("Languages", ["دروس"]),
    ]
    root = ET.fromstring(response.data)
    assert root.attrib == {"version": "2.0"}
    feed = root.find("body/outline[@text='Languages']/outline")
    assert feed is not None
    assert feed.attrib == {
        "text": "دروس",
        "title": "دروس",
        "type": "rss",
        "xmlUrl": "https://news.example.org/feeds/lessons.atom",
        "htmlUrl": "https://news.example.org/feeds/lessons",
        "language": "ar",
        "description": "Releases under دروس",
    }


def test_its_date_is_that_of_the_newest_change(empty_office: Office) -> None:
    """OPML 2.0: dateModified, as RFC 822 has it."""
    client = create_app(empty_office.current).test_client()
    empty_office.add(draft(), now=later(minutes=5))
    head = ET.fromstring(client.get("/feeds.opml").data).find("head")
    assert head is not None
    assert head.findtext("dateModified") == "Mon, 02 Mar 2026 12:05:00 GMT"
    assert head.findtext("title") == SITE.title


def test_it_is_not_sent_twice(client: FlaskClient) -> None:
    """RFC 9110 13.1.2 and 13.1.3."""
    first = client.get("/feeds.opml")
    for held in (
        {"If-None-Match": first.headers["ETag"]},
        {"If-Modified-Since": first.headers["Last-Modified"]},
    ):
        again = client.get("/feeds.opml", headers=held)
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Last-Modified"] == first.headers["Last-Modified"]


def test_the_same_feeds_give_the_same_bytes() -> None:
    assert write_opml(CATALOGUE, modified_at=NOON) == write_opml(CATALOGUE, modified_at=NOON)
    assert write_opml(CATALOGUE, modified_at=NOON) != write_opml(CATALOGUE, modified_at=None)


def test_what_no_xml_can_hold_is_left_out() -> None:
    """XML 1.0 2.2: ElementTree would write a control character, and no reader could read it."""
    odd = replace(CATALOGUE.feeds[ALL], title='All\x0b "of\ufffe it" & <more>\ud800')
    document = write_opml(Catalogue(SITE, (), [odd]), modified_at=NOON)
    assert outlines(document) == [('All "of it" & <more>', [])]
