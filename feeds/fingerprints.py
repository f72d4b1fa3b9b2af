"""Fingerprints of a configuration, by which the store detects what has changed."""

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

#: The key in a selection for the moment from which the feed accepts nothing new.
END = "end"

#: Fields that no document contains: former slugs, an end in the future, which clients get deltas,
#: and whether browsers get a page instead.
_EXCLUDED_FIELDS = frozenset({"was", "ending", "deltas", "opens_as_page"})

#: Fields of the site that only pages show. Documents have all dates in UTC.
_PAGE_FIELDS = frozenset({"time_zone"})


class ConfigurationFingerprints:
    """The fingerprints of one configuration and of its feeds. Immutable; safe to share.

    Processes compare these with what the store holds. Two processes with the same digest assign
    releases to the same feeds and write the same bytes.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @cached_property
    def digest(self) -> str:
        """The digest of the whole configuration: how releases are assigned, what documents say."""
        catalogue = self._catalogue
        site = asdict(catalogue.site)
        return _digest(
            {
                "common": self._common,
                "pages": {name: site[name] for name in _PAGE_FIELDS},
                "feeds": [asdict(feed) for feed in catalogue.feeds.values()],
                "categories": [asdict(each) for each in catalogue.categories.values()],
            }
        )

    def appearance(self, page_version: str) -> str:
        """Returns a digest of everything that pages are made of except releases.

        Args:
            page_version: Differs between programs that make different pages of the same
                configuration.
        """
        return _digest({"configuration": self.digest, "look": page_version})

    def of(self, feed: Feed, *, has_ended: bool) -> AppliedFeed:
        """Returns the fingerprints of a feed as the store records them.

        Args:
            feed: A feed of this configuration.
            has_ended: Whether the feed has ended. Its documents then have a closing entry.
        """
        settings = self._ended[feed.slug] if has_ended else self._settings[feed.slug]
        return AppliedFeed(slug=feed.slug, selection=_selection(feed), settings=settings)

    def at(self, now: datetime) -> dict[str, AppliedFeed]:
        """Returns the fingerprints of all feeds at a moment, by slug."""
        return {
            slug: self.of(feed, has_ended=feed.has_ended(now))
            for slug, feed in self._catalogue.feeds.items()
        }

    @cached_property
    def _common(self) -> str:
        """The digest of what the documents of all feeds share.

        It includes the titles of all categories, because each entry labels the categories that it
        is in. It is computed once, not once for each of a thousand feeds.
        """
        site = asdict(self._catalogue.site)
        return _digest(
            {
                "render": writer_versions(),
                "site": {name: site[name] for name in site.keys() - _PAGE_FIELDS},
                "labels": {
                    slug: [each.title, *each.titles]
                    for slug, each in self._catalogue.categories.items()
                },
            }
        )

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        return {
            feed.slug: _digest(self._document_settings(feed))
            for feed in self._catalogue.feeds.values()
        }

    @cached_property
    def _ended(self) -> Mapping[str, str]:
        return {
            feed.slug: _digest({**self._document_settings(feed), "ending": asdict(feed.ending)})
            for feed in self._catalogue.feeds.values()
            if feed.ending is not None
        }

    def _document_settings(self, feed: Feed) -> dict[str, Any]:
        """Returns everything that the documents of a feed contain except its releases."""
        record = {key: value for key, value in asdict(feed).items() if key not in _EXCLUDED_FIELDS}
        return {"common": self._common, "feed": record}


def _digest(settings: Mapping[str, Any]) -> str:
    return sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _selection(feed: Feed) -> str:
    selection: dict[str, Any] = {"any_of": sorted(feed.any_of), "none_of": sorted(feed.none_of)}
    if feed.only_in is not None:
        selection["only_in"] = feed.only_in
    if feed.ending is not None:
        selection[END] = feed.ending.on.isoformat()
    return json.dumps(selection, sort_keys=True)
