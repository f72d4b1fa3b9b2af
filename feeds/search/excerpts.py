"""Marks what was found in a text, and cuts the part of it that shows most."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from feeds.model.search import SearchCondition, TextPart
from feeds.search import analysis

#: Some three lines.
MAX_CHARS = 240

#: Of the excerpt, so much may come before the first hit.
BEFORE_CHARS = 60

#: Longer texts are cut before anything is looked for in them.
_LONGEST = 200_000


class _Span(NamedTuple):
    """A hit, by its position in the text."""

    start: int
    end: int
    condition: SearchCondition


def marked(text: str, conditions: Sequence[SearchCondition]) -> tuple[TextPart, ...]:
    """Returns the whole of *text* in pieces, with the hits marked."""
    return tuple(_parts(text, _hits(list(analysis.tokens(text)), conditions), 0, len(text)))


def excerpt(text: str, conditions: Sequence[SearchCondition]) -> tuple[TextPart, ...]:
    """Returns the part of *text* that has the most of what was searched for; the first such.

    Returns:
        At most `MAX_CHARS`, cut between words, with dots where something is left out. The
        beginning of the text if nothing is found in it.
    """
    text = text[:_LONGEST]
    words = list(analysis.tokens(text))
    spans = _hits(words, conditions)
    start = 0 if len(text) <= MAX_CHARS else _best_start(words, spans)
    end = _end(words, start, len(text))
    parts = list(_parts(text, spans, start, end))
    before = [TextPart("… ")] if start else []
    after = [TextPart(" …")] if end < len(text) else []
    return tuple(before + parts + after)


def _hits(words: Sequence[analysis.Word], conditions: Sequence[SearchCondition]) -> list[_Span]:
    by_first: dict[str, list[SearchCondition]] = {}
    for condition in conditions:
        by_first.setdefault(condition.words[0], []).append(condition)
    found = []
    for number, word in enumerate(words):
        for condition in by_first.get(word.term, ()):
            there = words[number : number + len(condition.words)]
            if tuple(token.term for token in there) == condition.words:
                found.append(_Span(word.start, there[-1].end, condition))
    return found


def _best_start(words: Sequence[analysis.Word], spans: Sequence[_Span]) -> int:
    best, best_count = 0, 0
    for number, span in enumerate(spans):
        end = span.start + MAX_CHARS - BEFORE_CHARS
        inside = {each.condition for each in spans[number : number + 50] if each.end <= end}
        if len(inside) > best_count:
            best, best_count = span.start, len(inside)
    if best <= BEFORE_CHARS:
        return 0
    return next(word.start for word in words if word.start >= best - BEFORE_CHARS)


def _end(words: Sequence[analysis.Word], start: int, length: int) -> int:
    """Returns the end of the excerpt: that of its last whole word."""
    limit = start + MAX_CHARS
    if length <= limit:
        return length
    return max((word.end for word in words if start < word.end <= limit), default=limit)


def _parts(text: str, spans: Sequence[_Span], start: int, end: int) -> Iterator[TextPart]:
    at = start
    for span in spans:
        first, last = max(span.start, at), min(span.end, end)
        if first >= last:
            continue
        if first > at:
            yield TextPart(text[at:first])
        yield TextPart(text[first:last], is_hit=True)
        at = last
    if at < end:
        yield TextPart(text[at:end])
