"""Pages for a person: what stands on them, in which language, and what they may load."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import brotli
import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from feeds.categories import Catalogue
from feeds.model.feed import ALL, FeedClosure, Format
from feeds.model.release import Contact, Details, Enclosure, Person, RelatedLink, SourceFeed
from service.web import create_app
from service.web.body_markup import file_kind
from tests.service.web.offices import CATALOGUE, CATEGORIES, SITE, open_office
from tests.support.newsrooms import COOPERATION, NOON, Office, draft, later

TREATY = "CTED participates in Dushanbe Process Conference"


#: lxml's types tell of ``xpath`` that it may return anything at all.
Tree = Any


def tree_of(response: TestResponse) -> Tree:
    """Read a page."""
    return html.fromstring(response.get_data())


def page(client: FlaskClient, path: str) -> Tree:
    """Ask for a page as a browser does, and read it."""
    response = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    return tree_of(response)


def release_path(office: Office, title: str) -> str:
    """Return the path of a release's page."""
    listed = office.newsroom.releases(limit=100)
    slug = next(one.release.slug for one in listed if title in one.release.content.title)
    return f"/releases/{slug}"


def in_language(office: Office, language: str) -> str:
    """Return the path of the page of some release in *language*."""
    listed = office.newsroom.releases(limit=100)
    slug = next(one.release.slug for one in listed if one.release.content.language == language)
    return f"/releases/{slug}"


def every_page(office: Office) -> list[str]:
    return [
        "/",
        *(f"/feeds/{slug}" for slug in office.catalogue.feeds),
        *(f"/releases/{one.release.slug}" for one in office.newsroom.releases(limit=100)),
    ]


def test_the_front_page_lists_the_latest_releases(client: FlaskClient, office: Office) -> None:
    tree = page(client, "/")
    shown = tree.xpath("//ol[@class='releases']/li//h3")
    latest = office.newsstand.latest(ALL, limit=20)
    assert [title.text_content().strip() for title in shown] == [
        release.content.title for release in latest
    ]
    for release in latest:
        assert tree.xpath(f"//a[@href='/releases/{release.slug}']")


def test_the_front_page_lists_every_feed_under_its_group(client: FlaskClient) -> None:
    tree = page(client, "/")
    groups = {
        group.findtext("h3"): [a.text_content() for a in group.xpath(".//p[@class='feed-title']/a")]
        for group in tree.xpath("//div[@class='group']")
    }
    assert groups == {
        "Subjects": [COOPERATION, "Nothing “yet” & <never>"],
        "Languages": ["دروس"],
    }
    for slug in CATALOGUE.feeds:
        assert tree.xpath(f"//a[@href='/feeds/{slug}']")
        assert tree.xpath(f"//button[@data-copy='{SITE.topic(slug, Format.ATOM)}']")
    for slug in CATALOGUE.feeds.keys() - {ALL}:
        for feed_format in Format:
            assert tree.xpath(f"//a[@href='/feeds/{slug}.{feed_format}']")
    assert tree.xpath("//a[@href='/feeds.opml']")


def test_a_feed_page_gives_three_addresses_and_its_releases(client: FlaskClient) -> None:
    tree = page(client, "/feeds/cooperation")
    assert tree.findtext(".//h1") == COOPERATION
    written = [code.text for code in tree.xpath("//dl[@class='addresses']//code")]
    assert written == [SITE.topic("cooperation", feed_format) for feed_format in Format]
    assert [title.text_content().strip() for title in tree.xpath("//h3")] == [TREATY]
    assert tree.xpath("//li[@class='entry']/time/@datetime") == ["2019-05-21T16:38:50Z"]
    assert tree.xpath("//li[@class='entry']/time/text()") == ["21 May 2019"]


@pytest.mark.parametrize(
    ("path", "slug"),
    [("/", ALL), ("/feeds/cooperation", "cooperation"), ("/feeds/lessons", "lessons")],
)
def test_a_reader_finds_the_feeds_of_a_page(client: FlaskClient, path: str, slug: str) -> None:
    """HTML Standard 4.6.7.1: autodiscovery by link rel=alternate."""
    found = page(client, path).xpath("//head/link[@rel='alternate']")
    feed = CATALOGUE.feeds[slug]
    assert [(link.get("type"), link.get("href"), link.get("title")) for link in found] == [
        (each.media_type, SITE.topic(slug, each), f"{feed.title} ({each.label})") for each in Format
    ]


def test_a_release_page_is_complete(client: FlaskClient, office: Office) -> None:
    """The user's own document: title, time, all paragraphs, quotation marks, category."""
    path = release_path(office, TREATY)
    tree = page(client, path)
    assert tree.findtext(".//h1") == TREATY
    assert tree.xpath("//head/link[@rel='canonical']/@href") == [SITE.base_url + path]
    assert tree.xpath("//article//time/@datetime")[0] == "2019-05-21T16:38:50Z"
    assert tree.xpath("//article//time/text()")[0] == "21 May 2019, 16:38 UTC"
    body = tree.xpath("//div[@class='body']")[0]
    assert len(body.xpath("./p")) >= 11
    assert "“International and Regional Co-operation on Countering" in body.text_content()
    filed = tree.xpath("//ul[@class='categories']//a")
    assert [(a.get("href"), a.text_content()) for a in filed] == [
        ("/feeds/cooperation", COOPERATION)
    ]
    assert tree.xpath("//meta[@property='og:title']/@content") == [TREATY]
    assert tree.xpath("//meta[@property='og:type']/@content") == ["article"]


def test_a_release_page_tells_where_it_comes_from_and_what_belongs_to_it(
    empty_office: Office,
) -> None:
    empty_office.add(
        draft(
            title="Report <published> & signed",
            url="https://www.ministry.example/report?a=1&b=2",
            authors=(
                Person(name="A. <b>Minister</b>"),
                Person(name="B.", uri="https://ministry.example/b"),
            ),
            updated=NOON,
            enclosures=(
                Enclosure(
                    url="https://ministry.example/annual%20report.pdf",
                    media_type="application/pdf",
                    length_bytes=1_432_000,
                ),
            ),
        )
    )
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    assert tree.findtext(".//h1") == "Report <published> & signed"
    assert tree.findtext(".//title") == "Report <published> & signed – Office of Public Information"
    assert "First published at ministry.example" in tree.text_content()
    assert tree.xpath("//a[@rel='external']/@href") == [
        "https://www.ministry.example/report?a=1&b=2"
    ]
    authors = tree.xpath("//ul[@aria-label='Authors']/li")
    assert [author.text_content() for author in authors] == ["A. <b>Minister</b>", "B."]
    attached = tree.xpath("//ul[@class='attachments']/li")[0]
    assert attached.text_content() == "annual report.pdf PDF, 1.4 MB"
    assert "Updated" in tree.xpath("//header[@class='release-head']")[0].text_content()


@pytest.mark.parametrize(
    ("url", "site_url", "address"),
    [
        ("https://c.example/f?a=1&b=2", "https://c.example/", "https://c.example/"),
        ("https://c.example/f?a=1&b=2", None, "https://c.example/f?a=1&b=2"),
        (None, None, None),
    ],
)
def test_a_release_page_names_whose_feed_it_comes_from(
    empty_office: Office, url: str | None, site_url: str | None, address: str | None
) -> None:
    title = "Stadtrat <b>& Kanzlei"
    source = SourceFeed(title=title, url=url, site_url=site_url)
    empty_office.add(draft(title="Report", details=Details(source=source)))
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    [line] = [each for each in tree.xpath("//footer//p") if "Source" in each.text_content()]
    assert line.text_content() == f"Source: {title}"
    assert line.xpath("./a[@rel='external']/@href") == ([] if address is None else [address])
    assert line.xpath(".//bdi")[0].text_content() == title


def test_a_release_page_has_what_a_press_release_has(empty_office: Office) -> None:
    empty_office.add(
        draft(
            title="Report",
            enclosures=(
                Enclosure(
                    url="https://x.test/hall.jpg",
                    media_type="image/jpeg",
                    length_bytes=5000,
                    alt='The "hall" & yard',
                    credit="Photo: A & B",
                    thumbnail="https://x.test/hall-small.jpg",
                ),
                Enclosure(
                    url="https://x.test/talk.mp3",
                    media_type="audio/mpeg",
                    length_bytes=7000,
                    title="Talk",
                    alt="What was said",
                    duration_s=754,
                ),
            ),
            details=Details(
                place="Geneva & Nyon",
                number="SG/SM/19589",
                rights="© 2026 <Example>",
                license="https://creativecommons.org/licenses/by/4.0/",
                work="a-key-that-nobody-needs-to-see",
                contacts=(
                    Contact(
                        name="Jane <Doe>",
                        role="Spokesperson",
                        organisation="Press Service",
                        phone="+41 22 917 12 34",
                        email="jane+press@example.org",
                        uri="https://example.org/press",
                    ),
                    Contact(name="Night desk", phone="917 ext. 12"),
                ),
                related=(
                    RelatedLink(
                        url="https://r.test/fr", title="Rapport", language="fr", media_type="a/b"
                    ),
                    RelatedLink(url="https://www.elsewhere.test/all"),
                ),
            ),
        )
    )
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    assert words(tree, "//p[contains(@class, 'dateline')]") == [
        "Geneva & Nyon · Published 2 March 2026, 11:00 UTC"
    ]
    assert words(tree, "//ul[@class='attachments']/li") == [
        "hall.jpg JPEG, 5.0 kB Photo: A & B",
        "Talk MP3, 7.0 kB, 12:34 What was said",
    ]
    (image,) = tree.xpath("//ul[@class='attachments']//img")
    assert (image.get("src"), image.get("alt")) == (
        "https://x.test/hall-small.jpg",
        'The "hall" & yard',
    )
    assert words(tree, "//ul[@class='contacts']/li") == [
        "Jane <Doe> Spokesperson Press Service +41 22 917 12 34 jane+press@example.org",
        "Night desk 917 ext. 12",
    ]
    assert tree.xpath("//ul[@class='contacts']//a/@href") == [
        "https://example.org/press",
        "tel:+41229171234",
        "mailto:jane+press@example.org",
    ]
    assert words(tree, "//ul[@class='related']/li") == ["Rapport r.test", "elsewhere.test/all"]
    (french, _) = tree.xpath("//ul[@class='related']//a")
    assert (french.get("hreflang"), french.get("type")) == ("fr", "a/b")
    assert french.xpath("bdi/@lang") == ["fr"]
    (licence,) = tree.xpath("//a[@rel='license']")
    assert licence.get("href") == "https://creativecommons.org/licenses/by/4.0/"
    assert "© 2026 <Example>" in tree.text_content()
    assert "nobody-needs-to-see" not in tree.text_content()


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_files_contacts_and_links_follow_the_direction_of_their_release(
    empty_office: Office, language: str, direction: str
) -> None:
    paper = Enclosure(url="https://x.test/a.pdf", media_type="application/pdf", length_bytes=1)
    details = Details(
        contacts=(Contact(name="ليلى حسن"),), related=(RelatedLink(url="https://r.test/"),)
    )
    empty_office.add(draft(title="Report", language=language, enclosures=(paper,), details=details))
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    lists = tree.xpath("//footer[@class='release-foot']/section/ul")
    assert [(each.get("class"), each.get("dir")) for each in lists] == [
        ("contacts", direction),
        ("attachments", direction),
        ("related", direction),
    ]


def words(tree: Tree, path: str) -> list[str]:
    """Return the text of each element, as it is read."""
    return [" ".join(found.text_content().split()) for found in tree.xpath(path)]


def test_a_release_without_details_shows_no_empty_headings(empty_office: Office) -> None:
    empty_office.add(draft(title="Plain"))
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Plain"))
    assert tree.xpath("//footer[@class='release-foot']//h2") == []
    assert tree.xpath("//p[contains(@class, 'dateline')]") == []


@pytest.mark.parametrize("language", ["ar", "ur", "he"])
def test_a_release_is_written_in_its_own_direction(
    client: FlaskClient, office: Office, language: str
) -> None:
    """HTML Standard 3.2.6: lang and dir on the release, and on words in another language."""
    tree = page(client, in_language(office, language))
    page_language = (tree.get("lang"), tree.get("dir"))
    article = tree.xpath("//article")[0]
    assert (article.get("lang"), article.get("dir")) == (language, "rtl")
    published = article.xpath(".//time/..")[0]
    own = (published.get("lang"), published.get("dir"))
    assert own == ((None, None) if page_language == (language, "rtl") else page_language)


def test_each_entry_of_a_list_speaks_its_own_language(client: FlaskClient, office: Office) -> None:
    entries = page(client, "/feeds/all").xpath("//div[@class='entry-text']")
    spoken = {(entry.get("lang"), entry.get("dir")) for entry in entries}
    assert {("en", "ltr"), ("es", "ltr"), ("ar", "rtl"), ("ur", "rtl"), ("he", "rtl")} == spoken


def test_pages_load_nothing_from_elsewhere(client: FlaskClient, office: Office) -> None:
    """CSP 3: style, script and icon are ours; only a release's own images are not."""
    for path in every_page(office):
        response = client.get(path)
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        tree = tree_of(response)
        loaded = tree.xpath("//script/@src | //link[@rel='stylesheet' or @rel='icon']/@href")
        assert len(loaded) == 3
        for address in loaded:
            assert client.get(address).status_code == 200
            assert not urlsplit(address).netloc
        assert not tree.xpath("//script[not(@src)] | //style | //iframe | //@style | //@onclick")


def test_every_link_from_page_to_page_leads_somewhere(client: FlaskClient, office: Office) -> None:
    paths: set[str] = set()
    for page_path in every_page(office):
        tree = tree_of(client.get(page_path))
        ours = tree.xpath("//a[not(ancestor::div[@class='body'])]/@href | //link/@href")
        urls = [urlsplit(urljoin(SITE.base_url + page_path, address)) for address in ours]
        paths |= {url.path for url in urls if url.netloc == "news.example.org"}
        anchors = {urlsplit(address).fragment for address in ours if address.startswith("#")}
        assert anchors <= set(tree.xpath("//@id"))
    assert len(paths) > 30
    for path in paths:
        assert client.get(path).status_code == 200, path


def test_pages_are_built_for_everybody(client: FlaskClient, office: Office) -> None:
    """WCAG 2.2: 2.4.1 skip link, 2.4.2 title, 1.3.1 one h1 and no level left out."""
    for path in every_page(office):
        tree = tree_of(client.get(path))
        assert tree.xpath("//body/*[1]/@href") == ["#main"]
        assert tree.xpath("//main/@id") == ["main"]
        assert tree.findtext(".//title")
        assert len(tree.xpath("//h1[not(ancestor::div[@class='body'])]")) == 1
        ids = tree.xpath("//@id[not(ancestor::div[@class='body'])]")
        assert len(ids) == len(set(ids))
        assert all(button.get("aria-label") for button in tree.xpath("//button"))
        levels = [int(h.tag[1]) for h in tree.xpath("//h1 | //h2 | //h3")
                  if not h.xpath("ancestor::div[@class='body']")]  # fmt: skip
        assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_page_is_not_sent_twice(client: FlaskClient, office: Office) -> None:
    """RFC 9110 13.1.2 and 13.1.3; the time to keep them is short."""
    for path in ("/", "/feeds/all", in_language(office, "ar")):
        first = client.get(path)
        assert first.headers["Cache-Control"] == "public, max-age=60"
        since = {"If-Modified-Since": first.headers["Last-Modified"]}
        assert client.get(path, headers=since).status_code == 304
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


def test_a_corrected_release_is_shown_at_once(empty_office: Office) -> None:
    client = create_app(empty_office.current).test_client()
    empty_office.add(draft(title="Wrong"))
    path = release_path(empty_office, "Wrong")
    etag = client.get(path).headers["ETag"]
    empty_office.add(draft(title="Right"), now=later(minutes=1))
    response = client.get(path, headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert tree_of(response).findtext(".//h1") == "Right"


def test_an_empty_newsroom_says_so(empty_office: Office) -> None:
    client = create_app(empty_office.current).test_client()
    assert "No release has been published yet." in page(client, "/").text_content()
    assert "No release has been published here" in page(client, "/feeds/nothing-yet").text_content()


def test_no_page_sets_a_cookie(client: FlaskClient, office: Office) -> None:
    for path in (*every_page(office), "/feeds.opml", "/livez", "/readyz", "/nowhere"):
        headers = client.get(path).headers
        assert "Set-Cookie" not in headers
        assert "Cookie" not in headers.get("Vary", "")
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_text_has_contrast_by_day_and_by_night(client: FlaskClient) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, on paper and on panels."""
    address = page(client, "/").xpath("//link[@rel='stylesheet']/@href")[0]
    themes = re.findall(r":root \{(.*?)\}", client.get(address).text, re.DOTALL)[:2]
    assert len(themes) == 2
    for theme in themes:
        colours = dict(re.findall(r"--(\w[\w-]*): (#[0-9a-f]{6});", theme))
        for text in ("ink", "faint", "accent", "visited"):
            for ground in ("paper", "panel"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2, "relative luminance")."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("path", ["/", "/feeds/all", "/feeds.opml", "/static/newsroom.css"])
def test_what_is_made_for_a_request_travels_coded_too(client: FlaskClient, path: str) -> None:
    """RFC 9110 8.4, 8.8.3.3 and 12.5.5."""
    if path.startswith("/static/"):
        path = page(client, "/").xpath("//link[@rel='stylesheet']/@href")[0]
    plain = client.get(path)
    coded = client.get(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert brotli.decompress(coded.data) == plain.data
    assert coded.headers["Content-Encoding"] == "br"
    assert coded.headers["ETag"] == f'{plain.headers["ETag"][:-1]}-br"'
    assert "Accept-Encoding" in coded.headers["Vary"] == plain.headers["Vary"]
    again = client.get(path, headers={"If-None-Match": coded.headers["ETag"]})
    assert again.status_code == 304


def test_a_304_keeps_what_a_page_may_do(client: FlaskClient) -> None:
    """RFC 9110 15.4.5; a browser takes over the fields of a 304."""
    full = client.get("/")
    short = client.get("/", headers={"If-None-Match": full.headers["ETag"]})
    assert short.status_code == 304
    for name in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options"):
        assert short.headers[name] == full.headers[name]


PICTURE = Enclosure(
    url="https://x.test/hall.jpg", media_type="image/jpeg", length_bytes=900_000, title="The hall",
    alt="A hall", credit="Photo: A & B", thumbnail="https://x.test/small.jpg",
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "lead", "listed"),
    [
        ({}, PICTURE.url, PICTURE.thumbnail),
        ({"thumbnail": None}, PICTURE.url, None),  # too large for a list
        ({"thumbnail": None, "length_bytes": 90_000}, PICTURE.url, PICTURE.url),
        # What no browser shows, or would load for minutes, is shown small.
        ({"media_type": "image/tiff"}, PICTURE.thumbnail, PICTURE.thumbnail),
        ({"length_bytes": 30_000_000}, PICTURE.thumbnail, PICTURE.thumbnail),
        ({"media_type": "image/tiff", "thumbnail": None}, None, None),
        ({"media_type": "application/pdf"}, None, None),
    ],
)
def test_the_first_picture_leads_the_release_and_stands_small_in_lists(
    empty_office: Office, changes: dict[str, Any], lead: str | None, listed: str | None
) -> None:
    sound = Enclosure(url="https://x.test/a.mp3", media_type="audio/mpeg", length_bytes=1)
    empty_office.add(draft(title="Report", enclosures=(sound, replace(PICTURE, **changes))))
    empty_office.publish()
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    assert tree.xpath("//figure//img/@src") == [lead] * (lead is not None)
    assert tree.xpath("//meta[@property='og:image']/@content") == [lead] * (lead is not None)
    if lead is not None:
        assert tree.xpath("//figure//img/@alt") == ["A hall"]
        assert words(tree, "//figcaption") == ["The hall Photo: A & B"]
        assert tree.xpath("//figure/a/@href") == [PICTURE.url]
    for path in ("/", "/feeds/all"):
        pictures = page(client, path).xpath("//li[contains(@class, 'entry')]//img/@src")
        assert pictures == [listed] * (listed is not None)


def test_a_picture_that_stands_in_the_text_is_not_shown_twice(empty_office: Office) -> None:
    body = f'<p><img src="{PICTURE.url}" alt="A hall"></p>'
    empty_office.add(draft(title="Report", body=body, enclosures=(PICTURE,)))
    client = create_app(empty_office.current).test_client()
    tree = page(client, release_path(empty_office, "Report"))
    assert tree.xpath("//article//img/@src") == [PICTURE.url, PICTURE.thumbnail]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/pdf", "PDF"), ("image/jpeg", "JPEG"), ("image/heic", "HEIC"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word"),
        ("text/plain; charset=utf-8", "Text"), ("audio/x-unknown", "Audio"),
        ("application/x-tar", "File"),
    ],
)  # fmt: skip
def test_kinds_of_files_are_named_as_people_do(media_type: str, kind: str) -> None:
    assert file_kind(media_type) == kind


def test_nobody_is_asked_to_subscribe_to_a_feed_that_has_ended(tmp_path: Path) -> None:
    ending = FeedClosure(on=later(minutes=1), gone_at=later(days=9), words="It has ended.")
    feeds = [replace(each, ending=ending if each.slug == "lessons" else None)
             for each in CATALOGUE.feeds.values()]  # fmt: skip
    office = open_office(tmp_path, Catalogue(SITE, CATEGORIES, feeds))
    app = create_app(office.current, clock=lambda: later(hours=1))
    tree = page(app.test_client(), "/feeds/lessons")
    office.database.close()
    assert words(tree, "//div[@class='ending']") == ["It has ended."]
    assert tree.xpath("//section[@id='subscribe']") == []
    assert "/#subscribe" in tree.xpath("//nav//a/@href")
