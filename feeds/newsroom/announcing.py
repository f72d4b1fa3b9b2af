"""The one way to say that feeds changed: a new edition is due, and the hubs are to hear of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from feeds.categories import Catalogue
from feeds.model.release import Release
from feeds.store.database import Transaction


def announce(tx: Transaction, catalogue: Catalogue, slugs: Iterable[str], *, now: datetime) -> None:
    """Mark feeds stale and ask for their pings, in the transaction of what changed them.

    Both are rows that outlive a crash: whoever regenerates next makes the edition, and the
    pings are due as soon as it is stored.
    """
    feeds = catalogue.feeds
    # Of a feed that is gone nobody is shown another edition.
    known = sorted(slug for slug in {*slugs} & feeds.keys() if not feeds[slug].is_gone(now))
    if not known:
        return
    sequences = tx.feeds.mark_stale(known, now=now)
    # A feed that ended a moment ago is not marked: the configuration at hand is older than that.
    asked = [(feeds[slug], sequences[slug]) for slug in known if slug in sequences]
    tx.pings.ask(asked, now=now)


def showing(tx: Transaction, catalogue: Catalogue, releases: Sequence[Release]) -> set[str]:
    """The feeds in whose window one of these releases may stand; of others no byte changes."""
    feeds_by_release = tx.filings.of([release.id for release in releases])
    slugs = {slug for feeds in feeds_by_release.values() for slug in feeds} & catalogue.feeds.keys()
    return {
        slug
        for slug in slugs
        if any(
            filed.release_id in feeds_by_release
            for filed in tx.filings.window(slug, catalogue.feeds[slug].window)
        )
    }
