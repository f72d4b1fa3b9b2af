"""WebSub for publishers: sections 4 (discovery) and 6 (publishing), over real sockets."""

import json
import threading
import time
from xml.etree import ElementTree as ET

import pytest
from requests.utils import parse_header_links

from tests.support.hub_newsroom import SETTLED_S, HubNewsroom, tells_of
from tests.support.hub_server import HubServer, Manner, running_hub
from tests.support.running_service import Answer, wait_until
from tests.support.subscriber import Subscriber

FORMATS = ("atom", "rss", "json")
SLUGS = ("all", "finance", "cooperation")
TOPICS = [(slug, suffix) for slug in SLUGS for suffix in FORMATS]
ATOM_LINK = "{http://www.w3.org/2005/Atom}link"


@pytest.fixture
def outside(newsroom: HubNewsroom) -> HubServer:
    """The outside hub, with nothing on its way to it."""
    assert newsroom.outside is not None
    newsroom.outside.wait_for(1)
    wait_until(lambda: _is_all_told(newsroom))
    newsroom.outside.forget()
    return newsroom.outside


def _is_all_told(newsroom: HubNewsroom) -> bool:
    with newsroom.database.read() as store:
        return all(ping.state == "told" for ping in store.pings.listed())


def header_links(answer: Answer, rel: str) -> list[str]:
    """The targets of this relation in the ``Link`` header, in order."""
    links = parse_header_links(answer.headers["link"])
    return [link["url"] for link in links if link["rel"] == rel]


def body_links(answer: Answer, suffix: str, rel: str) -> list[str]:
    """The targets of this relation in the document itself, in order."""
    if suffix == "json":
        feed = json.loads(answer.body)
        hubs = [hub["url"] for hub in feed["hubs"] if hub["type"] == "WebSub"]
        return {"hub": hubs, "self": [feed["feed_url"]]}[rel]
    root = ET.fromstring(answer.body)
    head = root if suffix == "atom" else root[0]
    return [link.attrib["href"] for link in head.findall(ATOM_LINK) if link.attrib["rel"] == rel]


@pytest.mark.parametrize(("slug", "suffix"), TOPICS)
def test_section_4_link_headers_name_the_hubs_and_one_self(
    newsroom: HubNewsroom, slug: str, suffix: str
) -> None:
    """Publishers MUST implement at least one mechanism; at least one hub, exactly one self."""
    answer = newsroom.service.get(f"/feeds/{slug}.{suffix}")
    assert newsroom.outside is not None
    assert header_links(answer, "hub") == [newsroom.hub, newsroom.outside.url]
    assert header_links(answer, "self") == [newsroom.topic(slug, suffix)]


@pytest.mark.parametrize(("slug", "suffix"), TOPICS)
def test_section_4_header_and_document_name_the_same_links(
    newsroom: HubNewsroom, slug: str, suffix: str
) -> None:
    """Publishers SHOULD use embedded link elements, too."""
    answer = newsroom.service.get(f"/feeds/{slug}.{suffix}")
    for rel in ("hub", "self"):
        assert body_links(answer, suffix, rel) == header_links(answer, rel)


@pytest.mark.parametrize(("slug", "suffix"), TOPICS)
def test_section_4_head_names_what_get_names(newsroom: HubNewsroom, slug: str, suffix: str) -> None:
    """Subscribers discover with "a GET or HEAD request"."""
    got, head = (newsroom.request(way, f"/feeds/{slug}.{suffix}") for way in ("GET", "HEAD"))
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}


@pytest.mark.parametrize(("slug", "suffix"), TOPICS)
def test_section_4_self_is_canonical(newsroom: HubNewsroom, slug: str, suffix: str) -> None:
    """The canonical URL for the topic: fetching it gives 200, and it names itself."""
    [canonical] = header_links(newsroom.service.get(f"/feeds/{slug}.{suffix}"), "self")
    answer = newsroom.service.get(canonical.removeprefix(newsroom.service.base_url))
    assert answer.status == 200
    assert header_links(answer, "self") == [canonical]


@pytest.mark.parametrize("suffix", FORMATS)
def test_section_4_1_a_self_url_offers_a_single_representation(
    newsroom: HubNewsroom, suffix: str
) -> None:
    """It is important that the self URL only offers a single representation."""
    path = f"/feeds/finance.{suffix}"
    plain = newsroom.service.get(path)
    for wish in (
        {"Accept": "text/html"},
        {"Accept": "application/json"},
        {"Accept": "application/rss+xml, application/atom+xml;q=0.5"},
        {"Accept_Language": "de-DE, fr;q=0.5"},
    ):
        answer = newsroom.service.get(path, **wish)
        assert (answer.status, answer.body) == (200, plain.body), wish
        for name in ("content-type", "link", "etag"):
            assert answer.headers[name] == plain.headers[name], wish


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("application/atom+xml", "atom"),
        ("application/rss+xml", "rss"),
        ("application/feed+json", "json"),
    ],
)
def test_section_4_1_the_negotiated_address_names_the_self_url_of_what_it_answers(
    newsroom: HubNewsroom, accept: str, suffix: str
) -> None:
    """It is possible to negotiate "by returning an appropriate rel=self URL"."""
    answer = newsroom.service.get("/feeds/finance", Accept=accept)
    links = answer.headers["link"] if answer.status == 200 else None
    if links is None:
        assert answer.headers["location"].endswith(f"/feeds/finance.{suffix}")
    else:
        assert header_links(answer, "self") == [newsroom.topic(suffix=suffix)]
        assert newsroom.hub in header_links(answer, "hub")


def test_section_6_each_hub_is_told_once_of_each_topic_that_changed(
    newsroom: HubNewsroom, outside: HubServer, subscriber: Subscriber
) -> None:
    """The publisher MUST inform the hubs it previously designated: the outside and its own."""
    callback = newsroom.callback()
    newsroom.subscribe(callback)
    title = newsroom.publish("Each hub is told")
    changed = {newsroom.topic(slug, suffix) for slug in ("all", "finance") for suffix in FORMATS}
    arrivals = outside.wait_for(len(changed))
    [call] = subscriber.wait_for_deliveries(1, callback.removeprefix(subscriber.url("")))
    assert tells_of(call, title)
    time.sleep(SETTLED_S)
    assert sorted(outside.topics) == sorted(changed)
    for arrival in arrivals:
        assert arrival.headers["content-type"] == "application/x-www-form-urlencoded"
        assert dict(arrival.fields) == {"hub.mode": "publish", "hub.url": arrival.topic}


def test_section_6_the_topic_serves_the_news_when_the_hub_is_told(
    newsroom: HubNewsroom, outside: HubServer
) -> None:
    """The hub must be "able to send the updated payload": it fetches when it is told."""
    gate = threading.Event()
    outside.manner = Manner(gate=gate)
    title = newsroom.publish("Served before it is told")
    try:
        outside.wait_for(1)
        # As a hub does that fetches before it answers.
        assert newsroom.has(title, "all")
    finally:
        gate.set()


def test_section_6_a_hub_that_hangs_delays_neither_publishing_nor_others(
    newsroom: HubNewsroom, outside: HubServer, subscriber: Subscriber
) -> None:
    """Practice: each hub is told on its own, and one that fails is tried again."""
    path = newsroom.path()
    newsroom.subscribe(subscriber.url(path))
    outside.manner = Manner(hangs=True)
    began = time.monotonic()
    title = newsroom.publish("One hub hangs")
    [call] = subscriber.wait_for_deliveries(1, path)
    assert call.at - began < 2.0
    assert newsroom.has(title)
    outside.wait_for(1)
    outside.manner = Manner()
    outside.forget()
    wait_until(lambda: newsroom.topic() in outside.topics)


def test_section_6_a_hubs_redirect_is_not_followed(
    newsroom: HubNewsroom, outside: HubServer
) -> None:
    """Practice: whoever runs a hub cannot send us elsewhere."""
    with running_hub("127.0.0.2") as trap:
        outside.manner = Manner(status=307, headers={"Location": trap.url})
        newsroom.publish("A hub redirects")
        # It has failed, and is tried again.
        outside.wait_for(8)
        assert trap.arrivals == []
        outside.manner = Manner()
        outside.forget()
        wait_until(lambda: newsroom.topic() in outside.topics)
        assert trap.arrivals == []


def test_section_6_1_subscribers_of_a_topic_that_moved_are_served_on(
    restless: HubNewsroom,
) -> None:
    """The previous topic URL should send a redirect to the new topic URL."""
    path, subscriber = restless.path(), restless.subscriber
    old, new = restless.topic("sports"), restless.topic("games")
    restless.subscribe(subscriber.url(path), topic=old)
    categories = restless.service.categories
    moved = categories.read_text().replace("slug: sports", "slug: games\n    was: [sports]")
    categories.write_text(moved)
    wait_until(lambda: restless.service.get("/feeds/games.atom").status == 200)
    answer = restless.service.get("/feeds/sports.atom")
    assert (answer.status, answer.headers["location"]) == (301, new)
    title = restless.publish("It moved", "Sports")
    calls = wait_until(
        lambda: [call for call in subscriber.deliveries(path) if tells_of(call, title)]
    )
    assert f'<{new}>; rel="self"' in (calls[0].header("Link") or "")
    # A renewal begins with a look at the topic: whoever does without is told.
    answer = restless.ask(restless.callback(), topic=old)
    assert 400 <= answer.status < 500
    assert new in answer.body.decode()
