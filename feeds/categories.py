"""Matches the category names of releases to categories, and releases to feeds."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from unicodedata import normalize

from feeds.errors import InvalidFeed
from feeds.model.feed import ALL, Category, Feed, Site
from feeds.model.release import Content
from feeds.model.text import fold

#: How many different category names a catalogue caches. Bulk imports repeat a few hundred; the
#: limit keeps a document full of invented names from growing the memory.
CACHED_NAMES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryMatches:
    """The categories that the names of one release match."""

    categories: tuple[str, ...]  #: slugs, sorted
    unclaimed: tuple[str, ...]  #: names that no category uses, as written, in their order


class Catalogue:
    """The categories and feeds of one newsroom, as configured. Immutable; safe to share.

    Two names are the same when they differ only in case, white space (also around commas), empty
    pieces between commas, or Unicode normalisation.
    """

    def __init__(self, site: Site, categories: Sequence[Category], feeds: Sequence[Feed]) -> None:
        """Checks that *categories* and *feeds* fit together, and indexes them.

        Args:
            site: The site that publishes them.
            categories: In configured order.
            feeds: In configured order. One of them is ``all``, which is moved to the front.

        Raises:
            InvalidFeed: A slug is used twice, two categories use the same name, a feed refers to a
                category or a feed that does not exist, ``all`` is missing, or a former slug is in
                use or belongs to two feeds.
        """
        self.site = site
        _check_slugs(categories, feeds)
        _check_unions(feeds, {category.slug for category in categories})
        all_first = sorted(feeds, key=lambda feed: feed.slug != ALL)
        self.categories: Mapping[str, Category] = MappingProxyType(
            {category.slug: category for category in categories}
        )
        self.feeds: Mapping[str, Feed] = MappingProxyType({feed.slug: feed for feed in all_first})
        #: Former slug to present slug. The target always exists, so a redirect takes one step.
        self.slugs_by_former: Mapping[str, str] = MappingProxyType(
            _slugs_by_former(self.feeds.values())
        )
        #: Those of the feeds that end, or have ended: few, where every page asks for them.
        self.ending_feeds = tuple(feed for feed in all_first if feed.ending is not None)
        self._feeds_beside: dict[str, list[Feed]] = defaultdict(list)
        for feed in all_first:
            self._feeds_beside[feed.beside or feed.slug].append(feed)
        self._slug_by_key = _slugs_by_name_key(categories)
        self._longest_name = max((len(key) for key in self._slug_by_key), default=0)
        self._feeds_of_everything, self._feeds_by_category = _index(self.feeds.values())
        self._cached_match = lru_cache(maxsize=CACHED_NAMES)(self._cover)

    def match(self, name: str) -> tuple[str, ...]:
        """Returns the categories that *name* means: one name, or several separated by commas.

        Names may contain commas themselves, so *name* is not simply split. It is first compared as
        one name. Otherwise known names must cover it completely, the longest first from the left.
        One piece that no category knows leaves all of it unmatched: with ``Security`` known and
        ``Foo`` not, ``Foo, Security`` may well be one new name.

        Returns:
            Slugs in the order of *name*, each once; empty when nothing matches.
        """
        return self._cached_match(name)

    def match_all(self, names: Iterable[str]) -> CategoryMatches:
        """Matches the category *names* of one release."""
        slugs: set[str] = set()
        unclaimed: dict[str, None] = {}
        for name in names:
            matched = self.match(name)
            slugs.update(matched)
            if not matched:
                unclaimed[name] = None
        return CategoryMatches(categories=tuple(sorted(slugs)), unclaimed=tuple(unclaimed))

    def feeds_of(self, content: Content) -> tuple[str, ...]:
        """Returns the slugs, sorted, of the feeds that a release with this content belongs to."""
        return self.feeds_accepting(
            set(self.match_all(content.category_names).categories),
            language=content.language,
            published=content.published,
        )

    def feeds_accepting(
        self, categories: AbstractSet[str], *, language: str, published: datetime
    ) -> tuple[str, ...]:
        """Returns the slugs, sorted, of the feeds that accept a release in *categories*."""
        candidates = set(self._feeds_of_everything)
        for slug in categories:
            candidates.update(self._feeds_by_category.get(slug, ()))
        feeds = (self.feeds[slug] for slug in candidates)
        return tuple(
            sorted(
                one.slug
                for one in feeds
                if one.accepts(categories, language=language, published=published)
            )
        )

    def feeds_beside(self, slug: str) -> tuple[Feed, ...]:
        """Returns the feeds of one selection: the one in all languages, then one per language.

        Args:
            slug: The slug of any of them.
        """
        return tuple(self._feeds_beside[self.feeds[slug].beside or slug])

    def public_feeds(self, now: datetime) -> Mapping[str, Feed]:
        """Returns the feeds by slug, without those that ended and are gone."""
        gone = {feed.slug for feed in self.ending_feeds if feed.is_gone(now)}
        if not gone:
            return self.feeds
        return {slug: feed for slug, feed in self.feeds.items() if slug not in gone}

    def labels(self, slugs: Iterable[str], *, language: str) -> tuple[Category, ...]:
        """Returns the categories of *slugs*, each once, sorted by slug, with titles in *language*.

        Slugs that are not configured are left out: a release may still be in a category that was
        removed from the configuration a moment ago.
        """
        known = (self.categories[slug] for slug in sorted(set(slugs)) if slug in self.categories)
        return tuple(
            replace(each, title=each.title_in(language)) if each.titles else each for each in known
        )

    def _cover(self, name: str) -> tuple[str, ...]:
        """Covers the pieces of *name* with known names, from the right, visiting each piece once.

        ``ends[i]`` is the end of the longest known name that begins at piece *i* and leaves a rest
        that can be covered too. Taking the longest name without this check would miss ``A, B, C``
        made of ``A`` and ``B, C`` when ``A, B`` is a name as well.
        """
        pieces = name_key(name)
        ends: list[int | None] = [None] * len(pieces) + [len(pieces)]
        for start in reversed(range(len(pieces))):
            furthest = min(len(pieces), start + self._longest_name)
            for end in range(furthest, start, -1):
                if ends[end] is not None and pieces[start:end] in self._slug_by_key:
                    ends[start] = end
                    break
        return tuple(dict.fromkeys(self._matches_along(pieces, ends)))

    def _matches_along(self, pieces: tuple[str, ...], ends: Sequence[int | None]) -> Iterator[str]:
        start = 0
        while start < len(pieces) and (end := ends[start]) is not None:
            yield self._slug_by_key[pieces[start:end]]
            start = end


def name_key(name: str) -> tuple[str, ...]:
    """Returns the key that all spellings of one category name share: its folded pieces.

    Pieces are the parts between commas; a name of only commas and white space has none. The text is
    decomposed before folding and composed after it, as Unicode requires for a caseless comparison
    (The Unicode Standard 3.13, D145).
    """
    folded = (normalize("NFC", fold(piece)) for piece in normalize("NFD", name).split(","))
    return tuple(piece for piece in folded if piece)


def _check_slugs(categories: Sequence[Category], feeds: Sequence[Feed]) -> None:
    for slugs in ([category.slug for category in categories], [feed.slug for feed in feeds]):
        for slug, count in Counter(slugs).items():
            if count > 1:
                raise InvalidFeed(slug, "is configured twice")
    if any(category.slug == ALL for category in categories):
        raise InvalidFeed(ALL, "is the feed of everything and cannot be a category")
    if all(feed.slug != ALL for feed in feeds):
        raise InvalidFeed(ALL, "is missing from the feeds")


def _check_unions(feeds: Sequence[Feed], known: AbstractSet[str]) -> None:
    slugs = {feed.slug for feed in feeds}
    for feed in feeds:
        if feed.beside is not None and feed.beside not in slugs:
            raise InvalidFeed(feed.slug, f"belongs to an unknown feed {feed.beside!r}")
        for slug in (*feed.any_of, *feed.none_of):
            if slug not in known and not (slug == ALL and slug in feed.any_of):
                raise InvalidFeed(feed.slug, f"refers to an unknown category {slug!r}")


def _slugs_by_former(feeds: Collection[Feed]) -> dict[str, str]:
    present = {feed.slug for feed in feeds}
    moves: dict[str, str] = {}
    for feed in feeds:
        for former in feed.was:
            if former in present:
                raise InvalidFeed(
                    feed.slug, f"has the former slug {former!r}, which another feed has now"
                )
            if moves.setdefault(former, feed.slug) != feed.slug:
                raise InvalidFeed(
                    feed.slug, f"has the former slug {former!r}, which {moves[former]!r} has too"
                )
    return moves


def _slugs_by_name_key(categories: Sequence[Category]) -> dict[tuple[str, ...], str]:
    slug_by_key: dict[tuple[str, ...], str] = {}
    for category in categories:
        translated = (title for _, title in category.titles)
        for name in (category.title, *translated, *category.names):
            key = name_key(name)
            if not key:
                raise InvalidFeed(category.slug, f"has an empty name: {name!r}")
            other = slug_by_key.setdefault(key, category.slug)
            if other != category.slug:
                raise InvalidFeed(category.slug, f"has the name {name!r}, which {other!r} has too")
    return slug_by_key


def _index(feeds: Iterable[Feed]) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Returns the feeds that may accept any release, and the feeds of each category."""
    everything: list[str] = []
    by_category: defaultdict[str, list[str]] = defaultdict(list)
    for feed in feeds:
        if feed.slug == ALL or ALL in feed.any_of:
            everything.append(feed.slug)
        for category in feed.any_of:
            by_category[category].append(feed.slug)
    return tuple(everything), {slug: tuple(slugs) for slug, slugs in by_category.items()}
