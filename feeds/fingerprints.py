"""Fingerprints of a configuration, by which the store recognises what has changed."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from feeds.categories import Catalogue
from feeds.model.feed import Feed
from feeds.render import writer_versions
from feeds.store.feeds import AppliedFeed

#: In a selection: since when the feed takes nothing new.
END = "end"

#: Former slugs stand in no document, and neither does an end that is to come, nor to whom
#: documents are sent in part, or a page instead.
_ASIDE = frozenset({"was", "ending", "deltas", "opens_as_page"})


class ConfigurationFingerprints:
    """One configuration and its feeds, as the store remembers them. Immutable; safe to share.

    Processes compare these with what the store holds: two with the same digest file every release
    alike and write the same bytes.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @cached_property
    def digest(self) -> str:
        """Of the whole configuration: what files releases, and what documents say."""
        catalogue = self._catalogue
        return _digest(
            {
                "common": self._common,
                "feeds": [asdict(feed) for feed in catalogue.feeds.values()],
                "categories": [asdict(each) for each in catalogue.categories.values()],
            }
        )

    def appearance(self, look: str) -> str:
        """A digest of all that pages are made of beside releases.

        Args:
            look: Tells programs apart that make other pages of the same configuration.
        """
        return _digest({"configuration": self.digest, "look": look})

    def of(self, feed: Feed, *, has_ended: bool) -> AppliedFeed:
        """The feed as the store remembers it.

        Args:
            feed: Of this configuration.
            has_ended: True from its end on: its documents then say farewell.
        """
        settings = self._ended[feed.slug] if has_ended else self._settings[feed.slug]
        return AppliedFeed(slug=feed.slug, selection=_selection(feed), settings=settings)

    def at(self, now: datetime) -> dict[str, AppliedFeed]:
        """All feeds as they are at a moment, by slug."""
        return {
            slug: self.of(feed, has_ended=feed.has_ended(now))
            for slug, feed in self._catalogue.feeds.items()
        }

    @cached_property
    def _common(self) -> str:
        """Of what all feeds' documents say alike.

        The titles of all categories are among it, because an entry labels each category that it
        is in. It is digested once, not once for each of a thousand feeds.
        """
        return _digest(
            {
                "render": writer_versions(),
                "site": asdict(self._catalogue.site),
                "labels": {
                    slug: [each.title, *each.titles]
                    for slug, each in self._catalogue.categories.items()
                },
            }
        )

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        return {feed.slug: _digest(self._said(feed)) for feed in self._catalogue.feeds.values()}

    @cached_property
    def _ended(self) -> Mapping[str, str]:
        return {
            feed.slug: _digest({**self._said(feed), "ending": asdict(feed.ending)})
            for feed in self._catalogue.feeds.values()
            if feed.ending is not None
        }

    def _said(self, feed: Feed) -> dict[str, Any]:
        """All that any of the feed's documents says beside its releases."""
        record = {key: value for key, value in asdict(feed).items() if key not in _ASIDE}
        return {"common": self._common, "feed": record}


def _digest(said: Mapping[str, Any]) -> str:
    return sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _selection(feed: Feed) -> str:
    selection: dict[str, Any] = {"any_of": sorted(feed.any_of), "none_of": sorted(feed.none_of)}
    if feed.only_in is not None:
        selection["only_in"] = feed.only_in
    if feed.ending is not None:
        selection[END] = feed.ending.on.isoformat()
    return json.dumps(selection, sort_keys=True)
