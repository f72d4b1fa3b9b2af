"""Ends what is over: subscriptions whose lease ran out, and those to topics that are gone."""

from datetime import datetime

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, Subscription, SubscriptionRequest
from feeds.store.database import Database
from service.logs import get_logger
from service.websub.hub.topics import farewell, gone

_log = get_logger(__name__)


def end_what_is_over(database: Database, catalogue: Catalogue, *, now: datetime) -> int:
    """End subscriptions that are over; says how many.

    Those to a topic that is gone are told so (WebSub 5.2): "The hub MAY at any point ... deny".

    Raises:
        StoreUnavailable: The store cannot be used.
    """
    with database.transaction() as tx:
        expired = tx.subscriptions.end_expired(now=now)
    if expired:
        _log.info("subscriptions expired", count=len(expired))
    return len(expired) + sum(
        _end_all(database, catalogue, slug, now=now)
        for slug in _gone_topics(database, catalogue, now=now)
    )


def _gone_topics(database: Database, catalogue: Catalogue, *, now: datetime) -> list[str]:
    with database.read() as tx:
        slugs = {slug for slug, _ in tx.subscriptions.topics()}
        return sorted(gone(tx, catalogue, slugs, now=now))


def _end_all(database: Database, catalogue: Catalogue, slug: str, *, now: datetime) -> int:
    with database.transaction() as tx:
        ended = tx.subscriptions.listed(feed=slug)
        for one in ended:
            tx.subscriptions.ask(_denial(catalogue, one), now=now)
        tx.subscriptions.end([one.id for one in ended])
    if ended:
        _log.info("subscriptions ended with their feed", feed=slug, count=len(ended))
    return len(ended)


def _denial(catalogue: Catalogue, subscription: Subscription) -> SubscriptionRequest:
    return SubscriptionRequest(
        mode=Mode.DENIED,
        feed=subscription.feed,
        format=subscription.format,
        topic=catalogue.site.topic(subscription.feed, subscription.format),
        callback=subscription.callback,
        host=subscription.host,
        wire=subscription.wire,
        reason=farewell(catalogue, subscription.feed),
    )
