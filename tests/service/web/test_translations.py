"""Real releases in many languages: Debian's, PostgreSQL's and GOV.UK's, in feeds and pages."""

import json
import re
from collections.abc import Iterator
from datetime import time
from io import BytesIO
from zoneinfo import ZoneInfo

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree, html

from feeds.categories import Catalogue
from feeds.ingest import IntakeRules, read_documents
from feeds.model.feed import ALL, Category, Feed, Format, Window
from feeds.model.release import Draft, Release
from feeds.render.checks import check
from service.web import create_app
from tests.service.web.offices import PRESS_OFFICE, SAMPLES, SITE, open_office
from tests.support import atom_grammar
from tests.support.newsrooms import Office, later

RULES = IntakeRules(
    base_url=SITE.home, language="en", time_zone=ZoneInfo("UTC"), time_of_day=time(12)
)
WORKS = {
    "debian-multilingual.jsonl": r"/News/(2011/20110205a)\.wml$",
    "postgresql-multilingual.jsonl": r"/(presskit16)/",
    "govuk-examples.jsonl": r"(news_article_news_story_translated_arabic)",
}
ATOM = {"a": "http://www.w3.org/2005/Atom"}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XHTML_LINK = "{http://www.w3.org/1999/xhtml}link"
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
WIDE = Window(entries=100, days=1, bytes=5_000_000)


def feed(slug: str, title: str, **settings: object) -> Feed:
    described = {
        "slug": slug,
        "title": title,
        "description": title,
        "language": "en",
        "author": PRESS_OFFICE,
        "any_of": (slug,),
        "window": WIDE,
    }
    return Feed(**{**described, **settings})  # type: ignore[arg-type]


def beside(language: str, title: str) -> Feed:
    own = {"language": language, "only_in": language, "beside": "software", "any_of": ("software",)}
    return feed(f"software-{language}", title, group="Subjects", **own)


SPOKEN = Catalogue(
    SITE,
    [Category(slug="software", title="Software", titles=(("ar", "برمجيات"), ("fr", "Logiciels")))],
    [
        feed(ALL, "All releases", any_of=()),
        feed("software", "Software", group="Subjects"),
        beside("ar", "برمجيات"),
        beside("fr", "Logiciels"),
    ],
)


def documents() -> Iterator[Draft]:
    """The releases of three works, with what a press office would add to say so."""
    for name, pattern in WORKS.items():
        lines = []
        for line in (SAMPLES / name).read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if work := re.search(pattern, record["source_file"]):
                record |= {"work": work[1], "categories": ["Software"]}
                lines.append(json.dumps(record))
        read = read_documents(BytesIO("\n".join(lines).encode()), document=name, rules=RULES)
        yield from (one for one in read if isinstance(one, Draft))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    opened = open_office(tmp_path_factory.mktemp("translations"), SPOKEN)
    opened.add(*documents())
    opened.publish()
    yield opened
    opened.database.close()


@pytest.fixture
def client(office: Office) -> FlaskClient:
    return create_app(office.current).test_client()


@pytest.fixture(scope="module")
def releases(office: Office) -> list[Release]:
    found: list[Release] = office.newsstand.latest(ALL, limit=100)
    languages = {one.content.language for one in found}
    assert languages >= RIGHT_TO_LEFT | {"en", "fr", "de", "ja"}
    return found


def page_of(release: Release) -> str:
    return SITE.release_page(release.slug)


def alternates(entry: etree._Element) -> dict[str, str]:
    """The pages of an entry by language; each language once."""
    links = entry.findall("a:link[@rel='alternate']", ATOM)
    if len(links) > 1:
        *links, again = links
        assert again is entry.findall("a:link", ATOM)[-1]
        assert again.attrib["href"] == links[0].attrib["href"]
        assert again.attrib["type"] != links[0].attrib["type"]
    found = {link.attrib["hreflang"]: link.attrib["href"] for link in links}
    assert len(found) == len(links)
    return found


def test_entries_say_their_language_and_link_to_the_others_both_ways(
    office: Office, releases: list[Release]
) -> None:
    """RFC 4287 section 4.1.2: no more than one alternate of the same type and hreflang.

    So the last link of all, which is the entry's own page again, has not the type of the first.
    """
    root = etree.fromstring(office.newsstand.render(ALL, Format.ATOM))
    entries = root.findall("a:entry", ATOM)
    assert len(entries) == len(releases)
    by_page = {}
    for entry in entries:
        own = alternates(entry)
        by_page[own[entry.attrib[XML_LANG]]] = own
    assert all(by_page[page] == own for own in by_page.values() for page in own.values())
    assert max(len(own) for own in by_page.values()) > 8


def test_items_link_to_the_others(office: Office, releases: list[Release]) -> None:
    rss = etree.fromstring(office.newsstand.render(ALL, Format.RSS))
    links = "{http://www.w3.org/2005/Atom}link[@rel='alternate']"
    told = {
        item.findtext("guid"): {each.attrib["hreflang"] for each in item.findall(links)}
        for item in rss.iter("item")
    }
    items = json.loads(office.newsstand.render(ALL, Format.JSON))["items"]
    said = {
        item["id"]: {t["language"] for t in item.get("_communique", {}).get("translations", ())}
        for item in items
    }
    expected = {one.id: {each.language for each in one.translations} for one in releases}
    assert said == expected
    own = {one.id: {one.content.language} if one.translations else set() for one in releases}
    assert told == {key: expected[key] | own[key] for key in expected}


def test_pages_link_to_each_other(client: FlaskClient, releases: list[Release]) -> None:
    """Each page lists all, itself too, and the one for readers of other languages."""
    for release in releases:
        page = html.fromstring(client.get(f"/releases/{release.slug}").data.decode())
        links = page.xpath("//head/link[@rel='alternate'][@hreflang]")
        found = {link.get("hreflang"): link.get("href") for link in links}
        expected = {each.language: SITE.release_page(each.slug) for each in release.translations}
        if expected:
            expected[release.content.language] = page_of(release)
            expected["x-default"] = expected["en"]
        assert found == expected
        listed = page.xpath("//nav[contains(@class, 'tongues')]//a")
        assert [a.get("hreflang") for a in listed] == [t.language for t in release.translations]
        for a in listed:
            right_to_left = a.get("hreflang") in RIGHT_TO_LEFT
            assert (a.get("lang"), a.get("dir")) == (
                a.get("hreflang"),
                "rtl" if right_to_left else "ltr",
            )


@pytest.mark.parametrize("language", sorted(RIGHT_TO_LEFT))
def test_what_is_written_from_the_right_is_shown_so(
    client: FlaskClient, releases: list[Release], language: str
) -> None:
    shown = [one for one in releases if one.content.language == language]
    assert shown
    for release in shown:
        page = html.fromstring(client.get(f"/releases/{release.slug}").data.decode())
        [article] = page.xpath("//article")
        assert (article.get("lang"), article.get("dir")) == (language, "rtl")


def test_languages_are_named_as_their_speakers_do(
    client: FlaskClient, releases: list[Release]
) -> None:
    english = next(one for one in releases if one.content.language == "en" and one.translations)
    page = html.fromstring(client.get(f"/releases/{english.slug}").data.decode())
    named = {a.get("lang"): a.text for a in page.xpath("//nav[contains(@class, 'tongues')]//a")}
    known = {"ar": "العربية", "fa": "فارسی", "he": "עברית", "fr": "français", "ja": "日本語"}
    assert {tag: name for tag, name in named.items() if tag in known} == {
        tag: name for tag, name in known.items() if tag in named
    }
    assert set(named) & set(known)


def test_the_sitemap_tells_search_engines(client: FlaskClient, releases: list[Release]) -> None:
    root = etree.fromstring(client.get("/sitemap.xml").data)
    told = {
        url[0].text: {link.attrib["hreflang"] for link in url.findall(XHTML_LINK)} for url in root
    }
    for release in releases:
        # Itself where there is no translation, too: a crawler that looks for one language takes a
        # page without any for none of it (findings/trafilatura-sitemap-languages.sh).
        languages = {each.language for each in release.translations}
        usual = {"x-default"} if languages else set()
        assert told[page_of(release)] == languages | usual | {release.content.language}


def test_a_feed_of_one_language_is_of_it_through_and_through(office: Office) -> None:
    root = etree.fromstring(office.newsstand.render("software-ar", Format.ATOM))
    assert root.attrib[XML_LANG] == "ar"
    assert root.findtext("a:title", namespaces=ATOM) == "برمجيات"
    entries = root.findall("a:entry", ATOM)
    assert {entry.attrib[XML_LANG] for entry in entries} == {"ar"}
    for entry in entries:
        [category] = entry.findall("a:category", ATOM)
        assert dict(category.attrib) == {"term": "software", "label": "برمجيات"}
    rss = etree.fromstring(office.newsstand.render("software-ar", Format.RSS))
    assert rss.findtext("channel/language") == "ar"
    assert json.loads(office.newsstand.render("software-ar", Format.JSON))["language"] == "ar"


@pytest.mark.parametrize("slug", ["software", "software-ar", "software-fr"])
def test_pages_of_feeds_link_to_those_of_other_languages(client: FlaskClient, slug: str) -> None:
    page = html.fromstring(
        client.get(f"/feeds/{slug}", headers={"Accept": "text/html"}).data.decode()
    )
    pages = page.xpath("//head/link[@rel='alternate'][@hreflang][not(@type)]")
    assert {link.get("hreflang"): link.get("href") for link in pages} == {
        "x-default": SITE.feed_page("software"),
        "ar": SITE.feed_page("software-ar"),
        "fr": SITE.feed_page("software-fr"),
    }
    # Liferea and GNOME Feeds subscribe to the first feed that a page names.
    feeds = [link.get("href") for link in page.xpath("//head/link[@rel='alternate'][@type]")]
    assert feeds[: len(Format)] == [SITE.topic(slug, each) for each in Format]
    listed = [a.get("href") for a in page.xpath("(//nav[contains(@class, 'tongues')])[1]//a")]
    others = {"software", "software-ar", "software-fr"} - {slug}
    assert feeds[len(Format) :] == [SITE.topic(other, Format.ATOM) for other in sorted(others)]
    assert listed == [f"/feeds/{other}" for other in sorted(others)]
    if slug == "software-ar":
        assert page.xpath("//header[@class='page-head'][@lang='ar'][@dir='rtl']")


def test_the_list_of_feeds_is_nested_by_group_and_language(client: FlaskClient) -> None:
    body = etree.fromstring(client.get("/feeds.opml").data).find("body")
    assert body is not None
    [group] = body.findall("outline[@text='Subjects']")
    assert [(o.attrib["text"], [i.attrib["text"] for i in o]) for o in group] == [
        ("Software", []),
        ("العربية", ["برمجيات"]),
        ("français", ["Logiciels"]),
    ]


@pytest.mark.parametrize("feed_format", Format)
@pytest.mark.parametrize("slug", SPOKEN.feeds)
def test_documents_keep_their_promises(office: Office, slug: str, feed_format: Format) -> None:
    document = office.newsstand.render(slug, feed_format)
    topic = SITE.topic(slug, feed_format)
    assert check(document, feed_format, topic=topic, now=later(hours=1), max_bytes=9**9) == []
    if feed_format is Format.ATOM:
        atom_grammar.assert_valid(document)


def test_feedparser_takes_the_page_of_the_release_for_its_link(
    office: Office, releases: list[Release]
) -> None:
    """It takes the last alternate of the type text/html; others take the first or the last."""
    expected = {release.id: page_of(release) for release in releases}
    for feed_format in (Format.ATOM, Format.RSS):
        parsed = feedparser.parse(office.newsstand.render(ALL, feed_format))
        assert {entry.id: entry.link for entry in parsed.entries} == expected
        pages = {
            entry.id: [link.href for link in entry.links if link.rel == "alternate"]
            for entry in parsed.entries
        }
        assert {key: hrefs[0] for key, hrefs in pages.items()} == expected
        if feed_format is Format.ATOM:
            assert {key: hrefs[-1] for key, hrefs in pages.items()} == expected
            assert {entry.id: entry.links[-1].href for entry in parsed.entries} == expected


def test_all_of_it_is_served(client: FlaskClient) -> None:
    for slug in SPOKEN.feeds:
        for each in Format:
            assert client.get(f"/feeds/{slug}.{each}").status_code == 200
