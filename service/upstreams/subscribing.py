"""Subscribes at the hubs of upstreams, and takes in what they push (WebSub)."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlencode, urljoin

from feeds.errors import NotAFeed, StoreConflict
from feeds.imports.reading import ReadFeed
from feeds.model.feed import Site
from feeds.model.upstream import TAKEN, UpstreamPush, UpstreamSubscription
from feeds.store.database import Database
from service.logs import get_logger
from service.outbound import (
    AddressInvalid,
    BulkHttpClient,
    BulkRequest,
    BulkResponse,
    OutboundFailed,
    host_and_port,
    one_line,
)
from service.upstreams.fetching import Fetched
from service.upstreams.plans import UpstreamPlan
from service.upstreams.taking import ItemTaker
from service.websub.canary import Verification, pause_after

#: Lease that is asked for. Hubs grant less or more, as they like.
LEASE = timedelta(days=10)

#: Longest time after which a lease is renewed, whatever a hub grants: it may forget us.
RENEW_WITHIN = timedelta(days=5)
#: A hub that grants seconds is not asked every few seconds.
RENEW_NOT_WITHIN = timedelta(minutes=5)

#: Hubs that are asked in one run, all at once.
ASKS_AT_ONCE = 64

#: Documents that are read in one run.
PUSHES_A_RUN = 50

#: What is shown of a hub's reason.
_SAID_CHARS = 200

_LINK = re.compile(r"<([^<>]*)>\s*((?:;[^,<]*)*)")
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]*)', re.IGNORECASE)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredHub:
    """The hub that a feed names, and its topic there."""

    hub: str
    topic: str


def discover(fetched: Fetched, document: ReadFeed, *, url: str) -> DiscoveredHub | None:
    """Returns the hub of a feed; None if it names none.

    WebSub section 4: "the subscriber MUST use the Link headers, and fall back to the content".

    Args:
        fetched: The answer, with its header fields.
        document: Read from it.
        url: Its address, behind all redirects.
    """
    named = _links(fetched.headers.get("link", ""), base=url)
    hub = named.get("hub") or document.link("hub")
    topic = named.get("self") or document.link("self") or url
    if hub is None or not (_is_address(hub) and _is_address(topic)):
        return None
    return DiscoveredHub(hub=hub, topic=topic)


def _links(field: str, *, base: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, parameters in _LINK.findall(field):
        rel = _REL.search(parameters)
        for name in rel[1].lower().split() if rel else ():
            found.setdefault(name, urljoin(base, target.strip()))
    return found


def _is_address(url: str) -> bool:
    try:
        host_and_port(url)
    except AddressInvalid:
        return False
    return len(url) <= 2000 and url.isascii() and url.isprintable()


def terms_of(verification: Verification, *, now: datetime) -> tuple[datetime, datetime]:
    """Returns when a lease ends, and when it is renewed: at its half, and in good time."""
    lease = timedelta(seconds=verification.lease_s)
    pause = min(max(lease / 2, RENEW_NOT_WITHIN), RENEW_WITHIN)
    return now + lease, now + pause


class UpstreamSubscriber:
    """Subscribes, renews, and reads what was pushed."""

    def __init__(
        self,
        database: Database,
        plans: Mapping[str, UpstreamPlan],
        taker: ItemTaker,
        *,
        site: Site,
        make_client: Callable[[], BulkHttpClient],
        now: Callable[[], datetime],
        random_text: Callable[[], str],
    ) -> None:
        """Sends nothing yet.

        Args:
            database: The store.
            plans: The configured upstreams, by slug.
            taker: Reads what was pushed.
            site: Has the callbacks.
            make_client: Makes a client for requests to hubs.
            now: The store's clock.
            random_text: Returns a text that nobody can guess, fit for an address.
        """
        self._database = database
        self._plans = plans
        self._taker = taker
        self._site = site
        self._make_client = make_client
        self._now = now
        self._random_text = random_text

    def discovered(
        self, plan: UpstreamPlan, found: DiscoveredHub | None, *, taken: int, is_known: bool
    ) -> None:
        """Subscribes at the hub of a feed that was polled, or no longer.

        Args:
            plan: The upstream.
            found: The hub that its document names now.
            taken: New items of that document, which no push brought.
            is_known: Whether there was a good poll before: else all items are new.
        """
        with self._database.read() as tx:
            held = tx.upstream_subscriptions.of(plan.slug)
        if found is None or not plan.wants_push:
            if held is not None:
                with self._database.transaction() as tx:
                    tx.upstream_subscriptions.drop(plan.slug)
            return
        now = self._now()
        if held is not None and (held.hub, held.topic) == (found.hub, found.topic):
            if taken and is_known and held.is_active(now):
                with self._database.transaction() as tx:
                    tx.upstream_subscriptions.count(plan.slug, missed=taken)
            return
        wanted = UpstreamSubscription(
            upstream=plan.slug,
            hub=found.hub,
            topic=found.topic,
            token=self._random_text(),
            secret=self._random_text(),
            due_at=now,
        )
        with self._database.transaction() as tx:
            tx.upstream_subscriptions.ensure(wanted)

    def run(self, *, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Reads what was pushed, and asks hubs whose leases are to be begun or renewed.

        Raises:
            StoreUnavailable: The store cannot be used; the rest is done by a later call.
        """
        if not self._plans:
            return
        for _ in range(PUSHES_A_RUN):
            if should_stop() or not self._read_next():
                break
        self._ask()

    # Pushes.

    def _read_next(self) -> bool:
        with self._database.read() as tx:
            if not tx.upstream_subscriptions.has_pushes():
                return False
        with self._database.transaction() as tx:
            push = tx.upstream_subscriptions.take_push()
        if push is None:
            return False
        plan = self._plans.get(push.upstream)
        if plan is not None:
            self._read(plan, push)
        return True

    def _read(self, plan: UpstreamPlan, push: UpstreamPush) -> None:
        with self._database.read() as tx:
            upstream = tx.upstreams.by_slug(plan.slug)
            subscription = tx.upstream_subscriptions.of(plan.slug)
        if upstream is None or subscription is None or upstream.paused_at is not None:
            return
        fetched = Fetched(body=push.body, headers={"content-type": push.content_type})
        try:
            tally, _document = self._taker.take(
                plan,
                upstream,
                push.body,
                url=subscription.topic,
                charset=fetched.charset,
                is_push=True,
            )
        except NotAFeed as error:
            _log.warning("push cannot be read", upstream=plan.slug, reason=error.reason)
            return
        except StoreConflict as error:
            _log.warning("push not taken in", upstream=plan.slug, reason=str(error))
            return  # the next poll brings it
        with self._database.transaction() as tx:
            tx.upstreams.add(
                plan.slug, taken=tally.taken, corrected=tally.corrected, deleted=tally.deleted
            )
            tx.upstream_subscriptions.count(plan.slug, came_by_push=tally.taken)
        _log.info("push read", upstream=plan.slug, result=tally.words)

    # Requests to hubs.

    def _ask(self) -> None:
        now = self._now()
        with self._database.read() as tx:
            due = tx.upstream_subscriptions.due(now=now, limit=ASKS_AT_ONCE)
        if not due:
            return
        asked = []
        for one in due:
            if one.upstream not in self._plans:
                continue
            with self._database.transaction() as tx:
                again_at = now + pause_after(one.attempts + 1)
                if tx.upstream_subscriptions.ask(one, now=now, again_at=again_at):
                    asked.append(one)
        answers: dict[str, str] = {}
        with closing(self._make_client()) as client:
            for one in asked:
                done = partial(self._answered, answers, one)
                client.send(self._request(one), done, host=one.hub)
            while client.in_flight:
                client.poll(0.1)
        with self._database.transaction() as tx:
            for token, result in sorted(answers.items()):
                tx.upstream_subscriptions.answered(token, result)

    def _request(self, one: UpstreamSubscription) -> BulkRequest:
        # WebSub section 5.1. ``hub.verify`` is of PubSubHubbub 0.3, and some hubs require it.
        form = {
            "hub.mode": "subscribe",
            "hub.topic": one.topic,
            "hub.callback": self._site.upstream_callback(one.token),
            "hub.lease_seconds": str(round(LEASE.total_seconds())),
            "hub.secret": one.secret,
            "hub.verify": "async",
        }
        content_type = "Content-Type: application/x-www-form-urlencoded"
        return BulkRequest(url=one.hub, body=urlencode(form).encode(), headers=(content_type,))

    def _answered(
        self,
        answers: dict[str, str],
        one: UpstreamSubscription,
        end: BulkResponse | OutboundFailed,
    ) -> None:
        if isinstance(end, OutboundFailed):
            answers[one.token] = f"not asked: {end.reason}"
        elif end.is_success:
            answers[one.token] = f"{TAKEN} ({end.status}), not verified yet"
        else:
            answers[one.token] = f"refused: {end.status} {_said(end, but=one.token)}".rstrip()
        if one.attempts + 1 == 3 and one.verified_at is None:
            _log.warning(
                "hub does not verify",
                hub=one.hub,
                upstream=one.upstream,
                asked=one.attempts + 1,
                answer=answers[one.token],
            )


def _said(answer: BulkResponse, *, but: str) -> str:
    """Returns why a hub refuses: "description in plain text" (WebSub section 5.1.2).

    Args:
        answer: The hub's.
        but: The secret part of the callback, which hubs like to repeat.
    """
    said = one_line(answer.body.decode("utf-8", errors="replace").replace(but, "…"))
    return "" if said.startswith("<") else said[:_SAID_CHARS]
