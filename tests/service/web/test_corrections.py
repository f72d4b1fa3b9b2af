"""A corrected release on the web: its page, what it was before, and what pollers are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import Deltas, Format, Window
from feeds.model.release import Correction, Retraction, Weight
from feeds.store.database import Transaction
from service.web import create_app
from tests.service.web.offices import CATALOGUE, SITE, read_sample
from tests.support.newsrooms import Office, draft, later

MINOR = Correction(weight=Weight.MINOR)
MAJOR = Correction(weight=Weight.MAJOR, note="It was <not> signed & sealed.")

Ask = Callable[[Office], Client]


def tree(client: Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200
    return html.fromstring(response.get_data())


@pytest.fixture
def corrected(empty_office: Office) -> str:
    """The path of the page of a release that was corrected twice."""
    empty_office.add(draft(title="A treaty", body="<p>First</p>"))
    second = draft(title="No treaty", body="<p>Second</p>")
    empty_office.add(replace(second, correction=MAJOR), now=later(hours=1))
    third = draft(title="No treaty", body="<p>Third</p>")
    [taken] = empty_office.add(replace(third, correction=MINOR), now=later(hours=2))
    return f"/releases/{taken.release.slug}"


@pytest.fixture
def client(empty_office: Office) -> FlaskClient:
    return create_app(empty_office.current).test_client(use_cookies=False)


def test_the_page_says_what_changed_before_the_text(client: FlaskClient, corrected: str) -> None:
    [body] = tree(client, corrected).xpath("//div[@class='body']")
    assert [child.get("class") for child in body] == ["correction", None]
    assert body[0].xpath("string(.//bdi)") == MAJOR.note
    assert body[0].xpath("string(.//time/@datetime)") == "2026-03-02T13:00:00Z"


def test_the_page_lists_all_that_it_was(client: FlaskClient, corrected: str) -> None:
    [history] = tree(client, corrected).xpath("//ol[@class='history']")
    assert history.get("reversed") is not None
    assert [" ".join(item.text_content().split()) for item in history] == [
        "Version 3, shown here Small correction, 2 March 2026, 14:00 UTC",
        f"Version 2 Corrected, 2 March 2026, 13:00 UTC {MAJOR.note}",
        "Version 1 First published, 2 March 2026, 11:00 UTC",
    ]
    assert history.xpath(".//time/@datetime") == [
        "2026-03-02T14:00:00Z",
        "2026-03-02T13:00:00Z",
        "2026-03-02T11:00:00Z",
    ]
    links = history.xpath(".//a/@href")
    assert links == [f"{corrected}/revisions/2", f"{corrected}/revisions/1"]


def test_a_release_that_was_not_corrected_has_no_history(
    client: FlaskClient, empty_office: Office
) -> None:
    [taken] = empty_office.add(draft())
    assert not tree(client, f"/releases/{taken.release.slug}").xpath("//*[@class='history']")


@pytest.mark.parametrize(
    ("number", "title", "texts"),
    [(1, "A treaty", ["First"]), (2, "No treaty", [MAJOR.note, "Second"])],
)
def test_what_it_was_can_be_read(
    client: FlaskClient, corrected: str, number: int, title: str, texts: list[str]
) -> None:
    page = tree(client, f"{corrected}/revisions/{number}")
    assert page.findtext(".//h1") == title
    [body] = page.xpath("//div[@class='body']")
    assert [each.xpath("string((.//bdi | .)[last()])") for each in body] == texts
    assert page.xpath("//div[@class='superseded']//a/@href") == [corrected, f"{corrected}#history"]


def test_search_engines_are_sent_to_what_is_true_now(client: FlaskClient, corrected: str) -> None:
    page = tree(client, f"{corrected}/revisions/1")
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{SITE.base_url}{corrected}"]
    assert b"/revisions/" not in client.get("/sitemap.xml").get_data()


@pytest.mark.parametrize("number", ["0", "3", "4", "01", "-1", "999999999", "9999999999", "x", ""])
def test_no_other_number_is_there(client: FlaskClient, corrected: str, number: str) -> None:
    """The present one has its own address, and so will have this number one day."""
    assert client.get(f"{corrected}/revisions/{number}").status_code == 404


def test_of_no_release_there_is_no_revision(client: FlaskClient) -> None:
    assert client.get("/releases/none/revisions/1").status_code == 404


def test_what_was_taken_back_cannot_be_read_as_it_was(
    client: FlaskClient, empty_office: Office, corrected: str
) -> None:
    def take_back(tx: Transaction) -> None:
        held = tx.releases.by_slug(corrected.rpartition("/")[2])
        gone = replace(held, retraction=Retraction(at=later(hours=3), reason="Never happened"))
        tx.releases.replace([(held, replace(gone, revision=4))], now=later(hours=3))

    with empty_office.database.transaction() as tx:
        take_back(tx)
    for number in (1, 2, 3):
        assert client.get(f"{corrected}/revisions/{number}").status_code in {404, 410}


@pytest.mark.parametrize(
    ("name", "language"), [("arabr-ar.jsonl", "ar"), ("postgresql-multilingual.jsonl", "he")]
)
def test_a_former_text_is_written_in_its_own_direction(
    client: FlaskClient, empty_office: Office, name: str, language: str
) -> None:
    written = next(one for one in read_sample(name, limit=46) if one.content.language == language)
    empty_office.add(written)
    changed = replace(written.content, body="<p>+</p>")
    [taken] = empty_office.add(
        replace(written, content=changed, written=None, correction=MAJOR), now=later(hours=1)
    )
    path = f"/releases/{taken.release.slug}"
    for page in (tree(client, path), tree(client, f"{path}/revisions/1")):
        [article] = page.xpath("//article")
        assert (article.get("lang"), article.get("dir")) == (language, "rtl")
    [note] = tree(client, path).xpath("//p[@class='correction']")
    assert (note.get("lang"), note.get("dir")) == (language, "rtl")
    former = tree(client, f"{path}/revisions/1")
    [banner] = former.xpath("//div[@class='superseded']")
    # There is an Arabic catalogue, and none for Hebrew: these words are in English.
    assert former.get("lang") == {"ar": "ar", "he": "en"}[language]
    own = (banner.get("lang"), banner.get("dir"))
    assert own == {"ar": (None, None), "he": ("en", "ltr")}[language]


WINDOW = Window(entries=5, days=0, bytes=400_000)


def windowed(office: Office) -> Office:
    """A newsroom with more releases than its documents hold, which offers deltas."""
    feeds = [replace(f, window=WINDOW, deltas=Deltas()) for f in CATALOGUE.feeds.values()]
    described = Catalogue(SITE, list(CATALOGUE.categories.values()), feeds)
    office.configure(described, now=later(hours=0))
    for number in range(12):
        office.add(draft(f"id:{number}", title=f"No {number}."), now=later(minutes=number))
    office.publish(now=later(minutes=12))
    return office


@pytest.mark.parametrize("correction", [MINOR, MAJOR], ids=["minor", "major"])
@pytest.mark.parametrize("feed_format", Format)
def test_a_poller_gets_an_old_release_that_was_corrected(
    ask: Ask, empty_office: Office, feed_format: Format, correction: Correction
) -> None:
    client = ask(windowed(empty_office))
    path = f"/feeds/all.{feed_format}"
    before = client.get(path)
    assert b"No 1." not in before.data
    old = replace(draft("id:1", title="No 1."), correction=correction)
    changed = replace(old, content=replace(old.content, body="<p>Mended</p>"))
    empty_office.add(changed, now=later(days=40))
    empty_office.publish(now=later(days=40))
    held = {
        "If-None-Match": before.headers["ETag"],
        "If-Modified-Since": before.headers["Last-Modified"],
    }
    after = client.get(path, headers=held)
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Last-Modified"] == "Sat, 11 Apr 2026 12:00:00 GMT"
    assert b"No 1." in after.data
    since = {"If-Modified-Since": before.headers["Last-Modified"]}
    assert client.get(path, headers=since).status_code == 200
    delta = client.get(path, headers={**held, "A-IM": "feed"})
    assert delta.status_code == 226
    assert b"No 1." in delta.data
    assert b"No 11." not in delta.data
    if feed_format is not Format.JSON:
        *notices, entry = feedparser.parse(delta.data).entries
        assert entry.content[0].value.endswith("<p>Mended</p>")
        assert [each.title for each in notices] == ["Correction: No 1."] * (correction is MAJOR)
