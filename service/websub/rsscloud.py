"""rssCloud, by which some readers of RSS are told of changes: what is said to them. Pure.

A subscriber is one of ours like those of WebSub; it gets the document's address instead of the
document. Source: http://rsscloud.co and the walkthrough at
http://scripting.com/opmlHowto/dave/rssCloud/walkthrough.html.
"""

from typing import Protocol
from urllib.parse import urlencode

from feeds.model.subscription import DueDelivery, PendingRequest, SubscriptionRequest
from service.outbound import Parcel, Receipt
from service.websub.hub.challenges import with_fields

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

    def asking(self, pending: PendingRequest, challenge: str) -> Parcel:
        """POST of what a notification is; another machine is asked by GET with a challenge."""
        request = pending.request
        if is_for_itself(request):
            return _notification(request.callback, request.topic)
        fields = [("url", request.topic), ("challenge", challenge)]
        url = with_fields(request.callback, fields)
        return Parcel(url=url, max_answer_bytes=_MAX_ANSWER_BYTES)

    def confirms(self, pending: PendingRequest, challenge: str, receipt: Receipt, /) -> bool:
        """True for 2xx, from another machine with the challenge in it."""
        is_proven = is_for_itself(pending.request) or challenge.encode("ascii") in receipt.body
        return receipt.is_success and is_proven

    def denying(self, pending: PendingRequest) -> Parcel | None:  # noqa: ARG002  # the Way's
        """Nothing: the protocol has no word for it."""
        return None

    def delivering(
        self,
        delivery: DueDelivery,
        content: Announced,
        signature: str | None,  # noqa: ARG002  # the Way's
    ) -> Parcel:
        """POST of the address; what is there now, the reader fetches itself."""
        return _notification(delivery.callback, content.topic)


def _notification(callback: str, topic: str) -> Parcel:
    body = urlencode({"url": topic}).encode("ascii")
    return Parcel(url=callback, body=body, headers=(_FORM,))
