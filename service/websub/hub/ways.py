"""How subscribers are asked and told: one way for each protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from feeds.model.edition import FeedDocument
from feeds.model.feed import Format
from feeds.model.subscription import DueDelivery, PendingRequest, Wire
from feeds.render import decompress
from service.http_rules import TOLD_LINKS, link_field
from service.outbound import Parcel, Receipt
from service.websub.hub.challenges import denial_url, verification_url

#: What is read of a callback's answer: a challenge, or more than that, which is none.
MAX_ANSWER_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a topic's subscribers get: made once, however many they are (WebSub section 7)."""

    feed: str  #: slug
    format: Format
    edition: int
    topic: str  #: the document's self URL
    body: bytes  #: the whole document, without coding
    headers: tuple[str, ...]  #: ``Name: value``, as the document is served

    @classmethod
    def of(cls, document: FeedDocument) -> "Content":
        """The content of a stored document."""
        told = [link for link in document.links if link.rel in TOLD_LINKS]
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


class Way(Protocol):
    """What a protocol says to subscribers, and what it takes their answers for. Pure."""

    def asking(self, pending: PendingRequest, challenge: str) -> Parcel:
        """How a callback is asked whether it wants what is asked for in its name."""
        ...

    def confirms(self, pending: PendingRequest, challenge: str, receipt: Receipt, /) -> bool:
        """Whether its answer says so."""
        ...

    def denying(self, pending: PendingRequest) -> Parcel | None:
        """How a callback is told that it gets nothing; None where nothing is said of it."""
        ...

    def delivering(self, delivery: DueDelivery, content: Content, signature: str | None) -> Parcel:
        """How a subscriber is told of news.

        Args:
            delivery: To whom.
            content: What its topic is now.
            signature: Of the content, for a subscriber with a secret; see `signatures`.
        """
        ...


class WebSub:
    """The way of the W3C Recommendation."""

    def asking(self, pending: PendingRequest, challenge: str) -> Parcel:
        """GET with a challenge (section 5.3)."""
        return Parcel(url=verification_url(pending, challenge), max_answer_bytes=MAX_ANSWER_BYTES)

    def confirms(self, _pending: PendingRequest, challenge: str, receipt: Receipt, /) -> bool:
        """True for 2xx with the challenge and nothing else (section 5.3.1)."""
        # An answer that breaks off after the challenge was to say something else.
        is_said = receipt.is_whole and receipt.body == challenge.encode("ascii")
        return receipt.is_success and is_said

    def denying(self, pending: PendingRequest) -> Parcel | None:
        """GET with the reason (section 5.2)."""
        return Parcel(url=denial_url(pending))

    def delivering(self, delivery: DueDelivery, content: Content, signature: str | None) -> Parcel:
        """POST of the whole document, signed for those who gave a secret (sections 7, 7.1)."""
        headers = content.headers
        if signature is not None:
            headers = (*headers, f"X-Hub-Signature: {signature}")
        return Parcel(url=delivery.callback, body=content.body, headers=headers)


#: The way of each protocol.
WAYS: Mapping[Wire, Way] = MappingProxyType({Wire.WEBSUB: WebSub()})
