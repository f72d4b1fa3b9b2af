"""How subscribers are asked and told: one protocol handler each for WebSub and rssCloud."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote, urlencode

from feeds.model.edition import FeedDocument
from feeds.model.feed import Format
from feeds.model.subscription import (
    DueDelivery,
    Mode,
    PendingRequest,
    PushProtocol,
    SubscriptionRequest,
)
from feeds.render import decompress
from service.http_rules import HEADER_LINKS, link_field
from service.outbound import BulkRequest, BulkResponse

# What a callback is asked before its subscription counts, and what it is told. Pure.

#: Random bytes of a challenge: nobody guesses them, and as text they are twice as many characters.
CHALLENGE_BYTES = 32

#: What a denial says that came without a reason.
_NO_REASON = "the hub does not say why"


def challenge(random_fraction: bytes) -> str:
    """Write a challenge, of characters that no subscriber has to encode or could mangle.

    Args:
        random_fraction: Random, and used for this once; see `CHALLENGE_BYTES`.

    Source: WebSub 5.3: "a hub-generated, random string that MUST be echoed".
    """
    return random_fraction.hex()


def with_fields(url: str, fields: Sequence[tuple[str, str]]) -> str:
    """Append fields to the query of a URL, whose own query stays as it is, byte for byte.

    A fragment is left out: it is never sent, and would swallow what stands behind it.
    """
    address = url.partition("#")[0]
    asked = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields)
    if "?" not in address:
        return f"{address}?{asked}"
    own_query = address.partition("?")[2]
    return f"{address}&{asked}" if own_query else f"{address}{asked}"


def verification_url(pending: PendingRequest, challenge: str) -> str:
    """Where a callback is asked whether it wants what was asked for in its name.

    Source: WebSub 5.3 "Hub Verifies Intent of the Subscriber".
    """
    request = pending.request
    fields = [
        ("hub.mode", request.mode.value),
        ("hub.topic", request.topic),
        ("hub.challenge", challenge),
    ]
    if request.mode is Mode.SUBSCRIBE:
        fields.append(("hub.lease_seconds", str(request.lease_s)))
    return with_fields(request.callback, fields)


def denial_url(pending: PendingRequest) -> str:
    """Where a callback is told that it gets nothing, or nothing more.

    Source: WebSub 5.2 "Subscription Validation".
    """
    request = pending.request
    fields = [
        ("hub.mode", Mode.DENIED.value),
        ("hub.topic", request.topic),
        ("hub.reason", request.reason or _NO_REASON),
    ]
    return with_fields(request.callback, fields)


# rssCloud, by which some readers of RSS are told of changes: what is said to them. Pure.
#
# A subscriber is one of ours like those of WebSub; it gets the document's address instead of the
# document. Source: http://rsscloud.co and the walkthrough at
# http://scripting.com/opmlHowto/dave/rssCloud/walkthrough.html.

#: "By convention registrations expire after 25 hours. Workstations should register every 24 hours"
#: (rssCloud interface).
LEASE_S = 25 * 60 * 60

#: Among so much of an answer a challenge is looked for: some put it into a page.
_MAX_ANSWER_BYTES = 4096

_FORM = "Content-Type: application/x-www-form-urlencoded"


class Announced(Protocol):
    """What there is news of."""

    @property
    def topic(self) -> str:
        """Its address."""


def is_for_itself(request: SubscriptionRequest) -> bool:
    """True when who asked is to be told at the address from which it asked.

    Nobody can ask that in another's name, so it need not prove what it wants.
    """
    return request.host == request.client


class RssCloud:
    """The way of rssCloud, over plain HTTP."""

    def asking(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """POST of what a notification is; another machine is asked by GET with a challenge."""
        request = pending.request
        if is_for_itself(request):
            return _notification(request.callback, request.topic)
        fields = [("url", request.topic), ("challenge", challenge)]
        url = with_fields(request.callback, fields)
        return BulkRequest(url=url, max_answer_bytes=_MAX_ANSWER_BYTES)

    def confirms(
        self, pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """True for 2xx, from another machine with the challenge in it."""
        is_proven = (
            is_for_itself(pending.request) or challenge.encode("ascii") in bulk_response.body
        )
        return bulk_response.is_success and is_proven

    def denying(self, pending: PendingRequest) -> BulkRequest | None:  # noqa: ARG002  # the Way's
        """Nothing: the protocol has no word for it."""
        return None

    def delivering(
        self,
        delivery: DueDelivery,
        content: Announced,
        signature: str | None,  # noqa: ARG002  # the Way's
    ) -> BulkRequest:
        """POST of the address; what is there now, the reader fetches itself."""
        return _notification(delivery.callback, content.topic)


def _notification(callback: str, topic: str) -> BulkRequest:
    body = urlencode({"url": topic}).encode("ascii")
    return BulkRequest(url=callback, body=body, headers=(_FORM,))


# How subscribers are asked and told: one way for each protocol.

#: What is read of a callback's answer: a challenge, or more than that, which is none.
MAX_ANSWER_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicContent:
    """What a topic's subscribers get: made once, however many they are (WebSub section 7)."""

    feed: str  #: slug
    format: Format
    edition: int
    topic: str  #: the document's self URL
    body: bytes  #: the whole document, without coding
    headers: tuple[str, ...]  #: ``Name: value``, as the document is served

    @classmethod
    def of(cls, document: FeedDocument) -> "TopicContent":
        """The content of a stored document."""
        told = [link for link in document.links if link.rel in HEADER_LINKS]
        [topic] = [link.href for link in told if link.rel == "self"]
        return cls(
            feed=document.feed,
            format=document.format,
            edition=document.edition,
            topic=topic,
            body=decompress(document.gzip),
            headers=(
                f"Content-Type: {document.format.media_type}; charset=utf-8",
                f"Link: {link_field(told)}",
            ),
        )


class ProtocolHandler(Protocol):
    """What a protocol says to subscribers, and what it takes their answers for. Pure."""

    def asking(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """How a callback is asked whether it wants what is asked for in its name."""
        ...

    def confirms(
        self, pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """Whether its answer says so."""
        ...

    def denying(self, pending: PendingRequest) -> BulkRequest | None:
        """How a callback is told that it gets nothing; None where nothing is said of it."""
        ...

    def delivering(
        self, delivery: DueDelivery, content: TopicContent, signature: str | None
    ) -> BulkRequest:
        """How a subscriber is told of news.

        Args:
            delivery: To whom.
            content: What its topic is now.
            signature: Of the content, for a subscriber with a secret; see `signatures`.
        """
        ...


class WebSub:
    """The way of the W3C Recommendation."""

    def asking(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """GET with a challenge (section 5.3)."""
        return BulkRequest(
            url=verification_url(pending, challenge), max_answer_bytes=MAX_ANSWER_BYTES
        )

    def confirms(
        self, _pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """True for 2xx with the challenge and nothing else (section 5.3.1)."""
        # An answer that breaks off after the challenge was to say something else.
        is_said = bulk_response.is_whole and bulk_response.body == challenge.encode("ascii")
        return bulk_response.is_success and is_said

    def denying(self, pending: PendingRequest) -> BulkRequest | None:
        """GET with the reason (section 5.2)."""
        return BulkRequest(url=denial_url(pending))

    def delivering(
        self, delivery: DueDelivery, content: TopicContent, signature: str | None
    ) -> BulkRequest:
        """POST of the whole document, signed for those who gave a secret (sections 7, 7.1)."""
        headers = content.headers
        if signature is not None:
            headers = (*headers, f"X-Hub-Signature: {signature}")
        return BulkRequest(url=delivery.callback, body=content.body, headers=headers)


#: The way of each protocol.
PROTOCOL_HANDLERS: Mapping[PushProtocol, ProtocolHandler] = MappingProxyType(
    {PushProtocol.WEBSUB: WebSub(), PushProtocol.RSSCLOUD: RssCloud()}
)
