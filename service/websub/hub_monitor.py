"""Creates, requests and renews the canaries: subscriptions that show whether hubs push."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

from feeds.model.feed import Format, Site
from feeds.model.subscription import Canary, Mode, SubscriptionRequest
from feeds.store.database import Database
from service.logs import get_logger
from service.outbound import Credentials, HttpClient, HttpResponse, OutboundFailed
from service.websub.canary import pause_after, subscription_fields

_log = get_logger(__name__)

TOKEN_BYTES = 24
SECRET_BYTES = 32

#: Interval at which `HubMonitor.run` should be called: the shortest pause between two requests.
RUN_EVERY_S = 5.0

#: How long records of pushes are kept.
PUSHES_KEPT = timedelta(days=30)
_SWEEP_EVERY = timedelta(hours=1)

_MAX_EXCERPT_CHARS = 200

#: Client errors that are temporary, and not about the request.
_NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class HubMonitor:
    """Maintains the canaries of one configuration. Several monitors may work on one store."""

    def __init__(
        self,
        database: Database,
        outbound: HttpClient,
        *,
        site: Site,
        hubs: Sequence[str],
        feed: str,
        feed_format: Format,
        lease_s: int,
        own_lease_s: int,
        credentials: Mapping[str, Credentials] = MappingProxyType({}),
    ) -> None:
        """Sets up the monitor; sends no request.

        Args:
            database: Stores the canaries.
            outbound: Sends the requests, with its time limit for a hub's answer.
            site: Has the URLs of topic and callbacks, and the URL of the built-in hub.
            hubs: Hubs that get a canary. All others are removed; an empty sequence removes all.
            feed: The subscribed feed, by its slug.
            feed_format: The format of the subscribed documents.
            lease_s: The lease that is requested from hubs.
            own_lease_s: The lease that the built-in hub grants.
            credentials: For hubs that need authentication, by their URL.
        """
        self._database = database
        self._outbound = outbound
        self._site = site
        self._hubs = tuple(hubs)
        self._feed = feed
        self._format = feed_format
        self._lease_s = lease_s
        self._own_lease_s = own_lease_s
        self._credentials = credentials
        self._swept_at: datetime | None = None

    def run(self, *, now: Callable[[], datetime], hub: str | None = None) -> list[Canary]:
        """Creates and removes canaries as configured, and sends the requests that are due.

        Args:
            now: The clock.
            hub: Send requests to this hub only; None for all.

        Returns:
            The canaries for which requests were sent, with their new state, in the order of the
            hubs.

        Raises:
            StoreUnavailable: The store cannot be read or written.
        """
        self.ensure(now=now())
        self._sweep(now())
        with self._database.read() as tx:
            due = [each for each in tx.canaries.due(now=now()) if hub in (None, each.hub)]
        requested = {canary.hub for canary in due if self._request(canary, now=now)}
        with self._database.read() as tx:
            canaries = {canary.hub: canary for canary in tx.canaries.listed()}
        return [canaries[each] for each in self._hubs if each in requested and each in canaries]

    def ensure(self, *, now: datetime) -> None:
        """Makes the stored canaries match the configured hubs and topic."""
        topic = self._site.topic(self._feed, self._format)
        with self._database.read() as tx:
            stored = {canary.hub: canary.topic for canary in tx.canaries.listed()}
        # Usually nothing is to be written; then no other writer has to wait.
        if stored == dict.fromkeys(self._hubs, topic):
            return
        with self._database.transaction() as tx:
            tx.canaries.retain(self._hubs)
            for hub in self._hubs:
                tx.canaries.create(self._new(hub, topic, now))

    def _new(self, hub: str, topic: str, now: datetime) -> Canary:
        return Canary(
            hub=hub,
            feed=self._feed,
            format=self._format,
            topic=topic,
            token=secrets.token_urlsafe(TOKEN_BYTES),
            secret=secrets.token_hex(SECRET_BYTES),
            due_at=now,
        )

    def _sweep(self, now: datetime) -> None:
        if self._swept_at is None or not 0 * _SWEEP_EVERY <= now - self._swept_at < _SWEEP_EVERY:
            with self._database.transaction() as tx:
                tx.canaries.forget_pushes(before=now - PUSHES_KEPT)
            self._swept_at = now

    def _request(self, canary: Canary, *, now: Callable[[], datetime]) -> bool:
        """Requests a subscription at one hub; False when another process has just done so."""
        asked_at = now()
        again_at = asked_at + pause_after(canary.attempts + 1)
        with self._database.transaction() as tx:
            if not tx.canaries.claim(canary, now=asked_at, again_at=again_at):
                return False
            if canary.hub == self._site.hub:
                # Stored directly: the built-in hub refuses callbacks at the newsroom's own address,
                # and this machine may be unable to reach itself by its public address.
                tx.subscriptions.add_request(self._own_request(canary), now=asked_at)
                return True
        fields = subscription_fields(canary, self._site, lease_s=self._lease_s)
        try:
            credentials = self._credentials.get(canary.hub)
            answer = self._outbound.post_form(canary.hub, fields, credentials=credentials)
        except OutboundFailed as error:
            result, is_refused = error.reason, False
        else:
            result, is_refused = _read_answer(answer)
        with self._database.transaction() as tx:
            tx.canaries.record_answer(
                canary, asked_at=asked_at, result=result, is_refused=is_refused
            )
        _log.info("canary requested", hub=canary.hub, topic=canary.topic, result=result)
        return True

    def _own_request(self, canary: Canary) -> SubscriptionRequest:
        callback = self._site.canary(canary.token)
        return SubscriptionRequest(
            mode=Mode.SUBSCRIBE,
            feed=canary.feed,
            format=canary.format,
            topic=canary.topic,
            callback=callback,
            host=urlsplit(callback).hostname or "",
            secret=canary.secret,
            lease_s=self._own_lease_s,
        )


def _read_answer(answer: HttpResponse) -> tuple[str, bool]:
    """Returns a hub's answer in one line, and whether it refuses the request for good."""
    said = f"{answer.status} {answer.reason}".rstrip()
    if not answer.is_success and (excerpt := answer.excerpt[:_MAX_EXCERPT_CHARS]):
        said = f"{said}: {excerpt}"
    is_refused = 400 <= answer.status < 500 and answer.status not in _NOT_NOW
    return said, is_refused
