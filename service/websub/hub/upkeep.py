"""Ends subscriptions whose lease has expired, and those to topics that are gone."""

from collections.abc import Collection
from datetime import datetime

from feeds.categories import Catalogue
from feeds.model.subscription import Mode, Subscription, SubscriptionRequest
from feeds.store.database import Database, Transaction
from service.logs import get_logger

# Topics that are gone.


def ended_feeds(
    tx: Transaction, catalogue: Catalogue, slugs: Collection[str], *, now: datetime
) -> set[str]:
    """Returns those of *slugs* whose feeds have ended for good, so that no delivery follows.

    A feed that is not configured has ended only when the store says so, too. Until then it may be a
    feed that is just getting a new slug.
    """
    unknown = [slug for slug in slugs if slug not in catalogue.feeds]
    running = tx.feeds.running(unknown) if unknown else {}
    return {
        slug
        for slug in slugs
        if (
            catalogue.feeds[slug].is_gone(now)
            if slug in catalogue.feeds
            else not running.get(slug, False)
        )
    }


def ending_reason(catalogue: Catalogue, slug: str) -> str:
    """Returns the reason for ending the subscriptions of a feed, in one line, for subscribers."""
    feed = catalogue.feeds.get(slug)
    if feed is None or feed.ending is None or feed.ending.onward is None:
        return f"the feed {slug} has ended"
    return f"the feed {slug} has ended; {feed.ending.onward.url} goes on"


# The end of subscriptions.

_log = get_logger(__name__)

#: Number of subscriptions ended in one transaction, so that other writers need not wait long.
_STEP = 500


def end_lapsed_subscriptions(database: Database, catalogue: Catalogue, *, now: datetime) -> int:
    """Ends subscriptions with an expired lease or an ended topic; returns their number.

    Subscribers of a topic that is gone get a denial, as WebSub 5.2 requires: "If (and when) the hub
    decides to deny a subscription, it MUST inform the subscriber". It may do so at any time.

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
        return sorted(ended_feeds(tx, catalogue, slugs, now=now))


def _end_all(database: Database, catalogue: Catalogue, slug: str, *, now: datetime) -> int:
    count = 0
    while True:
        with database.transaction() as tx:
            ended = tx.subscriptions.listed(feed=slug, limit=_STEP)
            for one in ended:
                tx.subscriptions.add_request(_denial(catalogue, one), now=now)
            tx.subscriptions.end([one.id for one in ended])
        count += len(ended)
        if len(ended) < _STEP:
            break
    if count:
        _log.info("subscriptions ended with their feed", feed=slug, count=count)
    return count


def _denial(catalogue: Catalogue, subscription: Subscription) -> SubscriptionRequest:
    return SubscriptionRequest(
        mode=Mode.DENIED,
        feed=subscription.feed,
        format=subscription.format,
        topic=catalogue.site.topic(subscription.feed, subscription.format),
        callback=subscription.callback,
        host=subscription.host,
        wire=subscription.wire,
        reason=ending_reason(catalogue, subscription.feed),
    )
