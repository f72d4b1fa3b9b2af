"""What somebody searches for, and what is found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from feeds.model.release import Release


class SearchFault(StrEnum):
    """What is wrong with a search."""

    NO_WORDS = "no_words"
    TOO_LONG = "too_long"
    CATEGORY = "category"  #: there is none of this slug
    LANGUAGE = "language"  #: no language tag
    DATE = "date"  #: no date, or the end is before the beginning
    ENCODING = "encoding"  #: not in UTF-8


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """What a release must be besides containing the words."""

    category: str | None = None  #: slug of a feed
    language: str | None = None  #: BCP 47; finds its variants too: ``fr`` finds ``fr-CA``
    since: date | None = None  #: published on this day or later, in the newsroom's time zone
    until: date | None = None  #: published on this day or earlier


NO_FILTERS = SearchFilters()


@dataclass(frozen=True, slots=True)
class SearchCondition:
    """Terms that a release must contain next to each other."""

    terms: tuple[str, ...]  #: as they are stored
    words: tuple[str, ...]  #: as `feeds.search.analysis.tokens` yields them


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """A search: all conditions have to be met."""

    text: str  #: as typed, without needless white space
    conditions: tuple[SearchCondition, ...]
    filters: SearchFilters = NO_FILTERS

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of its address, always in this order: one search has one address."""
        filters = self.filters
        named = {
            "q": self.text,
            "category": filters.category,
            "language": filters.language,
            "from": filters.since and filters.since.isoformat(),
            "to": filters.until and filters.until.isoformat(),
        }
        return [(name, value) for name, value in named.items() if value]

    def until(self, day: date) -> "SearchQuery":
        """Returns the same search for releases published on a day or before."""
        return replace(self, filters=replace(self.filters, until=day))


@dataclass(frozen=True, slots=True, kw_only=True)
class TermQuery:
    """A search as the store runs it."""

    conditions: Sequence[Sequence[str]]  #: each one or several terms next to each other
    feed: str | None = None  #: only releases in this feed
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class TextPart:
    """A piece of a text."""

    text: str
    is_hit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A release that was found, with what was found in it."""

    release: Release
    title: tuple[TextPart, ...]
    excerpt: tuple[TextPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """A page of hits, newest release first."""

    number: int  #: from 1
    hits: tuple[SearchHit, ...]
    first: int  #: number of the first hit, from 1
    has_next: bool  #: whether a page follows
    #: Older hits than a search pages through were published on this day or before; None if none.
    older: date | None = None
    #: Whether no release at all is in the language that was asked for.
    has_no_such_language: bool = False
