"""Subscription requests over WebSub and rssCloud, and the limits that both share."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from xml.sax.saxutils import quoteattr

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format, Site
from feeds.model.subscription import SubscriptionRequest
from service.http_rules.addresses import rate_limit_key
from service.outbound.addresses import is_own
from service.settings import Settings
from service.web.answers import PAGE_CACHE_CONTROL, answer_bytes
from service.web.page_language import SOURCE_LANGUAGE
from service.web.rate_limits import RateLimiter
from service.web.rendering import render_page
from service.web.request_context import request_context, requesting_client
from service.websub.hub.callbacks import CallbackRules, Callbacks
from service.websub.hub.requests import (
    MAX_FORM_BYTES,
    MAX_SECRET_BYTES,
    Form,
    LeaseTerms,
    RequestRefused,
    Topics,
    UnknownTopic,
    decode_form,
    read_registration,
    read_request,
)

# The part that is common to both protocols.

_FORM_TYPE = "application/x-www-form-urlencoded"

#: The retry time for a host with too many pending requests: its callbacks are verified, or given
#: up, by then.
_PENDING_RETRY_S = 60


class RequestRejected(Exception):
    """A rejected subscription request. The reason is sent to the client."""

    def __init__(self, status: HTTPStatus, reason: str, *, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class SubscriptionEndpoint:
    """Accepts subscription requests. One for each process; safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Makes an endpoint that has seen no client yet.

        Args:
            monotonic: A monotonic clock, in seconds.
        """
        self._buckets = RateLimiter(monotonic=monotonic)
        self._callbacks = Callbacks(is_own=is_own)

    def client(self) -> str:
        """Returns the address of the client.

        Raises:
            RequestRejected: The client sends too many requests.
        """
        client = requesting_client()
        limits = request_context().settings.own_hub
        wait_s = self._buckets.wait_s(
            rate_limit_key(client), per_minute=limits.requests_per_minute, burst=limits.burst
        )
        if wait_s:
            raise RequestRejected(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"you may ask {limits.requests_per_minute} times a minute",
                retry_after_s=wait_s,
            )
        return client

    def form(self) -> Form:
        """Returns the form that was posted.

        Raises:
            RequestRejected: The body is too large, or not a form.
            MalformedRequest: The form cannot be decoded.
        """
        if (request.content_length or 0) > MAX_FORM_BYTES:
            raise RequestRejected(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form may have {MAX_FORM_BYTES} bytes"
            )
        if request.mimetype != _FORM_TYPE:
            raise RequestRejected(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"this takes forms: {_FORM_TYPE}"
            )
        return decode_form(request.get_data(cache=False))

    def handle(self, *requested: SubscriptionRequest) -> None:
        """Stores requests as pending until their common callback has confirmed them.

        Args:
            requested: One or more requests with the same callback.

        Raises:
            RequestRejected: Too many requests are pending for this host; none of these is stored.
            CallbackForbidden: The callback is at an address to which we send nothing.
        """
        context = request_context()
        settings = context.settings
        rules = CallbackRules(
            own_url=context.site.base_url,
            allow_networks=settings.outbound.allow_networks,
            ports=settings.own_hub.callback_ports,
        )
        callback, host = requested[0].callback, requested[0].host
        self._callbacks.check(callback, rules)
        # Without waiting for the disk, because a burst of requests would delay publishing. After a
        # power failure the subscriber gets no challenge, and subscribes again.
        with context.database.unsynced() as tx:
            waiting = tx.subscriptions.pending_count(host=host)
            if waiting + len(requested) <= settings.own_hub.pending_per_host:
                for each in requested:
                    tx.subscriptions.add_request(each, now=context.now)
                return
        raise RequestRejected(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{waiting} requests for callbacks at {host} wait to be confirmed",
            retry_after_s=_PENDING_RETRY_S,
        )


def lease_terms(settings: Settings) -> LeaseTerms:
    """Returns the configured limits of leases."""
    given = settings.own_hub
    longest_s = _seconds(given.longest_lease_days)
    return LeaseTerms(
        default_s=min(longest_s, _seconds(given.default_lease_days)),
        longest_s=longest_s,
        shortest_s=min(longest_s, given.shortest_lease_seconds),
    )


def rejection_of(error: RequestRefused) -> RequestRejected:
    """Returns the rejection that answers a refused request."""
    is_unknown = isinstance(error, UnknownTopic)
    return RequestRejected(
        HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.BAD_REQUEST, str(error)
    )


@lru_cache(maxsize=2)
def _topics(catalogue: Catalogue) -> Topics:
    return Topics(catalogue)


def _seconds(days: float) -> int:
    return max(1, int(timedelta(days=days).total_seconds()))


# The built-in WebSub hub: subscription requests, and the page that explains the hub.

#: An answer is for one request only.
_NO_STORE = "no-store"

HUB_ACCEPTED = "accepted: the callback will be asked whether it wants this\n"


def make_hub_blueprint(endpoint: SubscriptionEndpoint) -> Blueprint:
    """Makes the routes of the hub."""
    blueprint = Blueprint("hub", __name__)

    @blueprint.before_request
    def find() -> None:
        if not request_context().settings.own_hub.offered:
            raise NotFound

    @blueprint.post("/hub")
    def ask() -> Response:
        try:
            _handle_hub_request(endpoint)
        except RequestRefused as error:
            return rejection_response(rejection_of(error))
        except RequestRejected as error:
            return rejection_response(error)
        # WebSub 5.1.1: "The 202 response code indicates that the request was accepted". The hub's
        # process verifies the callback later (5.3).
        return _text(HUB_ACCEPTED, HTTPStatus.ACCEPTED)

    @blueprint.get("/hub")
    def explain() -> Response:
        context = request_context()
        own_hub = context.settings.own_hub
        # For whoever programs a subscriber: English, like the protocol's own words.
        page = render_page(
            "hub.html",
            SOURCE_LANGUAGE,
            command=_command(context.site),
            hub=own_hub,
            timeout=f"{own_hub.timeout_seconds:g}",
            terms=lease_terms(context.settings),
            max_secret_bytes=MAX_SECRET_BYTES,
        )
        return answer_bytes(
            page,
            media_type="text/html; charset=utf-8",
            cache_control=PAGE_CACHE_CONTROL,
        )

    return blueprint


def rejection_response(refusal: RequestRejected) -> Response:
    """Answers a rejected request with the reason as plain text, as WebSub 5.1.1 requires."""
    answer = _text(f"{refusal.reason}\n", refusal.status)
    if refusal.retry_after_s:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


def _command(site: Site) -> str:
    """Returns a command that subscribes to the feed of all releases."""
    lines = (
        f"curl -i {site.hub}",
        "-d hub.mode=subscribe",
        f"--data-urlencode hub.topic={site.topic(ALL, Format.ATOM)}",
        "--data-urlencode hub.callback=https://you.example/news",
    )
    return " \\\n  ".join(lines)


def _handle_hub_request(endpoint: SubscriptionEndpoint) -> None:
    context = request_context()
    client = endpoint.client()
    requested = read_request(
        endpoint.form(),
        topics=_topics(context.catalogue),
        terms=lease_terms(context.settings),
        now=context.now,
        client=client,
    )
    endpoint.handle(requested)


def _text(text: str, status: HTTPStatus) -> Response:
    return Response(
        text,
        status=status,
        mimetype="text/plain",
        headers={"Cache-Control": _NO_STORE},
    )


# rssCloud, for readers of RSS that do not support WebSub.

#: The message of the success answer. It is sent before the callback is verified, because waiting
#: for the callback would block a thread.
RSSCLOUD_ACCEPTED = (
    "Your server is asked next whether it wants this; it is then told of changes for 25 hours."
)


def make_rsscloud_blueprint(endpoint: SubscriptionEndpoint) -> Blueprint:
    """Makes the route. It exists while documents name this service as their cloud."""
    blueprint = Blueprint("cloud", __name__)

    @blueprint.before_request
    def find() -> None:
        settings = request_context().settings
        rsscloud = settings.rsscloud
        is_ours = rsscloud.offered and rsscloud.register_url is None
        if not is_ours or not settings.own_hub.offered:
            raise NotFound

    @blueprint.post("/cloud/pleaseNotify")
    def please_notify() -> Response:
        try:
            _handle_rsscloud_request(endpoint)
        except RequestRefused as error:
            # The best-known server answers 200 to everything; readers check the attribute.
            return _result(is_success=False, message=str(error))
        except RequestRejected as error:
            return _rejection(error)
        return _result(is_success=True, message=RSSCLOUD_ACCEPTED)

    return blueprint


def _handle_rsscloud_request(endpoint: SubscriptionEndpoint) -> None:
    context = request_context()
    client = endpoint.client()
    requested = read_registration(
        endpoint.form(), topics=_topics(context.catalogue), now=context.now, client=client
    )
    endpoint.handle(*requested)


def _rejection(error: RequestRejected) -> Response:
    answer = _result(is_success=False, message=error.reason)
    answer.status_code = error.status
    if error.retry_after_s:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _result(*, is_success: bool, message: str) -> Response:
    """Writes the answer of the protocol.

    Source: the rssCloud walkthrough: "an XML response called notifyResult with two attributes".
    """
    success = "true" if is_success else "false"
    return Response(
        f'<?xml version="1.0"?>\n<notifyResult success="{success}" msg={quoteattr(message)}/>\n',
        status=HTTPStatus.OK,
        mimetype="application/xml",
        headers={"Cache-Control": _NO_STORE},
    )
