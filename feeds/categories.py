"""Which categories a release is filed under, and which feeds take it."""

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

#: How many different cells a catalogue remembers. Bulk intakes repeat a few hundred names;
#: a document that makes names up must not grow the memory.
REMEMBERED_CELLS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What the category names of one release come to."""

    categories: tuple[str, ...]  #: slugs, sorted
    unclaimed: tuple[str, ...]  #: names that no category claims, as written, in their order


class Catalogue:
    """The categories and feeds of one newsroom, as configured. Immutable; safe to share.

    Two names are the same when they differ in case, white space (also around commas), empty
    pieces between commas, or Unicode normalisation only.
    """

    def __init__(self, site: Site, categories: Sequence[Category], feeds: Sequence[Feed]) -> None:
        """Check that *categories* and *feeds* fit together, and index them.

        Args:
            site: The newsroom around them.
            categories: In configured order.
            feeds: In configured order; one of them is ``all``, which is moved to the front.

        Raises:
            InvalidFeed: A slug stands twice, a name is claimed by two categories, a feed is made
                of a category that does not exist, or stands beside a feed that does not, ``all``
                is missing, or a former slug is a feed's present one or claimed by two.
        """
        self.site = site
        _check_slugs(categories, feeds)
        _check_unions(feeds, {category.slug for category in categories})
        all_first = sorted(feeds, key=lambda feed: feed.slug != ALL)
        self.categories: Mapping[str, Category] = MappingProxyType(
            {category.slug: category for category in categories}
        )
        self.feeds: Mapping[str, Feed] = MappingProxyType({feed.slug: feed for feed in all_first})
        #: Where a feed went that had another slug: always to one that there is, in one step.
        self.slugs_by_former: Mapping[str, str] = MappingProxyType(_moves(self.feeds.values()))
        self._slug_by_key = _claims(categories)
        self._longest_name = max((len(key) for key in self._slug_by_key), default=0)
        self._feeds_of_everything, self._feeds_by_category = _index(self.feeds.values())
        self._resolve = lru_cache(maxsize=REMEMBERED_CELLS)(self._cover)

    def claim(self, name: str) -> tuple[str, ...]:
        """Say which categories *name* means: one name, or several separated by commas.

        Names hold commas themselves, so *name* is never split blindly. It is first taken as one
        name. Else it must be covered completely by known names, the longest first from the left;
        a piece that no category knows leaves the whole unclaimed: with ``Security`` known and
        ``Foo`` not, ``Foo, Security`` may well be one new name.

        Returns:
            Slugs in the order of *name*, each once; empty when nothing claims it.
        """
        return self._resolve(name)

    def file(self, names: Iterable[str]) -> Filing:
        """File a release under the categories that its *names* mean."""
        slugs: set[str] = set()
        unclaimed: dict[str, None] = {}
        for name in names:
            claimed = self.claim(name)
            slugs.update(claimed)
            if not claimed:
                unclaimed[name] = None
        return Filing(categories=tuple(sorted(slugs)), unclaimed=tuple(unclaimed))

    def feeds_of(self, content: Content) -> tuple[str, ...]:
        """Slugs, sorted, of the feeds that a release of this content belongs into."""
        return self.feeds_taking(
            set(self.file(content.category_names).categories),
            language=content.language,
            published=content.published,
        )

    def feeds_taking(
        self, categories: AbstractSet[str], *, language: str, published: datetime
    ) -> tuple[str, ...]:
        """Slugs, sorted, of the feeds that a release filed under *categories* belongs into."""
        candidates = set(self._feeds_of_everything)
        for slug in categories:
            candidates.update(self._feeds_by_category.get(slug, ()))
        feeds = (self.feeds[slug] for slug in candidates)
        return tuple(
            sorted(
                one.slug
                for one in feeds
                if one.takes(categories, language=language, published=published)
            )
        )

    def feeds_beside(self, slug: str) -> tuple[Feed, ...]:
        """The feeds of one selection: that of all languages first, then those of each.

        Args:
            slug: Of any of them.
        """
        whole = self.feeds[slug].beside or slug
        return tuple(
            feed for feed in self.feeds.values() if feed.slug == whole or feed.beside == whole
        )

    def labels(self, slugs: Iterable[str], *, language: str) -> tuple[Category, ...]:
        """Return the categories of *slugs*, each once, sorted by slug, with titles in *language*.

        A slug that is not configured (any more) is left out: a release may still be filed under
        a category that ops removed a moment ago.
        """
        known = (self.categories[slug] for slug in sorted(set(slugs)) if slug in self.categories)
        return tuple(
            replace(each, title=each.title_in(language)) if each.titles else each for each in known
        )

    def _cover(self, name: str) -> tuple[str, ...]:
        """Cover the pieces of *name* with known names; from the right, so that each is met once.

        ``ends[i]`` is where the longest known name ends that begins at piece *i* and leaves a
        rest that is covered too. Taking the longest without that look ahead would miss
        ``A, B, C`` made of ``A`` and ``B, C`` where ``A, B`` is a name as well.
        """
        pieces = name_key(name)
        ends: list[int | None] = [None] * len(pieces) + [len(pieces)]
        for start in reversed(range(len(pieces))):
            furthest = min(len(pieces), start + self._longest_name)
            for end in range(furthest, start, -1):
                if ends[end] is not None and pieces[start:end] in self._slug_by_key:
                    ends[start] = end
                    break
        return tuple(dict.fromkeys(self._walk(pieces, ends)))

    def _walk(self, pieces: tuple[str, ...], ends: Sequence[int | None]) -> Iterator[str]:
        start = 0
        while start < len(pieces) and (end := ends[start]) is not None:
            yield self._slug_by_key[pieces[start:end]]
            start = end


def name_key(name: str) -> tuple[str, ...]:
    """Return what all spellings of one category name have in common: its folded pieces.

    Pieces are what stands between commas; a name of nothing but commas and space has none. The
    text is decomposed before folding and composed after it, as Unicode asks of a comparison
    without case (The Unicode Standard 3.13, D145).
    """
    folded = (normalize("NFC", fold(piece)) for piece in normalize("NFD", name).split(","))
    return tuple(piece for piece in folded if piece)


def _check_slugs(categories: Sequence[Category], feeds: Sequence[Feed]) -> None:
    for slugs in ([category.slug for category in categories], [feed.slug for feed in feeds]):
        for slug, count in Counter(slugs).items():
            if count > 1:
                raise InvalidFeed(slug, "is described twice")
    if any(category.slug == ALL for category in categories):
        raise InvalidFeed(ALL, "is the feed of everything and cannot be a category")
    if all(feed.slug != ALL for feed in feeds):
        raise InvalidFeed(ALL, "is missing from the feeds")


def _check_unions(feeds: Sequence[Feed], known: AbstractSet[str]) -> None:
    slugs = {feed.slug for feed in feeds}
    for feed in feeds:
        if feed.beside is not None and feed.beside not in slugs:
            raise InvalidFeed(feed.slug, f"stands beside an unknown feed {feed.beside!r}")
        for slug in (*feed.any_of, *feed.none_of):
            if slug not in known and not (slug == ALL and slug in feed.any_of):
                raise InvalidFeed(feed.slug, f"is made of an unknown category {slug!r}")


def _moves(feeds: Collection[Feed]) -> dict[str, str]:
    present = {feed.slug for feed in feeds}
    moves: dict[str, str] = {}
    for feed in feeds:
        for former in feed.was:
            if former in present:
                raise InvalidFeed(feed.slug, f"had the slug {former!r}, which a feed has now")
            if moves.setdefault(former, feed.slug) != feed.slug:
                raise InvalidFeed(feed.slug, f"had the slug {former!r}, as {moves[former]!r} had")
    return moves


def _claims(categories: Sequence[Category]) -> dict[tuple[str, ...], str]:
    slug_by_key: dict[tuple[str, ...], str] = {}
    for category in categories:
        translated = (title for _, title in category.titles)
        for name in (category.title, *translated, *category.names):
            key = name_key(name)
            if not key:
                raise InvalidFeed(category.slug, f"has an empty name: {name!r}")
            other = slug_by_key.setdefault(key, category.slug)
            if other != category.slug:
                raise InvalidFeed(category.slug, f"claims the name {name!r}, as {other!r} does")
    return slug_by_key


def _index(feeds: Iterable[Feed]) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Tell which feeds may take any release, and which only those of a category."""
    everything: list[str] = []
    by_category: defaultdict[str, list[str]] = defaultdict(list)
    for feed in feeds:
        if feed.slug == ALL or ALL in feed.any_of:
            everything.append(feed.slug)
        for category in feed.any_of:
            by_category[category].append(feed.slug)
    return tuple(everything), {slug: tuple(slugs) for slug, slugs in by_category.items()}
