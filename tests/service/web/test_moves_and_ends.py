"""Feeds that went elsewhere (RFC 9110 15.4.2) or are gone (15.5.11), on both layers."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from werkzeug.test import Client

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Redirect
from feeds.store.changes import Changes
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from tests.service.web.offices import open_office
from tests.support.newsrooms import SITE, Office, draft, feed, later

BASE = "https://news.example.org"
ENDING = FeedClosure(
    on=later(hours=2),
    gone_at=later(days=90),
    words="This feed has ended.\n\nIts <news> is in all.",
    onward=Redirect(url=f"{BASE}/feeds/all", title="All"),
)
GONE = later(days=91)
CATALOGUE = Catalogue(
    SITE,
    [Category(slug="finance", title="Finance"), Category(slug="health", title="Health")],
    [
        feed(ALL),
        feed("finance", was=("money", "funds")),
        feed("health", was=("care",), ending=ENDING),
    ],
)


class Hands:
    """A clock set by hand."""

    now: datetime = later(minutes=1)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = open_office(tmp_path, CATALOGUE)
    opened.add(draft("id:1", "Health"))
    opened.publish(now=later(minutes=1))
    yield opened
    opened.database.close()


@pytest.fixture(params=["application", "memory"])
def client(request: pytest.FixtureRequest, office: Office, hands: Hands) -> Iterator[Client]:
    changes = Changes(office.database, of_documents=True)
    document_cache = DocumentCache(
        detector=ChangeDetector(changes, clock=time.monotonic, poll_every_s=0)
    )
    application = create_app(office.current, document_cache, clock=lambda: hands.now)
    front = CacheMiddleware(application, current=office.current, document_cache=document_cache)
    yield Client(front if request.param == "memory" else application, use_cookies=False)
    changes.close()


@pytest.mark.parametrize("ask", [Client.get, Client.head])
@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/feeds/money", "/feeds/finance"),
        ("/feeds/money.atom", "/feeds/finance.atom"),
        ("/feeds/funds.rss", "/feeds/finance.rss"),
        ("/feeds/money.json?utm_source=x&x=%0d%0a", "/feeds/finance.json"),
        ("/feeds/money/archive/3.atom", "/feeds/finance/archive/3.atom"),
        ("/feeds/money/a%0d%0ab%25", "/feeds/finance/a%0D%0Ab%25"),
        ("/feeds/money//evil.example/", "/feeds/finance//evil.example/"),
    ],
)
def test_a_former_slug_leads_to_the_present_one_in_one_step(
    client: Client, ask: Callable[..., object], path: str, target: str
) -> None:
    """RFC 9110 15.4.2; from the configured base URL, without the query, for scripts too."""
    answer = ask(client, path, headers={"Host": "evil.example"})
    assert answer.status_code == 301  # type: ignore[attr-defined]
    headers = answer.headers  # type: ignore[attr-defined]
    assert headers["Location"] == BASE + target
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/feeds/money.xml", "/feeds/moneys", "/feeds/finance/x"])
def test_what_never_was_an_address_leads_nowhere(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_former_address_can_only_be_read(client: Client) -> None:
    """RFC 9110 15.5.6."""
    assert client.post("/feeds/money.atom").status_code == 405


def test_the_farewell_is_served_until_its_last_moment(
    client: Client, office: Office, hands: Hands
) -> None:
    hands.now = ENDING.on
    office.newsroom.closures.announce(now=ENDING.on)
    office.publish(now=ENDING.on)
    top = json.loads(client.get("/feeds/health.json").data)
    assert top["expired"] is True
    assert top["items"][0]["title"] == "This feed has ended."
    assert b"Its &lt;news&gt; is in all." in client.get("/feeds/health").data
    assert b"/feeds/health" in client.get("/feeds.opml").data


@pytest.mark.parametrize(
    "path",
    ["/feeds/health", "/feeds/health.atom", "/feeds/health.rss", "/feeds/health.json",
     "/feeds/health/archive/1.atom", "/feeds/care.atom", "/feeds/care/archive/1.atom"],
)  # fmt: skip
def test_a_feed_that_is_gone_says_so_at_every_address(
    client: Client, hands: Hands, path: str
) -> None:
    """RFC 9110 15.5.11; told to machines as RFC 9457, without a redirect in between."""
    client.get(path)
    hands.now = GONE
    answer = client.get(path, headers={"Accept": "application/atom+xml"})
    assert answer.status_code == 410
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    problem = json.loads(answer.data)
    assert problem["moved_to"] == f"{BASE}/feeds/all"
    assert "This feed has ended." in problem["detail"]
    assert client.head(path).status_code == 410


def test_the_page_of_a_feed_that_is_gone_says_where_to_go(client: Client, hands: Hands) -> None:
    hands.now = GONE
    answer = client.get("/feeds/health", headers={"Accept": "text/html"})
    assert answer.status_code == 410
    page = answer.get_data(as_text=True)
    assert "Its &lt;news&gt; is in all." in page
    assert f'href="{BASE}/feeds/all"' in page
    assert "health.atom" not in page


def test_a_feed_that_is_gone_is_in_no_list(client: Client, office: Office, hands: Hands) -> None:
    hands.now = GONE
    release = office.newsroom.release("id:1").release
    for path in ("/", "/feeds.opml", "/feeds/all", f"/releases/{release.slug}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert b"/feeds/health" not in answer.data, path
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(ENDING.on - (later(days=1) - later()), None, id="far"),
        pytest.param(later(hours=1, minutes=59), 65, id="a minute before the end"),
        pytest.param(later(days=90, minutes=-1), 65, id="a minute before it is gone"),
    ],
)
def test_the_next_look_falls_right_behind_a_change_that_is_known(
    client: Client, hands: Hands, now: datetime, expected: int | None
) -> None:
    """RFC 9111 5.2.2.1: max-age does not run past it. Asked before, so that it might be kept."""
    usual = client.get("/feeds/health.atom").headers["Cache-Control"]
    hands.now = now
    told = client.get("/feeds/health.atom").headers["Cache-Control"]
    assert told == usual if expected is None else told.startswith(f"public, max-age={expected},")
