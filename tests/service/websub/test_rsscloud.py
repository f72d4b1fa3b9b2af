"""What readers of RSS are asked and told (rssCloud)."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import (
    DueDelivery,
    Mode,
    PendingRequest,
    PushProtocol,
    SubscriptionRequest,
)
from service.outbound import BulkResponse
from service.websub.hub.protocols import PROTOCOL_HANDLERS, RssCloud
from tests.support.newsrooms import NOON

RSS = "https://news.example.org/feeds/caf%C3%A9.rss"
QUOTED = b"url=https%3A%2F%2Fnews.example.org%2Ffeeds%2Fcaf%25C3%25A9.rss"
CHALLENGE = "0123456789abcdef"
FORM = "Content-Type: application/x-www-form-urlencoded"

REQUEST = SubscriptionRequest(
    mode=Mode.SUBSCRIBE,
    feed="café",
    format=Format.RSS,
    topic=RSS,
    callback="http://reader.example:9/told?a=1",
    host="reader.example",
    wire=PushProtocol.RSSCLOUD,
    lease_s=90_000,
    client="192.0.2.1",
)
ANOTHER = PendingRequest(id=1, request=REQUEST, asked_at=NOON, attempts=0)
ITSELF = replace(
    ANOTHER,
    request=replace(REQUEST, callback="http://192.0.2.1:9/told?a=1", host="192.0.2.1"),
)


def bulk_response(status: int, body: bytes = b"") -> BulkResponse:
    return BulkResponse(status=status, body=body, elapsed_s=0.1)


def test_it_is_the_way_of_its_wire() -> None:
    assert isinstance(PROTOCOL_HANDLERS[PushProtocol.RSSCLOUD], RssCloud)


def test_another_machine_is_asked_by_get_with_a_challenge() -> None:
    asking = RssCloud().verification_request(ANOTHER, CHALLENGE)
    assert asking.body is None
    assert asking.url == f"{REQUEST.callback}&{QUOTED.decode()}&challenge={CHALLENGE}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, CHALLENGE.encode(), True, id="the challenge"),
        pytest.param(202, b"<p>" + CHALLENGE.encode() + b"</p>\n", True, id="in a page"),
        pytest.param(200, b"", False, id="nothing"),
        pytest.param(200, CHALLENGE[:-1].encode(), False, id="cut off"),
        pytest.param(404, CHALLENGE.encode(), False, id="404"),
        pytest.param(302, CHALLENGE.encode(), False, id="a redirect"),
        pytest.param(500, CHALLENGE.encode(), False, id="500"),
    ],
)
def test_another_machine_confirms_by_the_challenge(
    status: int, body: bytes, expected: bool
) -> None:
    assert RssCloud().confirms(ANOTHER, CHALLENGE, bulk_response(status, body)) is expected


def test_who_asks_for_itself_is_notified_once_to_see() -> None:
    asking = RssCloud().verification_request(ITSELF, CHALLENGE)
    assert (asking.url, asking.body, asking.headers) == (ITSELF.request.callback, QUOTED, (FORM,))


@pytest.mark.parametrize(("status", "expected"), [(200, True), (204, True), (404, False)])
def test_who_asks_for_itself_confirms_by_its_status(status: int, expected: bool) -> None:
    assert RssCloud().confirms(ITSELF, CHALLENGE, bulk_response(status)) is expected


def test_nothing_is_said_of_a_denial() -> None:
    assert RssCloud().denial_request(ANOTHER) is None


def test_a_delivery_is_the_address_of_the_document() -> None:
    delivery = DueDelivery(
        subscription_id=1,
        feed="café",
        format=Format.RSS,
        callback=REQUEST.callback,
        host=REQUEST.host,
        wire=PushProtocol.RSSCLOUD,
        secret=None,
        wanted_edition=1,
        attempts=0,
        first_failed_at=None,
    )
    bulk_request = RssCloud().delivery_request(delivery, SimpleNamespace(topic=RSS), None)
    assert (bulk_request.url, bulk_request.body, bulk_request.headers) == (
        REQUEST.callback,
        QUOTED,
        (FORM,),
    )
