"""Reads a feed of somebody else: RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0, and JSON Feed.

The only importer of feedparser, which reads the texts, people, dates and terms of feeds in XML. Its
own cleaning and resolving of addresses is off: what is taken in is cleaned like any document.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from io import BytesIO
from typing import Any

from feeds.imports.dates import FeedDate, read_feed_date
from feeds.imports.feed_text import FeedKind, decode_feed, kind_of, repaired
from feeds.imports.feed_tree import MARKER, FeedTree, HeadFacts, ItemFacts, parse_tree
from feeds.imports.items import Item, LeftOut, Reason, SourceHead
from feeds.imports.json_feed import read_json_feed
from feeds.imports.markup import joined, plain_line
from feeds.imports.reading import ItemDraft, ReadFeed, decide_ids, first_address


def read_feed(
    data: bytes, *, url: str | None = None, charset: str | None = None, zone: tzinfo = UTC
) -> ReadFeed:
    """Reads a feed.

    Args:
        data: Its body, with all transfer and content codings removed. Its size is the caller's to
            limit: the memory needed is some twenty times of it.
        url: Its address behind all redirects; None for a file.
        charset: The parameter of its Content-Type, if there is one.
        zone: Zone of dates without one.

    Raises:
        NotAFeed: It is no feed, or nothing of it can be read. Faults of single items raise nothing.
    """
    warnings: list[str] = []
    text = decode_feed(data, charset=charset, warnings=warnings)
    if kind_of(text) is FeedKind.JSON:
        return read_json_feed(text, url=url, zone=zone, warnings=warnings)
    tree = parse_tree(repaired(text), url=url, warnings=warnings)
    import feedparser  # noqa: PLC0415  # most newsrooms carry no feeds of others: 0.7 MiB

    parsed = feedparser.parse(
        BytesIO(tree.document),
        # Without a type it believes the document, which is UTF-8 by now.
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    return _XmlFeed(tree, parsed, url=url, zone=zone).document(warnings)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text construct of feedparser."""

    value: str
    is_html: bool

    @property
    def line(self) -> str:
        """The text on one line, without markup."""
        return plain_line(self.value, is_html=self.is_html)


class _XmlFeed:
    def __init__(self, tree: FeedTree, parsed: Any, *, url: str | None, zone: tzinfo) -> None:
        self._tree = tree
        self._parsed = parsed
        self._zone = zone
        self._terms_by_label: dict[str, set[str]] = {}
        for entry in parsed.entries:
            for tag in entry.get("tags", ()):
                self._terms_by_label.setdefault(tag.get("label") or "", set()).add(tag.get("term"))
        facts = tree.head
        itself = first_address(facts.links, "self") or None
        site = first_address(facts.links, "alternate") or facts.link
        #: relative addresses without another base
        self._base = url or next((a for a in (itself, site) if a and re.match("https?:", a)), None)
        self._head = self._source_head(facts, parsed.feed, url or joined(self._base, itself or ""))

    def document(self, warnings: list[str]) -> ReadFeed:
        by_index = {str(entry.get(MARKER, "")): entry for entry in self._parsed.entries}
        read = [
            (facts, self._draft(facts, by_index.get(str(index), {})))
            for index, facts in enumerate(self._tree.items)
        ]
        drafts = [draft for facts, draft in read if facts.is_public]
        deleted = {
            each.ref: date.moment
            for each in self._tree.deleted
            if (date := read_feed_date(each.when, zone=self._zone)) is not None
        }
        items: list[Item] = list(decide_ids(drafts, warnings, deleted=deleted))
        items += [
            LeftOut(
                # A comment on a draft is a comment.
                reason=Reason.NOT_A_RELEASE if facts.other_kind else Reason.DRAFT,
                detail=f"type {facts.other_kind}" if facts.other_kind else "",
                example=draft.title,
                line=draft.line,
            )
            for facts, draft in read
            if not facts.is_public
        ]
        items += [
            LeftOut(reason=Reason.DELETED, example=each.ref, line=each.line)
            for each in self._tree.deleted
        ]
        if self._tree.cut_off is not None:
            items.append(
                LeftOut(
                    reason=Reason.UNREADABLE,
                    detail="the document ends in it",
                    line=self._tree.cut_off or None,
                )
            )
        links = [
            replace(each, href=joined(self._base, each.href)) for each in self._tree.head.links
        ]
        return ReadFeed(
            head=self._head,
            items=tuple(items),
            links=tuple(links),
            is_complete=self._tree.is_complete,
            is_archive=self._tree.is_archive,
            warnings=tuple(warnings),
        )

    def _source_head(
        self, facts: HeadFacts, feed: Mapping[str, Any], url: str | None
    ) -> SourceHead:
        site = first_address(facts.links, "alternate") or facts.link or ""
        title = _text_of(feed, "title")
        rights = _text_of(feed, "rights")
        return SourceHead(
            url=url or None,
            site_url=joined(self._base, site) or None,
            id=facts.id,
            title=(title.line if title else "") or facts.title,
            language=facts.language,
            generator=feed.get("generator") or None,
            rights=rights.line or None if rights else None,
        )

    # Items.

    def _draft(self, facts: ItemFacts, entry: Mapping[str, Any]) -> ItemDraft:
        link = facts.original_link or first_address(facts.links, "alternate") or facts.link
        known = facts.known_id
        if not link and known is not None and known.is_permalink is not False:
            # RSS 2.0, guid: it may be "assumed to be a permalink", unless it says otherwise.
            link = known.value if re.match("https?://", known.value) else None
        base = facts.base or self._base
        link = joined(base, link or "") or None
        body_base = facts.base or link or self._base
        content, summary = _bodies(entry)
        draft = ItemDraft(
            line=facts.line,
            known_id=known,
            link=link,
            body_base=body_base,
            language=facts.language or self._head.language,
            comments=facts.comments,
            source=self._source(facts, entry),
            files=[replace(each, href=joined(base, each.href)) for each in facts.links],
            title=_titled(entry),
            body=content.value if content else "",
            is_html=content.is_html if content else True,
            summary=summary.value if summary else "",
            is_summary_html=summary.is_html if summary else False,
            out_of_line=self._out_of_line(entry, base),
            authors=self._authors(entry),
            categories=self._categories(entry),
            duration=entry.get("itunes_duration"),
            rights=rights.line if (rights := _text_of(entry, "rights")) else None,
        )
        self._read_dates(draft, entry, facts)
        return draft

    def _source(self, facts: ItemFacts, entry: Mapping[str, Any]) -> SourceHead | None:
        if facts.source is None:
            return None
        source = entry.get("source") or {}
        itself = first_address(facts.source.links, "self")
        return self._source_head(facts.source, source, joined(self._base, itself) or None)

    def _out_of_line(self, entry: Mapping[str, Any], base: str | None) -> str | None:
        sources = (each.get("src") for each in entry.get("content", ()))
        return next((joined(base, src) for src in sources if src), None)

    def _authors(self, entry: Mapping[str, Any]) -> list[dict[str, str]]:
        people = _people(entry)
        if not people and self._tree.is_atom:
            # RFC 4287 section 4.2.1: those of the source, else those of the feed.
            source = entry.get("source")
            people = _people(source) if source else []
            people = people or _people(self._parsed.feed)
        for person in people:
            if "url" in person:
                person["url"] = joined(self._base, person["url"])
        return people

    def _categories(self, entry: Mapping[str, Any]) -> Iterable[str]:
        """Yields names. The label is for people, the term for programs (RFC 4287, 4.2.2)."""
        for tag in entry.get("tags", ()):
            label, term = tag.get("label") or "", tag.get("term") or ""
            # Some write what kind of term it is: label="form type" term="10-K".
            is_kind = len(self._terms_by_label.get(label, ())) > 1
            yield term if is_kind else label or term

    def _read_dates(self, draft: ItemDraft, entry: Mapping[str, Any], facts: ItemFacts) -> None:
        published = self._date(draft, entry, "published", "created")
        updated = self._date(draft, entry, "updated")
        if published is None and updated is not None:
            published = updated
            # feedparser takes dc:date for it, which in RDF is the date of the item.
            if self._tree.is_atom or not facts.has_dc_date:
                draft.warn("published: not stated; the date of the last change was taken")
        draft.published, draft.updated = published, updated

    def _date(self, draft: ItemDraft, entry: Mapping[str, Any], *names: str) -> FeedDate | None:
        for name in names:
            # Asked for "updated", feedparser answers "published" with a warning. What it makes of
            # dates is not used: it takes CEST and JST for UTC, and some months from the clock
            # (findings/feedparser-dates-by-clock.sh).
            written = entry.get(name) if name in entry.keys() else None  # noqa: SIM118
            if not written:
                continue
            found = read_feed_date(written, zone=self._zone)
            draft.note_date(name, written, found, self._zone)
            if found is not None:
                return found
        return None


def _text_of(entry: Mapping[str, Any], name: str) -> _Text | None:
    detail = entry.get(f"{name}_detail")
    value = entry.get(name)
    if not isinstance(value, str) or not value.strip():
        return None
    kind = detail.get("type", "text/plain") if detail else "text/plain"
    return _Text(value, is_html=kind in _HTML_TYPES)


_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})


def _titled(entry: Mapping[str, Any]) -> str:
    title = _text_of(entry, "title")
    if title is not None and re.search(r"<br\s*/?>", title.value, re.IGNORECASE):
        title = replace(title, is_html=True)
    return title.line if title else ""


def _bodies(entry: Mapping[str, Any]) -> tuple[_Text | None, _Text | None]:
    """Returns the full content, and the summary if there is one besides."""
    written = [
        _Text(each["value"], is_html=each.get("type") in _HTML_TYPES)
        for each in entry.get("content", ())
        if each.get("value", "").strip() and each.get("type") in (*_HTML_TYPES, "text/plain")
    ]
    content = next((each for each in written if each.is_html), written[0] if written else None)
    summary = _text_of(entry, "summary")
    if content is None:
        return summary, None
    return content, summary if summary is None or summary.value != content.value else None


def _people(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    people = []
    for each in entry.get("authors", ()):
        names = {"name": "name", "email": "email", "href": "url"}
        person = {ours: each[its].strip() for its, ours in names.items() if each.get(its)}
        if person.get("name") or person.get("email"):
            people.append(person)
    return people
