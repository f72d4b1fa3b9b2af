"""Parses an HTML file: title, facts about the page, and its main text."""

import re
from collections.abc import Iterator
from io import BufferedReader

from feeds.errors import DocumentRefused
from feeds.html.tree import Node, attribute, find, inner_html, parse, remove, text_of
from feeds.ingest.characters import clean, shown
from feeds.ingest.fields import Parsed
from feeds.ingest.head_block import HEAD_FIELDS, HeadBlock, add_field
from feeds.ingest.html_records import HtmlDocument, record_of
from feeds.ingest.nesting import check_nesting
from feeds.ingest.rules import IntakeRules
from feeds.ingest.streams import decode, decode_labelled, read_bytes

#: A declaration of the encoding must be within the first 1024 bytes (HTML, 4.2.5.4); real ones are
#: not always.
_DECLARED_WITHIN = 8 * 1024
_CHARSET = re.compile(rb"""<meta[^>]*?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]+)""", re.IGNORECASE)
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

#: Names of facts in ``<meta>``, in order of preference, by our field.
_FACTS = {
    "published": (
        *("article:published_time", "datepublished", "dcterms.issued", "dc.date.issued"),
        *("dcterms.date", "dc.date", "date", "pubdate"),
    ),
    "updated": ("article:modified_time", "datemodified", "dcterms.modified", "dc.date.modified"),
    "summary": ("description", "dcterms.description", "dc.description", "og:description"),
    "author": ("author", "dcterms.creator", "dc.creator"),
    "category": ("article:section",),
}
#: These are facts of many pages, and are read as such above.
_COMMON = frozenset({"title", "date", "published", "updated", "author", "summary", "language"})
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: What stands around the text of a page.
_AROUND = "nav, body > header:not(:has(h1)), body > footer, [role=navigation], [role=search]"


def parse_html(stream: BufferedReader, rules: IntakeRules) -> Iterator[Parsed]:
    """Yields the one record of an HTML file; see docs/sending-a-release.md."""
    try:
        yield _read(decode_html(read_bytes(stream, max_bytes=rules.max_document_bytes)))
    except DocumentRefused as fault:
        yield fault


def decode_html(data: bytes) -> str:
    """Returns HTML as text, in the encoding that it declares, else in UTF-8.

    Raises:
        DocumentRefused: It is in none that is known.
    """
    declared = declared_charset(data)
    if declared is None or data.startswith(_MARKS):
        return decode(data)
    text = decode_labelled(data, declared)
    if text is None:
        raise DocumentRefused(
            f"the document says that its encoding is {shown(declared)}, and is not in it",
            remedy='save it as UTF-8, with <meta charset="utf-8">',
        )
    return text


def declared_charset(data: bytes) -> str | None:
    """Returns the encoding that a ``<meta>`` element of the HTML in *data* names."""
    found = _CHARSET.search(data, 0, _DECLARED_WITHIN)
    return found[1].decode("ascii") if found else None


def _read(markup: str) -> Parsed:
    warnings: list[str] = []
    markup = clean(markup, field="document", warnings=warnings)
    check_nesting(markup, field="document")
    body = parse(markup)
    head, left_out = _facts(body), list[str]()
    main = _main(body, left_out)
    heading = [each for each in find(main, "h1") if text_of(each).strip()]
    if len(heading) != 1 and "title" not in head.fields and (title := _title(body)):
        head.fields["title"] = title
    return record_of(
        HtmlDocument(
            markup=inner_html(main),
            fields=head.fields,
            warnings=warnings,
            notices=head.notices,
            left_out=left_out,
            has_title_line=False,
        )
    )


def _facts(body: Node) -> HeadBlock:
    """Returns the fields in ``<meta>``, ``<link>`` and ``<html>``."""
    head, contents = HeadBlock(), _contents(body)
    for name, values in contents.items():
        if name in HEAD_FIELDS and name not in _COMMON:
            for value in values:
                add_field(head, name, value, written=f'<meta name="{name}">')
    for field, names in _FACTS.items():
        found = next((contents[name] for name in names if name in contents), [])
        for value in found if field in ("author", "category") else found[:1]:
            if field not in ("published", "updated") or _DAY.match(value):
                add_field(head, field, value, written=f'<meta name="{field}">')
    language = attribute(body.parent, "lang") if body.parent is not None else None
    if language:
        head.fields["language"] = language
    for link in find(body, "link[rel=canonical][href^=http]")[:1]:
        head.fields.setdefault("url", attribute(link, "href"))
    return head


def _contents(body: Node) -> dict[str, list[str]]:
    """Returns the contents of ``<meta>`` by name, in lower case."""
    contents: dict[str, list[str]] = {}
    for meta in find(body, "meta[content]"):
        names = (attribute(meta, key) for key in ("name", "property", "itemprop"))
        name = next(filter(None, names), "").lower()
        if content := " ".join((attribute(meta, "content") or "").split()):
            contents.setdefault(name, []).append(content)
    return contents


def _title(body: Node) -> str | None:
    for meta in find(body, "meta[property='og:title'][content]"):
        return attribute(meta, "content")
    titles = [text_of(each) for each in find(body, "title")]
    return next((title for title in titles if title.strip()), None)


def _main(body: Node, left_out: list[str]) -> Node:
    """Returns the element that holds the text."""
    for selector in ("article", "main, [role=main]", "[itemprop=articleBody]"):
        found = find(body, selector)
        if len(found) == 1 and text_of(found[0]).strip():
            left_out.append(f"what stands outside of <{found[0].tag}> on the page")
            return found[0]
    around = find(body, _AROUND)
    for each in around:
        remove(each)
    if around:
        left_out.append("navigation, header and footer of the page")
    return body
