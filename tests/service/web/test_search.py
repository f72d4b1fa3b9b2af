"""The search: its page, every search as a feed, and its description."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree
from selectolax.lexbor import LexborHTMLParser
from werkzeug.test import TestResponse

from feeds.categories import Catalogue
from feeds.errors import SearchTooSlow
from feeds.model.feed import ALL, Category, Format, Site
from feeds.newsstand import searches
from feeds.store.database import Database
from feeds.store.search import SearchIndex
from service.settings import Settings
from service.web import create_app
from tests.support.newsrooms import NOON, OFFICE, SITE, Office, draft, feed, later
from tests.support.ready_stores import make_sqlite

HTML = {"Accept": "text/html"}
RELEASES = 25
#: After the edition of all releases, and the second in which it was made.
NOW = later(minutes=5)


def _fill(office: Office) -> None:
    office.add(
        *(
            draft(f"id:{number}", "Finance" if number % 2 else "Health",
                  title=f"The flood of {number}", published=NOON - timedelta(days=number))
            for number in range(RELEASES)
        ),
        draft("id:ar", title="بيان عن الفيضان", body="<p>قالت الوزارة في مُؤتمر</p>", language="ar"),
        draft("id:de", title="<b>Hochwasser</b> & Sturm", language="de", summary="",
              body=f"<p>{'Es regnet. ' * 60}In Stuttgart/München <em>steigt</em> der Pegel.</p>"),
    )  # fmt: skip
    office.publish(now=later(minutes=1))
    office.index()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A newsroom with enough releases for several pages. Only to be read."""
    database = make_sqlite(tmp_path_factory.mktemp("search") / "news.db")
    opened = Office(database)
    _fill(opened)
    yield opened
    database.close()


@pytest.fixture
def own(database: Database) -> Office:
    """A newsroom to be changed, on either database."""
    opened = Office(database)
    _fill(opened)
    return opened


def _client(office: Office, **settings: object) -> FlaskClient:
    app = create_app(office.current, has_search=True, clock=lambda: NOW)
    return app.test_client(use_cookies=False)


Get = Callable[..., TestResponse]


@pytest.fixture
def get(office: Office) -> Get:
    """Ask as a browser does; without a rate, because each test has a client of its own."""
    client = _client(office)
    return lambda path, **headers: client.get(path, headers=HTML | headers)


def _titles(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each.text() for each in LexborHTMLParser(answer.text).css(".entry-title")]


def test_hits_are_on_pages_newest_first(get: Get) -> None:
    first = get("/search?q=flood")
    assert _titles(first) == [f"The flood of {number}" for number in range(10)]
    page = LexborHTMLParser(first.text)
    assert page.css("#results")[0].text() == "Releases 1 to 10, newest first"
    [following] = page.css("nav.pages a")
    assert (following.attributes["rel"], following.attributes["href"]) == (
        "next",
        "/search?q=flood&page=2",
    )
    last = get("/search?q=flood&page=3")
    assert _titles(last) == [f"The flood of {number}" for number in range(20, RELEASES)]
    links = [each.attributes["rel"] for each in LexborHTMLParser(last.text).css("nav.pages a")]
    assert links == ["prev"]
    for number in (4, 21, 9999):
        assert get(f"/search?q=flood&page={number}").status_code == 404
    for page_number in ("0", "-1", "x", "1.5", "99999", "%D9%A1"):
        assert get(f"/search?q=flood&page={page_number}").status_code == 404


def test_hits_beyond_the_last_page_are_a_search_by_date(
    get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "MAX_PAGES", 2)
    last = LexborHTMLParser(get("/search?q=flood&page=2").text)
    [before, older] = last.css("nav.pages a")
    assert before.attributes["href"] == "/search?q=flood"
    assert older.attributes["href"] == "/search?q=flood&to=2026-02-11"
    assert _titles(get(older.attributes["href"]))[0] == "The flood of 19"
    assert get("/search?q=flood&page=3").status_code == 404


def test_hits_are_marked_in_title_and_text(get: Get) -> None:
    page = LexborHTMLParser(get("/search?q=hochwasser+m%C3%BCnchen").text)
    assert [each.text() for each in page.css("mark")] == ["Hochwasser", "München"]
    [title] = page.css(".entry-title")
    assert title.text() == "<b>Hochwasser</b> & Sturm"  # as text
    [excerpt] = page.css(".excerpt")
    assert excerpt.text().startswith("… ")
    assert "In Stuttgart/München steigt der Pegel." in excerpt.text()
    assert page.css(".entry-text")[0].attributes["lang"] == "de"
    arabic = LexborHTMLParser(get("/search?q=" + quote_plus("الوزاره مؤتمر")).text)
    assert [each.text() for each in arabic.css("mark")] == ["الوزارة", "مُؤتمر"]
    assert arabic.css(".entry-text")[0].attributes["dir"] == "rtl"


#: Parameters, and the first hits or the number of them.
NARROWED = {
    "q=flood&category=finance": ["The flood of 1", "The flood of 3"],
    "q=flood&category=health&to=2026-02-25": ["The flood of 6", "The flood of 8"],
    "q=flood&from=2026-03-01": ["The flood of 0", "The flood of 1"],
    "q=flood&from=2026-02-28&to=2026-02-28": ["The flood of 2"],
    "q=flood&language=de": [],
    "q=hochwasser&language=de": ["<b>Hochwasser</b> & Sturm"],
    "q=nothing": [],
}


@pytest.mark.parametrize("parameters", NARROWED)
def test_searches_are_narrowed(get: Get, parameters: str) -> None:
    answer = get(f"/search?{parameters}")
    expected = NARROWED[parameters]
    assert _titles(answer)[: len(expected) or 1] == expected
    if not expected:
        assert "Nothing was found" in answer.text
        assert "No release has all of these words" in answer.text


def test_days_are_those_of_the_newsroom(tmp_path: Path) -> None:
    site = Site(base_url=SITE.base_url, title="N", language="en", author=OFFICE,
                time_zone=ZoneInfo("Asia/Tokyo"))  # fmt: skip
    described = Catalogue(site, [Category(slug="finance", title="Finance")], [feed(ALL)])
    database = make_sqlite(tmp_path / "news.db")
    office = Office(database, described)
    office.add(draft(title="Late", published=NOON + timedelta(hours=4, days=-1)))  # 1 in Tokyo
    office.index()
    get = _client(office).get
    assert _titles(get("/search?q=late&from=2026-03-02&to=2026-03-02")) == ["Late"]
    assert _titles(get("/search?q=late&to=2026-03-01")) == []
    database.close()


#: Searches that cannot be answered, and what the page says.
FAULTS = {
    "q=%21%3F": "Type at least one word",
    "category=finance": "Type at least one word",
    "q=" + "a" * 201: "too long",
    "q=a&category=none": "no such subject",
    "q=a&language=%3Cb%3E": "no such language",
    "q=a&from=yesterday": "These dates do not fit",
    "q=a&from=2026-02-30": "These dates do not fit",
    "q=a&to=0001-01-01": "These dates do not fit",
    "q=a&from=2026-03-02&to=2026-03-01": "These dates do not fit",
    "q=%ff": "address of this search is damaged",
    "q=M%FCnchen": "address of this search is damaged",  # Latin-1
}


@pytest.mark.parametrize("parameters", FAULTS)
def test_a_search_that_cannot_be_answered_says_why(get: Get, parameters: str) -> None:
    answer = get(f"/search?{parameters}")
    assert answer.status_code == 400
    assert FAULTS[parameters] in LexborHTMLParser(answer.text).css("[role=alert]")[0].text()
    assert answer.headers["Cache-Control"] == "no-store"
    document = get(f"/search.atom?{parameters}", Accept="application/atom+xml")
    assert (document.status_code, document.mimetype) == (400, "application/problem+json")
    assert document.json is not None
    assert document.json["detail"]


def test_what_was_typed_stands_in_the_form_as_text(get: Get) -> None:
    page = LexborHTMLParser(get("/search?q=" + quote_plus('"><script>x</script>')).text)
    assert page.css("#q")[0].attributes["value"] == '"><script>x</script>'
    assert page.css("main script") == []
    assert get("/search?q=a%00b").status_code == 301


def test_a_language_that_no_release_is_in_is_said_to_be_none(get: Get) -> None:
    """Other words would find nothing either."""
    said = "No release is in the language that you chose."
    assert said in get("/search?q=hochwasser&language=xx").text
    assert said in get("/search?q=hochwasser&language=de-at").text
    assert said not in get("/search?q=flood&language=de").text
    assert said not in get("/search?q=none").text


def test_the_form_alone_can_be_cached(get: Get) -> None:
    answer = get("/search")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert get("/search", **{"If-None-Match": answer.headers["ETag"]}).status_code == 304
    form = LexborHTMLParser(answer.text).css("form[role=search]")[0]
    assert (form.attributes["action"], form.attributes["method"]) == ("/search", "get")
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


#: What is asked for, and its one address.
MOVED = {
    "/search?category=&q=flood&from=&to=&language=": "/search?q=flood",
    "/search?q=++flood%20%20of+&page=1": "/search?q=flood+of",
    "/search?q=flood&utm_source=x&page=02": "/search?q=flood&page=2",
    "/search?q=flood&from=20260301": "/search?q=flood&from=2026-03-01",
    "/search?q=flood&language=DE": "/search?q=flood&language=de",
    "/search?q=flood&category=all": "/search?q=flood",
    "/search?q=": "/search",
    "/search?q=+&category=&language=&from=&to=": "/search",
    "/search.rss?q=m%c3%bcnchen&page=2": "/search.rss?q=m%C3%BCnchen",
}


@pytest.mark.parametrize("path", MOVED)
def test_a_search_has_one_address(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 301
    assert answer.headers["Location"] == MOVED[path]
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert get(MOVED[path]).status_code == 200


def test_the_order_of_parameters_does_not_matter(get: Get) -> None:
    """Some caches sort them; a redirect would never end."""
    answer = get("/search?language=de&q=hochwasser&from=2026-01-01")
    assert answer.status_code == 200
    [canonical] = LexborHTMLParser(answer.text).css("link[rel=canonical]")
    address = f"{SITE.base_url}/search?q=hochwasser&language=de&from=2026-01-01"
    assert canonical.attributes["href"] == address


@pytest.mark.parametrize("feed_format", Format)
def test_every_search_is_a_feed(get: Get, feed_format: Format) -> None:
    path = f"/search.{feed_format}?q=flood&category=finance"
    answer = get(path, Accept="*/*")
    assert answer.content_type == f"{feed_format.media_type}; charset=utf-8"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Last-Modified"] == "Mon, 02 Mar 2026 12:01:00 GMT"
    if feed_format is Format.JSON:
        document = json.loads(answer.data)
        titles = [each["title"] for each in document["items"]]
        assert document["feed_url"] == SITE.base_url + path
        assert document["home_page_url"] == f"{SITE.base_url}/search?q=flood&category=finance"
        assert "hubs" not in document
    else:
        read = feedparser.parse(answer.data)
        assert not read.bozo
        titles = [each.title for each in read.entries]
        links = {each.rel: each.href for each in read.feed.links}
        assert links["self"] == SITE.base_url + path
        assert links["alternate"] == f"{SITE.base_url}/search?q=flood&category=finance"
        assert "hub" not in links
        assert read.feed.title == "flood – Example News"
    assert titles == [f"The flood of {number}" for number in range(1, RELEASES, 2)]
    same = get(path, Accept="*/*", **{"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert get(path, Accept="*/*", **since).status_code == 304
    zipped = get(path, Accept="*/*", **{"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    entry = get(f"/feeds/finance.{feed_format}")  # the same bytes as in any other feed
    assert entry.status_code in (200, 404)
    person = get(path, **{"Sec-Fetch-Mode": "navigate"})
    assert person.status_code == 303
    assert person.headers["Location"] == f"{SITE.base_url}/search?q=flood&category=finance"


def test_a_feed_without_hits_is_valid_and_its_id_is_its_own(get: Get) -> None:
    empty, other = (feedparser.parse(get(f"/search.atom?q={q}").data) for q in ("none", "other"))
    assert (empty.bozo, empty.entries) == (False, [])
    assert empty.feed.id != other.feed.id
    assert empty.feed.id == feedparser.parse(get("/search.atom?q=none").data).feed.id
    assert empty.feed.updated == "2026-03-02T12:00:00Z", "the newsroom's last change"


def test_pages_name_the_search_and_its_feeds(get: Get, office: Office) -> None:
    page = LexborHTMLParser(get("/search?q=flood").text)
    feeds = [each.attributes["href"] for each in page.css("link[rel=alternate]")]
    assert feeds[0] == f"{SITE.base_url}/search.atom?q=flood"
    assert f"{SITE.base_url}/feeds/all.atom" in feeds
    assert page.css("meta[name=robots]")[0].attributes["content"] == "noindex"
    front = LexborHTMLParser(get("/").text)
    assert front.css("main form[role=search]")
    assert front.css("nav a[href='/search']")
    [described] = front.css("link[rel=search]")
    assert described.attributes["href"] == f"{SITE.base_url}/opensearch.xml"
    assert "Disallow: /search\n" in get("/robots.txt").text


def test_browsers_and_clients_are_told_how_to_search(get: Get) -> None:
    answer = get("/opensearch.xml")
    assert answer.content_type == "application/opensearchdescription+xml; charset=utf-8"
    root = etree.fromstring(answer.data)
    names = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert len(root.findtext("o:ShortName", namespaces=names) or "") <= 16
    [template] = [
        each.get("template")
        for each in root.findall("o:Url", names)
        if each.get("type") == "text/html"
    ]
    asked = template.replace("{searchTerms}", "the+flood").replace("{startPage?}", "")
    asked = asked.removeprefix(SITE.base_url)
    assert get(asked).headers["Location"] == "/search?q=the+flood"


def test_who_searches_too_often_has_to_wait(office: Office) -> None:
    before = office.application
    limits = before.settings.search.model_copy(update={"requests_per_minute": 1, "burst": 2})
    office.current.application = replace(
        before, settings=before.settings.model_copy(update={"search": limits})
    )
    client = _client(office)
    for _ in range(limits.burst):
        assert client.get("/search?q=none").status_code == 200
    refused = client.get("/search.atom?q=none")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 30
    assert client.get("/search").status_code == 200  # the form costs nothing
    assert client.get("/search?q=+none").status_code == 301
    office.current.application = before


def test_a_search_that_takes_too_long_says_so(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object, **__: object) -> None:
        raise SearchTooSlow

    monkeypatch.setattr(SearchIndex, "find", give_up)
    page = get("/search?q=flood")
    assert page.status_code == 503
    assert "takes too long" in page.text
    assert get("/search.atom?q=flood", Accept="*/*").status_code == 503


def test_a_newsroom_may_offer_no_search(office: Office) -> None:
    settings: Settings = office.settings.model_copy(
        update={"search": office.settings.search.model_copy(update={"offered": False})}
    )
    before = office.application
    office.current.application = replace(before, settings=settings)
    try:
        _require_no_search(_client(office))
    finally:
        office.current.application = before


def test_an_export_has_no_search(office: Office) -> None:
    _require_no_search(create_app(office.current).test_client(use_cookies=False))


def _require_no_search(client: FlaskClient) -> None:
    for path in ("/search", "/search?q=a", "/search.atom?q=a", "/opensearch.xml"):
        assert client.get(path).status_code == 404
    assert "/search" not in client.get("/", headers=HTML).text
    assert "search" not in client.get("/robots.txt").text


def test_what_is_published_corrected_and_retracted_is_found(own: Office) -> None:
    client = _client(own)

    def titles(words: str) -> list[str]:
        own.index()
        return _titles(client.get(f"/search?q={words}", headers=HTML))

    secret = replace(draft("id:s", title="Sesame opens"), embargoed_until=later(hours=1))
    own.add(secret, now=later(minutes=2))
    assert titles("sesame") == []
    assert b"Sesame" not in client.get("/search.atom?q=sesame").data
    own.newsroom.embargoes.release(now=later(hours=1))
    assert titles("sesame") == ["Sesame opens"]
    own.newsroom.retract("id:s", reason="In error.", by="test", now=later(hours=2))
    assert titles("sesame") == []
    own.add(draft("id:de", title="Sturm", language="de"), now=later(hours=3))
    assert titles("hochwasser") == []
    assert titles("sturm") == ["Sturm"]
    read = feedparser.parse(client.get("/search.atom?q=sturm").data)
    assert [each.title for each in read.entries] == ["Sturm"]


@pytest.mark.parametrize("path", ["/search?q=treaty", "/search.atom?q=treaty"])
def test_hits_have_no_date_while_releases_are_still_to_be_indexed(own: Office, path: str) -> None:
    """They change once more, and the last release has given them its date already."""
    client = _client(own)
    own.add(draft("id:t", title="A treaty of friendship"), now=later(minutes=2))
    own.publish(now=later(minutes=2))
    before = client.get(path)
    assert (b"friendship" in before.data, before.last_modified) == (False, None)
    own.index()
    after = client.get(path)
    assert (b"friendship" in after.data, after.last_modified) == (True, later(minutes=2))
    assert after.headers["ETag"] != before.headers["ETag"]
