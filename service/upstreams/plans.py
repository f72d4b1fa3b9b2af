"""What is configured for each upstream, as polling and intake need it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from feeds.categories import Catalogue, name_key
from feeds.model.text import fold
from feeds.model.upstream import ConfiguredUpstream
from service.outbound import host_and_port
from service.settings import Settings
from service.settings.upstream_keys import UpstreamFilterSettings, UpstreamSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    """Words by which items are chosen, folded."""

    titles: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    def matches(self, title: str, categories: Iterable[str], text: str) -> list[bool]:
        """Returns, for each list that has any words, whether one of them is there.

        Args:
            title: Plain text.
            categories: Names as the upstream writes them.
            text: Plain text of the rest.
        """
        folded = fold(title)
        names = {fold(each) for each in categories}
        everything = f"{folded}\n{fold(text)}" if self.text else ""
        found = []
        if self.titles:
            found.append(any(word in folded for word in self.titles))
        if self.categories:
            found.append(not names.isdisjoint(self.categories))
        if self.text:
            found.append(any(word in everything for word in self.text))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamPlan:
    """What is configured for one upstream."""

    slug: str
    url: str
    host: str
    category_names: tuple[str, ...]  #: titles of our categories that its items go into
    #: titles of further categories, by the keys of the upstream's names
    names: Mapping[tuple[str, ...], str]
    language: str | None
    attribution: str | None
    rights: str | None
    license: str | None
    is_whole: bool  #: the whole text is published, and not the summary alone
    is_news: bool  #: new items are, after those of the first poll
    only: ItemFilter
    without: ItemFilter
    at_most_a_day: int | None
    retracts_deleted: bool
    retracts_when_gone: bool
    every: timedelta
    wants_push: bool
    digest: str  #: of all that decides what becomes of an item

    @property
    def configured(self) -> ConfiguredUpstream:
        """What the store has to know of it."""
        return ConfiguredUpstream(slug=self.slug, url=self.url, host=self.host)

    def is_wanted(self, title: str, categories: Sequence[str], text: str) -> bool:
        """Whether the filters let an item through."""
        is_in = all(self.only.matches(title, categories, text))
        return is_in and not any(self.without.matches(title, categories, text))

    def categories_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Returns the titles of our categories that an item with these names goes into."""
        further = (self.names.get(name_key(name)) for name in names)
        return tuple(dict.fromkeys([*self.category_names, *filter(None, further)]))


def upstream_plans(settings: Settings, catalogue: Catalogue) -> dict[str, UpstreamPlan]:
    """Returns the configured upstreams, by slug."""
    return {one.slug: _plan(one, catalogue) for one in settings.upstreams}


def _plan(given: UpstreamSettings, catalogue: Catalogue) -> UpstreamPlan:
    titles = {slug: category.title for slug, category in catalogue.categories.items()}
    host, _port = host_and_port(given.url)
    deciding = given.model_dump(
        mode="json", exclude={"every_minutes", "push", "url", "deletions", "when_gone"}
    )
    deciding["titles"] = [titles[slug] for slug in (*given.categories, *given.names.values())]
    return UpstreamPlan(
        slug=given.slug,
        url=given.url,
        host=host,
        category_names=tuple(titles[slug] for slug in given.categories),
        names={name_key(name): titles[slug] for name, slug in given.names.items()},
        language=given.language,
        attribution=given.attribution,
        rights=given.rights,
        license=given.license,
        is_whole=given.take == "whole",
        is_news=given.as_news,
        only=_filter(given.only),
        without=_filter(given.without),
        at_most_a_day=given.at_most_a_day,
        retracts_deleted=given.deletions == "retract",
        retracts_when_gone=given.when_gone == "retract",
        every=timedelta(minutes=given.every_minutes),
        wants_push=given.push,
        digest=sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest(),
    )


def _filter(given: UpstreamFilterSettings) -> ItemFilter:
    return ItemFilter(
        titles=tuple(map(fold, given.titles)),
        categories=tuple(map(fold, given.categories)),
        text=tuple(map(fold, given.text)),
    )
