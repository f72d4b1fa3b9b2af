"""A release's summary: the document's own, or one made of the body."""

import re

from feeds.html.blocks import one_line
from feeds.html.reading import blocks_of
from feeds.html.summary import summary_of
from feeds.html.tree import parse
from feeds.ingest.characters import clean
from feeds.ingest.fields import UNCLEAN_TIMES, short_line
from feeds.ingest.nesting import check_nesting

#: What a summary may be marked up with. "The <video> element" is a sentence about HTML.
_TAGS = frozenset(
    """
    a abbr b blockquote center cite code del div em font h1 h2 h3 h4 h5 h6 i ins li ol p q s small
    span strong sub sup u ul
    """.split()  # noqa: SIM905
)
_OPENED = re.compile(r"<([a-z][a-z0-9]*)(?=[\s>])", re.IGNORECASE)
_CLOSED = re.compile(r"</([a-z][a-z0-9]*)\s*>", re.IGNORECASE)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def given_summary(
    written: str, limit: int, *, field: str, is_markup: bool, language: str, mended: list[str]
) -> str:
    """A summary that a document gives, as one line of plain text.

    Args:
        written: As the document has it.
        limit: How long it may be, in characters.
        field: What messages call it.
        is_markup: The record's body is HTML; so may its summary be.
        language: Of the release, BCP 47.
        mended: Gets warnings.

    Raises:
        DocumentRefused: It is longer than *limit*, or nested too deeply.
    """
    # A text that is much longer is refused without being read.
    if is_markup and len(written) <= UNCLEAN_TIMES * limit and _is_html(written):
        check_nesting(written, field=field)
        tree = parse(clean(written, field=field, mended=mended))
        written, is_markup = one_line(blocks_of(tree, language=language)), False
        mended.append(f"{field}: is HTML; its text was taken")
    return short_line(written, limit, field=field, is_markup=is_markup, mended=mended)


def derived_summary(body: str, *, language: str, max_chars: int) -> str:
    """A summary for a document that gives none.

    Args:
        body: Clean HTML.
        language: Of the release, BCP 47.
        max_chars: How long it may be.
    """
    return summary_of(parse(body), language=language, max_chars=max_chars)


def _is_html(text: str) -> bool:
    if "<" not in text:
        return False
    opened = {name.lower() for name in _OPENED.findall(text)}
    closed = {name.lower() for name in _CLOSED.findall(text)}
    return _LINE_BREAK.search(text) is not None or not _TAGS.isdisjoint(opened & closed)
