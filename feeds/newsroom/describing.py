"""What the store notes of a feed's configuration, to know a changed one by."""

import json
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

from feeds.categories import Catalogue
from feeds.model.feed import Feed
from feeds.render import writer_versions
from feeds.store.feeds import AppliedFeed

#: In a selection: since when the feed takes nothing new.
END = "end"


def describe(feed: Feed, catalogue: Catalogue, *, now: datetime) -> AppliedFeed:
    """The feed as the store remembers it.

    The settings cover all that any of its documents says beside its releases. The titles of
    all categories are among them, because an entry labels each category that it is in. An end
    is, from its moment on: it then says farewell.
    """
    # Former slugs stand in no document, and neither does an end that is to come, nor to whom
    # documents are sent in part.
    feed_record = {key: value for key, value in asdict(feed).items() if key not in _ASIDE}
    said: dict[str, Any] = {
        "render": writer_versions(),
        "feed": feed_record,
        "site": asdict(catalogue.site),
        "labels": {slug: [c.title, *c.titles] for slug, c in catalogue.categories.items()},
    }
    if feed.ending is not None and feed.has_ended(now):
        said["ending"] = asdict(feed.ending)
    settings = sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
    return AppliedFeed(slug=feed.slug, selection=_selection(feed), settings=settings)


_ASIDE = frozenset({"was", "ending", "deltas"})


def _selection(feed: Feed) -> str:
    selection: dict[str, Any] = {"any_of": sorted(feed.any_of), "none_of": sorted(feed.none_of)}
    if feed.only_in is not None:
        selection["only_in"] = feed.only_in
    if feed.ending is not None:
        selection[END] = feed.ending.on.isoformat()
    return json.dumps(selection, sort_keys=True)
