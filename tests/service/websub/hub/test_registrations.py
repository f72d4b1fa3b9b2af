"""What a reader of RSS posts is read, or refused with a reason (rssCloud)."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Format
from feeds.model.subscription import SubscriptionRequest
from service.websub.hub.protocols import is_for_itself
from service.websub.hub.requests import (
    MAX_URLS,
    MalformedRequest,
    Topics,
    UnknownTopic,
    read_registration,
)
from tests.support.newsrooms import NOON, SITE, feed, later

ENDING = FeedClosure(on=later(days=1), gone_at=later(days=30), words="It is over.")
CATALOGUE = Catalogue(
    SITE,
    [Category(slug=slug, title=slug) for slug in ("moved", "over")],
    [feed(ALL), replace(feed("moved"), was=("former",)), replace(feed("over"), ending=ENDING)],
)
TOPICS = Topics(CATALOGUE)
RSS = SITE.topic(ALL, Format.RSS)
CLIENT = "192.0.2.1"
GOOD = {"port": "80", "path": "/told", "protocol": "http-post", "url1": RSS}


def read(
    changes: Mapping[str, str | None], *, client: str = CLIENT, days: float = 0
) -> list[SubscriptionRequest]:
    """Read a good form with these changes; None takes a field away."""
    changed = {**GOOD, **changes}
    form = {name: [value] for name, value in changed.items() if value is not None}
    return read_registration(form, topics=TOPICS, now=later(days=days), client=client)


@pytest.mark.parametrize(
    ("changes", "client", "callback"),
    [
        pytest.param({}, CLIENT, "http://192.0.2.1:80/told", id="its own address"),
        pytest.param({}, "2001:db8::1", "http://[2001:db8::1]:80/told", id="of IPv6"),
        pytest.param({"domain": "a.example"}, CLIENT, "http://a.example:80/told", id="a domain"),
        pytest.param(
            {"domain": "2001:DB8:0::1"}, CLIENT, "http://[2001:db8::1]:80/told", id="IPv6, bare"
        ),
        pytest.param(
            {"domain": "[2001:db8::1]"}, CLIENT, "http://[2001:db8::1]:80/told", id="IPv6"
        ),
        pytest.param(
            {"protocol": "https-post", "port": "8443"},
            CLIENT,
            "https://192.0.2.1:8443/told",
            id="TLS",
        ),
        pytest.param({"path": "told?x=1"}, CLIENT, "http://192.0.2.1:80/told?x=1", id="no slash"),
        pytest.param({"domain": ""}, CLIENT, "http://192.0.2.1:80/told", id="an empty domain"),
        pytest.param(
            {"notifyProcedure": "x", "registerProcedure": "y"},
            CLIENT,
            "http://192.0.2.1:80/told",
            id="procedures",
        ),
    ],
)
def test_the_callback_is_put_together(changes: dict[str, str], client: str, callback: str) -> None:
    [request] = read(changes, client=client)
    assert request.callback == callback
    assert is_for_itself(request) is not bool(changes.get("domain"))


def test_the_urls_are_taken_by_their_numbers() -> None:
    requests = read({"url1": None, "url": RSS, "url9": SITE.topic("over", Format.RSS), "url2": RSS})
    assert [request.feed for request in requests] == [ALL, "over"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"port": None}, "port is missing", id="no port"),
        pytest.param({"port": "0"}, "no number from 1", id="port 0"),
        pytest.param({"port": "65536"}, "no number from 1", id="port 65536"),
        pytest.param({"port": "\u0668\u0660"}, "no number from 1", id="Arabic digits"),
        pytest.param({"port": "80/x"}, "no number from 1", id="more than a port"),
        pytest.param({"path": None}, "path is missing", id="no path"),
        pytest.param({"path": "/#x"}, "fragment", id="fragment"),
        pytest.param({"path": "/\u00e9"}, "printable ASCII", id="not encoded"),
        pytest.param({"path": "/" + "a" * 3000}, "more than 2000", id="long"),
        pytest.param({"protocol": None}, "protocol is missing", id="no protocol"),
        pytest.param({"protocol": "soap"}, "neither http-post nor", id="soap"),
        pytest.param({"protocol": "HTTP-POST"}, "neither http-post nor", id="case"),
        pytest.param({"domain": "a.example:80"}, "not an absolute", id="a port in the domain"),
        pytest.param({"domain": "a.example:80/x?"}, "more than the name", id="more than a domain"),
        pytest.param({"domain": "a@b"}, "user name", id="user"),
        pytest.param({"url1": None}, "url1 is missing", id="no URL"),
        pytest.param({"url1": None, "url2": ""}, "url2 is missing", id="an empty URL"),
        pytest.param(
            {f"url{number}": RSS for number in range(MAX_URLS + 1)}, "more than 20", id="many"
        ),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, str | None], message: str) -> None:
    with pytest.raises(MalformedRequest, match=message):
        read(changes)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("https://a.example/", "url1 is no feed of this newsroom", id="another's"),
        pytest.param(RSS.replace("https", "http"), "url1 is no feed of this", id="other scheme"),
        pytest.param(SITE.topic(ALL, Format.JSON), "url1 is no RSS feed", id="other format"),
        pytest.param(SITE.archive(ALL, 1, Format.RSS), "url1 is no feed", id="an archive"),
        pytest.param(SITE.topic("former", Format.RSS), r"now at .*/moved\.rss", id="moved"),
        pytest.param(SITE.topic("over", Format.RSS), "ended on 2026-03-03", id="ended"),
    ],
)
def test_only_rss_feeds_that_go_on_are_known(url: str, message: str) -> None:
    with pytest.raises(UnknownTopic, match=message):
        read({"url1": url}, days=2)


def test_a_field_that_is_there_twice_is_refused() -> None:
    form = {**{name: [value] for name, value in GOOD.items()}, "port": ["80", "81"]}
    with pytest.raises(MalformedRequest, match="port is there more than once"):
        read_registration(form, topics=TOPICS, now=NOON, client=CLIENT)
