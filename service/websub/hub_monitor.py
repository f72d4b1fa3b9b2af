"""Our own subscriptions at the hubs: requested, renewed, and watched."""

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

#: How often somebody should `tend`: as often as a hub may be asked at all.
RUN_EVERY_S = 5.0

#: How long it is kept which pushes arrived.
PUSHES_KEPT = timedelta(days=30)
_SWEEP_EVERY = timedelta(hours=1)

_MAX_EXCERPT_CHARS = 200

#: The client's fault by number, but they speak of the moment and not of the request.
_NOT_NOW = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class HubMonitor:
    """Looks after the canaries of one configuration. Any number may work on one store."""

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
        """Keep what every asking needs.

        Args:
            database: Holds the canaries.
            outbound: Its time limit is what a hub may take to answer.
            site: Gives topic and callbacks their URLs, and tells which hub is ours.
            hubs: Where there is to be a canary; none of them to have none any more.
            feed: The feed that is watched, by its slug.
            feed_format: And the format of its documents.
            lease_s: What hubs are asked for.
            own_lease_s: And what ours grants of it.
            credentials: For hubs that ask who is there, by their URL.
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
        """Begin and end canaries as configured, and ask the hubs whose time has come.

        Args:
            now: The clock.
            hub: Ask only this one; None for all.

        Returns:
            The canaries whose hubs were asked, as they stand then, in the order of the hubs.

        Raises:
            StoreUnavailable: The store cannot be read or written.
        """
        self.ensure(now=now())
        self._sweep(now())
        with self._database.read() as tx:
            due = [each for each in tx.canaries.due(now=now()) if hub in (None, each.hub)]
        asked = {canary.hub for canary in due if self._ask(canary, now=now)}
        with self._database.read() as tx:
            stand = {canary.hub: canary for canary in tx.canaries.listed()}
        return [stand[each] for each in self._hubs if each in asked and each in stand]

    def ensure(self, *, now: datetime) -> None:
        """Have a canary at each hub, for the topic that is watched, and nowhere else."""
        topic = self._site.topic(self._feed, self._format)
        with self._database.read() as tx:
            planted = {canary.hub: canary.topic for canary in tx.canaries.listed()}
        # Most of the time nothing is to be written, and then nobody is kept waiting for it.
        if planted == dict.fromkeys(self._hubs, topic):
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

    def _ask(self, canary: Canary, *, now: Callable[[], datetime]) -> bool:
        """Ask one hub for a subscription; False when another process has just done so."""
        asked_at = now()
        again_at = asked_at + pause_after(canary.attempts + 1)
        with self._database.transaction() as tx:
            if not tx.canaries.claim(canary, now=asked_at, again_at=again_at):
                return False
            if canary.hub == self._site.hub:
                # Our own hub would refuse a callback at our own address, from anybody else; and
                # who asks for it may well be unable to reach himself by the public address.
                tx.subscriptions.add_request(self._request(canary), now=asked_at)
                return True
        fields = subscription_fields(canary, self._site, lease_s=self._lease_s)
        try:
            shown = self._credentials.get(canary.hub)
            answer = self._outbound.post_form(canary.hub, fields, credentials=shown)
        except OutboundFailed as error:
            result, is_refused = error.reason, False
        else:
            result, is_refused = _judge(answer)
        with self._database.transaction() as tx:
            tx.canaries.record_answer(
                canary, asked_at=asked_at, result=result, is_refused=is_refused
            )
        _log.info("canary asked", hub=canary.hub, topic=canary.topic, result=result)
        return True

    def _request(self, canary: Canary) -> SubscriptionRequest:
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


def _judge(answer: HttpResponse) -> tuple[str, bool]:
    """What a hub said, and whether that was a no for good."""
    said = f"{answer.status} {answer.reason}".rstrip()
    if not answer.is_success and (excerpt := answer.excerpt[:_MAX_EXCERPT_CHARS]):
        said = f"{said}: {excerpt}"
    is_refused = 400 <= answer.status < 500 and answer.status not in _NOT_NOW
    return said, is_refused
