"""A retracted release on the web: gone from every address and list, with a word why."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, Deltas, Format, Window
from tests.service.web.offices import LAYERS, open_office
from tests.support.newsrooms import SITE, Office, draft, feed, later
from tests.support.parsers import by_atoma

SECRET = "SECRET"
REASON = "The <figures> are wrong."
WINDOW = Window(entries=3, days=0, bytes=1_000_000)
CATALOGUE = Catalogue(
    SITE,
    [Category(slug="finance", title="Finance")],
    [feed(ALL, window=WINDOW, deltas=Deltas()), feed("finance", window=WINDOW)],
)
PAGE = {"Accept": "text/html"}


@dataclass
class Web:
    """A newsroom with a release that says SECRET, and a client to ask it."""

    office: Office
    client: Client
    page: str  #: path of the release's page

    def retract(self) -> None:
        self.office.newsroom.retract("id:1", reason=REASON, by="ann", now=later(hours=1))
        self.office.publish(now=later(hours=1))

    def restore(self) -> None:
        self.office.newsroom.restore("id:1", by="ann", now=later(hours=2))
        self.office.publish(now=later(hours=2))

    def every_address(self) -> Iterator[str]:
        """All that are known from links and lists, and all archives there are."""
        yield from ("/", "/feeds.opml", "/sitemap.xml", "/news-sitemap.xml", self.page)
        for slug in (ALL, "finance"):
            yield f"/feeds/{slug}"
            last = self.office.newsstand.last_archive(slug)
            for each in Format:
                yield f"/feeds/{slug}.{each}"
                yield from (f"/feeds/{slug}/archive/{n}.{each}" for n in range(1, last + 1))

    def telling(self, text: str) -> list[str]:
        """The addresses that say this."""
        answers = {path: self.client.get(path, headers=PAGE) for path in self.every_address()}
        return [path for path, answer in answers.items() if text.encode() in answer.data]


@pytest.fixture(params=LAYERS)
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Web]:
    office = open_office(tmp_path, CATALOGUE)
    words = {"title": "A loan", "body": f"<p>{SECRET}</p>", "summary": SECRET}
    said = draft("id:1", "Finance", **words)
    [intake] = office.add(said)
    office.publish()
    with ExitStack() as closing:
        client = LAYERS[request.param](office, closing)
        yield Web(office, client, f"/releases/{intake.release.slug}")
    office.database.close()


def bury(web: Web) -> None:
    """Let other releases push it into archives, which somebody fetches."""
    for n in range(2, 12):
        web.office.add(draft(f"id:{n}", "Finance", title=f"No {n}"), now=later(minutes=n))
        web.office.publish(now=later(minutes=n))
    told = web.telling(SECRET)
    assert any("/archive/" in path for path in told)


def test_no_address_tells_its_text(web: Web) -> None:
    assert {path.rpartition(".")[2] for path in web.telling(SECRET)} > set(Format)
    bury(web)
    web.retract()
    assert web.telling(SECRET) == []


def test_its_text_is_told_again_when_it_is_restored(web: Web) -> None:
    web.retract()
    web.telling(SECRET)
    web.restore()
    told = web.telling(SECRET)
    assert web.page in told
    assert {"/", "/feeds/all.atom", "/feeds/finance.rss", "/feeds/finance.json"} <= set(told)
    assert web.client.get(web.page).status_code == 200


def test_a_browser_is_shown_the_notice(web: Web) -> None:
    """RFC 9110 15.5.11."""
    assert web.client.get(web.page).status_code == 200
    web.retract()
    answer = web.client.get(web.page, headers=PAGE)
    assert answer.status_code == 410
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Vary"] == "Accept"
    page = answer.get_data(as_text=True)
    assert "The &lt;figures&gt; are wrong." in page
    assert "A loan" in page
    assert "2 March 2026, 13:00 UTC" in page
    assert '<meta name="robots" content="noindex">' in page


def test_a_machine_is_told_the_reason(web: Web) -> None:
    """RFC 9457."""
    web.retract()
    answer = web.client.get(web.page, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.content_type) == (410, "application/problem+json")
    assert json.loads(answer.data) == {
        "type": "about:blank",
        "title": "Gone",
        "status": 410,
        "detail": "this release was retracted on 2026-03-02 at 13:00:00 UTC",
        "retracted_at": "2026-03-02T13:00:00Z",
        "reason": REASON,
    }
    assert web.client.head(web.page).status_code == 410


def test_the_page_says_so_after_the_notice_is_over(web: Web) -> None:
    web.retract()
    web.office.newsroom.notices.expire(now=later(days=40))
    web.office.publish(now=later(days=40))
    assert web.client.get(web.page).status_code == 410
    assert web.telling("figures") == [web.page]


@pytest.mark.parametrize("path", ["/", "/feeds/all", "/sitemap.xml"])
def test_lists_for_people_and_search_engines_have_it_no_more(web: Web, path: str) -> None:
    assert web.page.encode() in web.client.get(path, headers=PAGE).data
    web.retract()
    assert web.page.encode() not in web.client.get(path, headers=PAGE).data


def test_the_list_of_feeds_is_as_it_was(web: Web) -> None:
    """But for its date: it names feeds, and no releases."""

    def outlines() -> bytes:
        return bytes(web.client.get("/feeds.opml").data.partition(b"<body>")[2])

    before = outlines()
    web.retract()
    assert outlines() == before != b""


@pytest.mark.parametrize("feed_format", Format)
def test_a_reader_that_holds_the_feed_is_sent_the_notice_alone(
    web: Web, feed_format: Format
) -> None:
    web.office.add(draft("id:2", title="Another one"))
    web.office.publish()
    path = f"/feeds/all.{feed_format}"
    tag = web.client.get(path).headers["ETag"]
    web.retract()
    answer = web.client.get(path, headers={"If-None-Match": tag, "A-IM": "feed"})
    assert answer.status_code == 226
    # With an id of its own, and in the entry's place.
    titles = [each.title for each in by_atoma(answer.data, feed_format)]
    assert titles == ["Retracted: A loan", "Retracted: A loan"]


def test_an_archive_is_new_by_tag_and_by_date(web: Web) -> None:
    bury(web)
    [path, *_] = [path for path in web.telling(SECRET) if path.endswith(".atom")]
    held = web.client.get(path).headers
    by_tag = {"If-None-Match": held["ETag"]}
    by_date = {"If-Modified-Since": held["Last-Modified"]}
    assert web.client.get(path, headers=by_tag).status_code == 304
    assert web.client.get(path, headers=by_date).status_code == 304
    web.retract()
    assert web.client.get(path, headers=by_tag).status_code == 200
    assert web.client.get(path, headers=by_date).status_code == 200
