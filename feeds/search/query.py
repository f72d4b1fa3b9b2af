"""Reads what somebody typed into a search box."""

import re
from collections.abc import Iterator

from feeds.errors import InvalidSearch
from feeds.model.search import (
    NO_FILTERS,
    SearchCondition,
    SearchFault,
    SearchFilters,
    SearchQuery,
)
from feeds.model.text import FORBIDDEN_IN_XML
from feeds.search import analysis

#: As long as a title; what people paste.
MAX_CHARS = 200

#: Each term is looked up on its own.
MAX_TERMS = 64

#: Quotation marks of all languages; people's telephones write the curly ones by themselves.
_QUOTES = re.compile('["\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c-\u300f\uff02]')


def parse_query(text: str, filters: SearchFilters = NO_FILTERS) -> SearchQuery:
    """Reads the text of a search: words, all of which have to be there, and "phrases".

    What is one word for the person and several for the analysis, as ``COVID-19``, is a phrase.

    Raises:
        InvalidSearch: There is no word in it, or there are too many.
    """
    text = as_searched(text)
    if len(text) > MAX_CHARS:
        reason = f"q: at most {MAX_CHARS} characters, and this has {len(text)}"
        raise InvalidSearch(SearchFault.TOO_LONG, reason)
    conditions = tuple(dict.fromkeys(_conditions(text)))
    if not conditions:
        raise InvalidSearch(SearchFault.NO_WORDS, "q: no word or number to search for")
    if sum(len(each.terms) for each in conditions) > MAX_TERMS:
        raise InvalidSearch(SearchFault.TOO_LONG, "q: too many words")
    return SearchQuery(text=text, conditions=conditions, filters=filters)


def as_searched(text: str) -> str:
    """Returns the text of a search without needless white space and control characters."""
    return " ".join(FORBIDDEN_IN_XML.sub(" ", text).split())


def _conditions(text: str) -> Iterator[SearchCondition]:
    for number, piece in enumerate(_QUOTES.split(text)):
        # What follows a quotation mark that is not closed counts as a phrase, too.
        for phrase in [piece] if number % 2 else piece.split():
            yield from _of_phrase(phrase)


def _of_phrase(phrase: str) -> Iterator[SearchCondition]:
    """Yields the conditions of a phrase: one, but for single letters of unspaced scripts.

    Such a letter may be part of a longer run in the text, where it has no position of its own.
    """
    found = list(analysis.tokens(phrase))
    start = 0
    for number, token in enumerate(found):
        if analysis.is_alone(found, number):
            yield from _neighbours(found[start:number])
            yield SearchCondition((token.term,), (token.term,))
            start = number + 1
    yield from _neighbours(found[start:])


def _neighbours(found: list[analysis.Word]) -> Iterator[SearchCondition]:
    if found:
        words = tuple(token.term for token in found)
        yield SearchCondition(tuple(analysis.terms_in_order(found)), words)
