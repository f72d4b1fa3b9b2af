"""The requests to subscribers: one protocol handler each for WebSub and rssCloud."""

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

# The URLs of verifications and denials. Pure.

#: Number of random bytes in a challenge; as text it has twice as many characters.
CHALLENGE_BYTES = 32

#: The reason in a denial that has none.
_NO_REASON = "the hub does not say why"


def challenge(random_bytes: bytes) -> str:
    """Returns a challenge of characters that need no encoding.

    Args:
        random_bytes: Fresh random bytes; see `CHALLENGE_BYTES`.

    Source: WebSub 5.3: "a hub-generated, random string that MUST be echoed".
    """
    return random_bytes.hex()


def with_fields(url: str, fields: Sequence[tuple[str, str]]) -> str:
    """Appends fields to the query of a URL; its existing query stays as it is, byte for byte.

    A fragment is left out: it is never sent, and fields behind it would not be sent either.
    """
    address = url.partition("#")[0]
    added = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in fields)
    if "?" not in address:
        return f"{address}?{added}"
    own_query = address.partition("?")[2]
    return f"{address}&{added}" if own_query else f"{address}{added}"


def verification_url(pending: PendingRequest, challenge: str) -> str:
    """Returns the URL that asks a callback to confirm a request made in its name.

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
    """Returns the URL that tells a callback of a denied or ended subscription.

    Source: WebSub 5.2 "Subscription Validation".
    """
    request = pending.request
    fields = [
        ("hub.mode", Mode.DENIED.value),
        ("hub.topic", request.topic),
        ("hub.reason", request.reason or _NO_REASON),
    ]
    return with_fields(request.callback, fields)


# rssCloud, a protocol by which some RSS readers are notified of changes. Pure.
#
# Its subscribers are stored like those of WebSub. They get the document's address instead of the
# document. Source: http://rsscloud.co and the walkthrough at
# http://scripting.com/opmlHowto/dave/rssCloud/walkthrough.html.

#: "By convention registrations expire after 25 hours. Workstations should register every 24 hours"
#: (rssCloud interface).
LEASE_S = 25 * 60 * 60

#: Length of an answer in which a challenge is searched: some readers put it into a page.
_MAX_ANSWER_BYTES = 4096

_FORM = "Content-Type: application/x-www-form-urlencoded"


class Announced(Protocol):
    """Content of which only the address is announced."""

    @property
    def topic(self) -> str:
        """The address of the content."""


def is_for_itself(request: SubscriptionRequest) -> bool:
    """Whether the callback is at the client's own address.

    Such a request cannot be made in another's name, so that it needs no challenge.
    """
    return request.host == request.client


class RssCloud:
    """The handler for rssCloud over plain HTTP."""

    def verification_request(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """Returns a notification by POST; for another machine, a GET with a challenge."""
        request = pending.request
        if is_for_itself(request):
            return _notification(request.callback, request.topic)
        fields = [("url", request.topic), ("challenge", challenge)]
        url = with_fields(request.callback, fields)
        return BulkRequest(url=url, max_answer_bytes=_MAX_ANSWER_BYTES)

    def confirms(
        self, pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """Whether the answer is 2xx, and from another machine contains the challenge."""
        is_proven = (
            is_for_itself(pending.request) or challenge.encode("ascii") in bulk_response.body
        )
        return bulk_response.is_success and is_proven

    def denial_request(self, pending: PendingRequest) -> BulkRequest | None:  # noqa: ARG002  # of the interface
        """Returns None: the protocol has no denials."""
        return None

    def delivery_request(
        self,
        delivery: DueDelivery,
        content: Announced,
        signature: str | None,  # noqa: ARG002  # of the interface
    ) -> BulkRequest:
        """Returns a POST of the address; the reader fetches the content itself."""
        return _notification(delivery.callback, content.topic)


def _notification(callback: str, topic: str) -> BulkRequest:
    body = urlencode({"url": topic}).encode("ascii")
    return BulkRequest(url=callback, body=body, headers=(_FORM,))


# WebSub, and the interface of protocol handlers.

#: Maximum of a callback's answer that is read. A longer answer cannot be a challenge.
MAX_ANSWER_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicContent:
    """The content for a topic's subscribers, created once for all (WebSub section 7)."""

    feed: str  #: slug
    format: Format
    edition: int
    topic: str  #: the document's self URL
    body: bytes  #: the whole document, without coding
    headers: tuple[str, ...]  #: ``Name: value``, as the document is served

    @classmethod
    def of(cls, document: FeedDocument) -> "TopicContent":
        """Returns the content of a stored document."""
        links = [link for link in document.links if link.rel in HEADER_LINKS]
        [topic] = [link.href for link in links if link.rel == "self"]
        return cls(
            feed=document.feed,
            format=document.format,
            edition=document.edition,
            topic=topic,
            body=decompress(document.gzip),
            headers=(
                f"Content-Type: {document.format.media_type}; charset=utf-8",
                f"Link: {link_field(links)}",
            ),
        )


class ProtocolHandler(Protocol):
    """Builds a protocol's requests to subscribers, and reads their answers. Pure."""

    def verification_request(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """Returns the request that asks a callback to confirm a request made in its name."""
        ...

    def confirms(
        self, pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """Whether the answer confirms the request."""
        ...

    def denial_request(self, pending: PendingRequest) -> BulkRequest | None:
        """Returns the request that tells a callback of a denial; None without denials."""
        ...

    def delivery_request(
        self, delivery: DueDelivery, content: TopicContent, signature: str | None
    ) -> BulkRequest:
        """Returns the request that delivers new content.

        Args:
            delivery: Has the callback.
            content: The topic's current content.
            signature: Of the content, for a subscriber with a secret; see
                `distributor.signature`.
        """
        ...


class WebSub:
    """The handler for WebSub, the W3C Recommendation."""

    def verification_request(self, pending: PendingRequest, challenge: str) -> BulkRequest:
        """Returns a GET with a challenge (section 5.3)."""
        return BulkRequest(
            url=verification_url(pending, challenge), max_answer_bytes=MAX_ANSWER_BYTES
        )

    def confirms(
        self, _pending: PendingRequest, challenge: str, bulk_response: BulkResponse, /
    ) -> bool:
        """Whether the answer is 2xx with the challenge and nothing else (section 5.3.1)."""
        # An incomplete answer that begins with the challenge would have continued with other text.
        is_echoed = bulk_response.is_whole and bulk_response.body == challenge.encode("ascii")
        return bulk_response.is_success and is_echoed

    def denial_request(self, pending: PendingRequest) -> BulkRequest | None:
        """Returns a GET with the reason (section 5.2)."""
        return BulkRequest(url=denial_url(pending))

    def delivery_request(
        self, delivery: DueDelivery, content: TopicContent, signature: str | None
    ) -> BulkRequest:
        """Returns a POST of the document, signed if there is a secret (sections 7, 7.1)."""
        headers = content.headers
        if signature is not None:
            headers = (*headers, f"X-Hub-Signature: {signature}")
        return BulkRequest(url=delivery.callback, body=content.body, headers=headers)


#: The handler of each protocol.
PROTOCOL_HANDLERS: Mapping[PushProtocol, ProtocolHandler] = MappingProxyType(
    {PushProtocol.WEBSUB: WebSub(), PushProtocol.RSSCLOUD: RssCloud()}
)
