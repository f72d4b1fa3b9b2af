"""Where subscribers come in: the WebSub hub and rssCloud, and the limits that both share."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from xml.sax.saxutils import quoteattr

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Format, Site
from feeds.model.subscription import SubscriptionRequest
from service.http_rules.addresses import client_address, counted_as
from service.outbound.addresses import is_own
from service.settings import Settings
from service.web.answers import answer_bytes
from service.web.pages import CACHE_CONTROL
from service.web.rate_limits import RateLimiter
from service.web.request_context import request_context
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

# Who wants to be told of news comes in here, in whatever protocol: limits, and what all share.

_FORM_TYPE = "application/x-www-form-urlencoded"

#: When a host may have fewer requests that wait: its callbacks are asked, or given up, by then.
_PENDING_RETRY_S = 60


class RequestRejected(Exception):
    """A request that is not taken. The message is for who sent it."""

    def __init__(self, status: HTTPStatus, reason: str, *, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class SubscriptionEndpoint:
    """Takes requests for subscriptions. One for a process; safe to use from many threads."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Open it.

        Args:
            monotonic: A clock that nobody sets.
        """
        self._buckets = RateLimiter(monotonic=monotonic)
        self._callbacks = Callbacks(is_own=is_own)

    def client(self) -> str:
        """The address of who asks.

        Raises:
            Refused: He asks too often.
        """
        settings = request_context().settings
        client = client_address(
            request.environ.get("REMOTE_ADDR", ""),
            request.environ.get("HTTP_X_FORWARDED_FOR"),
            settings.http.trusted_proxies,
        )
        limits = settings.own_hub
        wait_s = self._buckets.wait_s(
            counted_as(client), per_minute=limits.requests_per_minute, burst=limits.burst
        )
        if wait_s:
            raise RequestRejected(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"you may ask {limits.requests_per_minute} times a minute",
                retry_after_s=wait_s,
            )
        return client

    def form(self) -> Form:
        """The form that was posted.

        Raises:
            Refused: It is too large, or no form.
            MalformedRequest: It cannot be decoded.
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

    def handle(self, *wanted: SubscriptionRequest) -> None:
        """Keep requests until their callback, which is one, has confirmed them.

        Raises:
            Refused: Too many wait for this host; none of them is kept.
            CallbackForbidden: The callback is at a place to which we send nothing.
        """
        context = request_context()
        settings = context.settings
        rules = CallbackRules(
            own_url=context.site.base_url,
            allow_networks=settings.outbound.allow_networks,
            ports=settings.own_hub.callback_ports,
        )
        callback, host = wanted[0].callback, wanted[0].host
        self._callbacks.check(callback, rules)
        # Not waiting for the disk: a storm of requests would hold up who publishes. When the
        # machine loses its power, who asked hears no challenge, and asks again.
        with context.database.unsynced() as tx:
            waiting = tx.subscriptions.pending_count(host=host)
            if waiting + len(wanted) <= settings.own_hub.pending_per_host:
                for each in wanted:
                    tx.subscriptions.add_request(each, now=context.now)
                return
        raise RequestRejected(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{waiting} requests for callbacks at {host} wait to be confirmed",
            retry_after_s=_PENDING_RETRY_S,
        )


def lease_terms(settings: Settings) -> LeaseTerms:
    """For how long one can subscribe, as configured."""
    given = settings.own_hub
    longest_s = _seconds(given.longest_lease_days)
    return LeaseTerms(
        default_s=min(longest_s, _seconds(given.default_lease_days)),
        longest_s=longest_s,
        shortest_s=min(longest_s, given.shortest_lease_seconds),
    )


def rejection_of(error: RequestRefused) -> RequestRejected:
    """What a client is told of a request that is nothing that the hub does."""
    is_unknown = isinstance(error, UnknownTopic)
    return RequestRejected(
        HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.BAD_REQUEST, str(error)
    )


@lru_cache(maxsize=2)
def _topics(catalogue: Catalogue) -> Topics:
    return Topics(catalogue)


def _seconds(days: float) -> int:
    return max(1, int(timedelta(days=days).total_seconds()))


# The built-in WebSub hub's address: where one subscribes, and reads what that is.

#: An answer is about one request.
_NOT_TO_BE_KEPT = "no-store"

HUB_ACCEPTED = "accepted: the callback will be asked whether it wants this\n"


def make_hub_blueprint(reception: SubscriptionEndpoint) -> Blueprint:
    """Make the hub's routes."""
    blueprint = Blueprint("hub", __name__)

    @blueprint.before_request
    def find() -> None:
        if not request_context().settings.own_hub.offered:
            raise NotFound

    @blueprint.post("/hub")
    def ask() -> Response:
        try:
            _take_hub_request(reception)
        except RequestRefused as error:
            return rejection_response(rejection_of(error))
        except RequestRejected as error:
            return rejection_response(error)
        # WebSub 5.1.1: "The 202 response code indicates that the request was accepted", and 5.3
        # comes later: the hub's process asks the callback.
        return _text(HUB_ACCEPTED, HTTPStatus.ACCEPTED)

    @blueprint.get("/hub")
    def explain() -> Response:
        context = request_context()
        own_hub = context.settings.own_hub
        page = render_template(
            "hub.html",
            command=_command(context.site),
            hub=own_hub,
            timeout=f"{own_hub.timeout_seconds:g}",
            terms=lease_terms(context.settings),
            max_secret_bytes=MAX_SECRET_BYTES,
        )
        return answer_bytes(
            page.encode(),
            media_type="text/html; charset=utf-8",
            cache_control=CACHE_CONTROL,
        )

    return blueprint


def rejection_response(refusal: RequestRejected) -> Response:
    """Answer a request that is not taken: WebSub 5.1.1 wants the reason as plain text."""
    answer = _text(f"{refusal.reason}\n", refusal.status)
    if refusal.retry_after_s:
        answer.headers["Retry-After"] = str(refusal.retry_after_s)
    return answer


def _command(site: Site) -> str:
    """What to type, to subscribe to the feed of everything."""
    lines = (
        f"curl -i {site.hub}",
        "-d hub.mode=subscribe",
        f"--data-urlencode hub.topic={site.topic(ALL, Format.ATOM)}",
        "--data-urlencode hub.callback=https://you.example/news",
    )
    return " \\\n  ".join(lines)


def _take_hub_request(reception: SubscriptionEndpoint) -> None:
    context = request_context()
    client = reception.client()
    wanted = read_request(
        reception.form(),
        topics=_topics(context.catalogue),
        terms=lease_terms(context.settings),
        now=context.now,
        client=client,
    )
    reception.handle(wanted)


def _text(text: str, status: HTTPStatus) -> Response:
    return Response(
        text,
        status=status,
        mimetype="text/plain",
        headers={"Cache-Control": _NOT_TO_BE_KEPT},
    )


# Where readers of RSS ask to be told of changes that know rssCloud instead of WebSub.

#: The protocol has one answer for all: who waits for a callback to confirm would hold a thread.
RSSCLOUD_ACCEPTED = (
    "Your server is asked next whether it wants this; it is then told of changes for 25 hours."
)


def make_rsscloud_blueprint(reception: SubscriptionEndpoint) -> Blueprint:
    """Make the route; it is there while documents name this service as their cloud."""
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
            _take_rsscloud_request(reception)
        except RequestRefused as error:
            # A well-known server answers 200 to all; readers look at the attribute.
            return _result(is_success=False, message=str(error))
        except RequestRejected as error:
            return _refusal(error)
        return _result(is_success=True, message=RSSCLOUD_ACCEPTED)

    return blueprint


def _take_rsscloud_request(reception: SubscriptionEndpoint) -> None:
    context = request_context()
    client = reception.client()
    wanted = read_registration(
        reception.form(), topics=_topics(context.catalogue), now=context.now, client=client
    )
    reception.handle(*wanted)


def _refusal(error: RequestRejected) -> Response:
    answer = _result(is_success=False, message=error.reason)
    answer.status_code = error.status
    if error.retry_after_s:
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _result(*, is_success: bool, message: str) -> Response:
    """Source: the walkthrough: "an XML response called notifyResult with two attributes"."""
    success = "true" if is_success else "false"
    return Response(
        f'<?xml version="1.0"?>\n<notifyResult success="{success}" msg={quoteattr(message)}/>\n',
        status=HTTPStatus.OK,
        mimetype="application/xml",
        headers={"Cache-Control": _NOT_TO_BE_KEPT},
    )
