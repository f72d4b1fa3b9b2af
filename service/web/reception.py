"""Who wants to be told of news comes in here, in whatever protocol: limits, and what all share."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus

from flask import request

from feeds.categories import Catalogue
from feeds.model.subscription import SubscriptionRequest
from service.http_rules.clients import client_address, counted_as
from service.outbound.own_addresses import is_own
from service.settings import OwnHubSettings, Settings
from service.web.buckets import Buckets
from service.web.desk import HubState
from service.websub.hub.callbacks import CallbackRules, Callbacks
from service.websub.hub.requests import (
    MAX_FORM_BYTES,
    Form,
    LeaseTerms,
    RequestRefused,
    Topics,
    UnknownTopic,
    decode_form,
)

_FORM_TYPE = "application/x-www-form-urlencoded"

#: When a host may have fewer requests that wait: its callbacks are asked, or given up, by then.
_PENDING_RETRY_S = 60


class Refused(Exception):
    """A request that is not taken. The message is for who sent it."""

    def __init__(self, status: HTTPStatus, reason: str, *, retry_after_s: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


class Reception:
    """Takes requests for subscriptions. One for a process; safe to use from many threads."""

    def __init__(self, state: HubState, *, seconds: Callable[[], float] = time.monotonic) -> None:
        """Open it.

        Args:
            state: Asked once in each request.
            seconds: A clock that nobody sets.
        """
        self._state = state
        self._buckets = Buckets(seconds=seconds)
        self._callbacks = Callbacks(is_own=is_own)

    @property
    def settings(self) -> OwnHubSettings:
        """The hub's, as they are now."""
        return self._state.settings.own_hub

    @property
    def topics(self) -> Topics:
        """What one can subscribe to now."""
        return _topics(self._state.catalogue)

    @property
    def terms(self) -> LeaseTerms:
        """For how long one can subscribe."""
        return lease_terms(self._state.settings)

    def client(self) -> str:
        """The address of who asks.

        Raises:
            Refused: He asks too often.
        """
        settings = self._state.settings
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
            raise Refused(
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
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form may have {MAX_FORM_BYTES} bytes"
            )
        if request.mimetype != _FORM_TYPE:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"this takes forms: {_FORM_TYPE}")
        return decode_form(request.get_data(cache=False))

    def take(self, wanted: SubscriptionRequest, *, now: datetime) -> None:
        """Keep a request until its callback has confirmed it.

        Raises:
            Refused: Too many wait for this host.
            CallbackForbidden: Its callback is at a place to which we send nothing.
        """
        settings = self._state.settings
        rules = CallbackRules(
            own_url=self._state.catalogue.site.base_url,
            allow_networks=settings.outbound.allow_networks,
            ports=settings.own_hub.callback_ports,
        )
        self._callbacks.check(wanted.callback, rules)
        # Not waiting for the disk: a storm of requests would hold up who publishes. When the
        # machine loses its power, who asked hears no challenge, and asks again.
        with self._state.database.unsynced() as tx:
            waiting = tx.subscriptions.pending_count(host=wanted.host)
            if waiting < settings.own_hub.pending_per_host:
                tx.subscriptions.ask(wanted, now=now)
                return
        raise Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{waiting} requests for callbacks at {wanted.host} wait to be confirmed",
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


def refused(error: RequestRefused) -> Refused:
    """What a client is told of a request that is nothing that the hub does."""
    is_unknown = isinstance(error, UnknownTopic)
    return Refused(HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.BAD_REQUEST, str(error))


@lru_cache(maxsize=2)
def _topics(catalogue: Catalogue) -> Topics:
    return Topics(catalogue)


def _seconds(days: float) -> int:
    return max(1, int(timedelta(days=days).total_seconds()))
