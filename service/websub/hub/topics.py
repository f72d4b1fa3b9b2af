"""Which topics are still there."""

from collections.abc import Collection
from datetime import datetime

from feeds.categories import Catalogue
from feeds.store.database import Transaction


def gone(
    tx: Transaction, catalogue: Catalogue, slugs: Collection[str], *, now: datetime
) -> set[str]:
    """Say which feeds of *slugs* have ended for good: nobody will be told of them any more.

    A feed that is no longer configured has ended when the store says so too: before that, it may
    be one that is just being given its new slug.
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


def farewell(catalogue: Catalogue, slug: str) -> str:
    """What a subscriber of a feed that is gone is told, in one line."""
    feed = catalogue.feeds.get(slug)
    if feed is None or feed.ending is None or feed.ending.onward is None:
        return f"the feed {slug} has ended"
    return f"the feed {slug} has ended; {feed.ending.onward.url} goes on"
