"""What the readers of feeds have in common: from what was found of an item to an `ImportedItem`."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from feeds.errors import DocumentRefused
from feeds.imports.dates import FeedDate
from feeds.imports.feed_tree import FeedLink
from feeds.imports.items import (
    FileReference,
    IdFormat,
    ImportedItem,
    Item,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.markup import beginning, plain_line, read_body
from feeds.ingest.addresses import web_address
from feeds.ingest.characters import shown
from feeds.ingest.enclosures import length_in, media_type_in, read_duration
from feeds.ingest.fields import SourceRecord, read_language
from feeds.ingest.rules import (
    MAX_AUTHORS,
    MAX_CATEGORIES,
    MAX_CATEGORY_CHARS,
    MAX_ENCLOSURES,
    MAX_NAME_CHARS,
    MAX_SUMMARY_CHARS,
    MAX_TITLE_CHARS,
)
from feeds.model.history import ids_of_notices

#: Of a title that is made of the first words.
_MADE_TITLE_CHARS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    """A feed that was read."""

    head: SourceHead
    items: tuple[Item, ...]  #: in the order of the feed, then its tombstones
    links: tuple[FeedLink, ...] = ()  #: of the feed itself, absolute: ``next``, ``hub``, …
    is_complete: bool = False  #: what is not here is no more (RFC 5005 section 2)
    is_archive: bool = False  #: the document does not change any more (RFC 5005 section 4)
    warnings: tuple[str, ...] = ()  #: about the whole document

    def link(self, rel: str) -> str | None:
        """Returns the address of the first link with this relation."""
        return first_address(self.links, rel) or None


def first_address(links: Sequence[FeedLink], rel: str) -> str:
    """Returns the address of the best link with a relation: HTML, then any; "" without one."""
    found = [each for each in links if each.rel == rel and each.href]
    of_pages = [each for each in found if (each.media_type or "text/html").startswith("text/html")]
    return (of_pages or found)[0].href if found else ""


@dataclass(slots=True, kw_only=True)
class ItemDraft:
    """What a reader found of an item. Texts are as they are there."""

    line: int | None
    known_id: KnownId | None
    link: str | None  #: absolute where that can be
    body_base: str | None
    language: str | None
    title: str  #: one line of plain text, as `plain_line` returns it
    body: str
    is_html: bool
    summary: str = ""
    is_summary_html: bool = False
    out_of_line: str | None = None  #: address of the content, where it is not in the feed
    authors: list[dict[str, str]] = field(default_factory=list)
    categories: Iterable[str] = ()
    files: list[FeedLink] = field(default_factory=list)  #: enclosures and media among them
    duration: str | None = None
    rights: str | None = None
    comments: int = 0
    source: SourceHead | None = None
    published: FeedDate | None = None
    updated: FeedDate | None = None
    warnings: list[str] = field(default_factory=list)

    def warn(self, warning: str) -> None:
        """Records a warning for people."""
        self.warnings.append(warning)

    def note_date(self, name: str, written: str, found: FeedDate | None, zone: tzinfo) -> None:
        """Records what had to be assumed of a date."""
        if found is None:
            self.warn(f"{name}: is not a date that can be read: {shown(written)}; left out")
        elif not found.has_zone and "T" in found.text:
            self.warn(f"{name}: has no time zone: {shown(written)}; taken as in {zone}")


# Ids.


def decide_ids(
    drafts: Sequence[ItemDraft],
    warnings: list[str],
    *,
    deleted: Mapping[str, datetime | None] | None = None,
) -> Iterator[Item]:
    """Yields the items of a feed, each with the id that tells it from the others.

    Items with one id and different links are told apart by their links. Of two states of one entry
    (RFC 4287 section 4.1.1) the newer one is taken. An item that stands beside its own tombstone is
    not yielded, unless it changed afterwards (RFC 6721 section 3): a newsroom like this one leaves
    a stand-in for readers that know no tombstones. Its notices of that are left out.

    Args:
        drafts: All items of a document.
        warnings: Receives a warning for each id that is none.
        deleted: When each item with a tombstone was deleted, by id.
    """
    deleted = deleted or {}
    notices = _notices(drafts, deleted)
    drafts = [draft for draft in drafts if not _is_deleted(draft, deleted)]
    shared = _shared(drafts)
    if shared:
        count = sum(
            draft.known_id is not None and draft.known_id.value in shared for draft in drafts
        )
        examples = ", ".join(map(shown, list(shared)[:3]))
        warnings.append(f"{count} items share ids ({examples}); their links tell them apart")
    newest = _newest(drafts, shared)
    for draft in drafts:
        known = draft.known_id
        if known is not None and known.value in shared:
            is_atom = known.format is IdFormat.ATOM
            known = KnownId(
                value=draft.link or "", format=known.format, is_permalink=None if is_atom else True
            )
            draft.known_id = known if draft.link else None
        if known is not None and newest.get(known.value, draft) is not draft:
            yield LeftOut(
                reason=Reason.NOT_A_RELEASE,
                detail="an older state of an item of this feed",
                example=draft.title or known.value,
                line=draft.line,
            )
            continue
        if known is not None and known.value in notices:
            yield LeftOut(
                reason=Reason.NOT_A_RELEASE,
                detail="a notice about another item of this feed",
                example=draft.title or known.value,
                line=draft.line,
            )
            continue
        yield item_of(draft)


def _is_deleted(draft: ItemDraft, deleted: Mapping[str, datetime | None]) -> bool:
    at = None if draft.known_id is None else deleted.get(draft.known_id.value)
    return at is not None and at.timestamp() >= _changed(draft)


def _notices(
    drafts: Sequence[ItemDraft], deleted: Mapping[str, datetime | None]
) -> AbstractSet[str]:
    """Returns the ids of items that only tell what happened to others, in feeds of a newsroom."""
    ids = {draft.known_id.value for draft in drafts if draft.known_id is not None}
    if not any(_IS_DERIVED.fullmatch(each) for each in ids):
        return frozenset()
    moments: dict[str, list[datetime]] = {each: [] for each in ids}
    for draft in drafts:
        if draft.known_id is not None and draft.updated is not None and draft.updated.moment:
            moments[draft.known_id.value].append(draft.updated.moment)
    for ref, at in deleted.items():
        moments.setdefault(ref, []).extend([at] if at else [])
    return ids & {one for each, found in moments.items() for one in ids_of_notices(each, found)}


#: An id that was derived from another one (RFC 9562 section 5.5).
_IS_DERIVED = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def _shared(drafts: Sequence[ItemDraft]) -> set[str]:
    """Returns the ids that stand on items with different links."""
    links: dict[str, set[str | None]] = {}
    for draft in drafts:
        if draft.known_id is not None:
            links.setdefault(draft.known_id.value, set()).add(draft.link)
    return {value for value, found in links.items() if len(found) > 1}


def _newest(drafts: Sequence[ItemDraft], shared: set[str]) -> dict[str, ItemDraft]:
    counts = Counter(draft.known_id.value for draft in drafts if draft.known_id is not None)
    newest: dict[str, ItemDraft] = {}
    for draft in drafts:
        value = draft.known_id.value if draft.known_id is not None else None
        if value is None or counts[value] < 2 or value in shared:
            continue
        if value not in newest or _changed(draft) > _changed(newest[value]):
            newest[value] = draft
    return newest


def _changed(draft: ItemDraft) -> float:
    dates = [each.moment for each in (draft.updated, draft.published) if each is not None]
    return max((moment.timestamp() for moment in dates if moment is not None), default=0.0)


# The record.


def item_of(draft: ItemDraft) -> ImportedItem:
    """Returns the item of what was found. No optional field of it refuses the whole."""
    link = web_address(draft.link)
    body, in_body = _body(draft)
    fields: dict[str, object] = {"body": body, "body_format": "html" if draft.is_html else "text"}
    fields["title"] = _title(draft, body)
    summary = plain_line(draft.summary, is_html=draft.is_summary_html) if draft.summary else ""
    if not draft.is_html:
        fields["title"] = str(fields["title"]).replace("&amp;", "&")
        summary = summary.replace("&amp;", "&")
    if len(summary) > MAX_SUMMARY_CHARS:
        draft.warn(f"summary: has {len(summary)} characters; it is made of the text")
    elif summary:
        fields["summary"] = summary
    for name, date in (("published", draft.published), ("updated", draft.updated)):
        if date is not None:
            fields[name] = date.text
    if draft.published is None:
        draft.warn("published: not stated")
    if link is not None:
        fields["url"] = link
    fields |= _checked_lists(draft)
    enclosures, attached = _enclosures(draft, {each.url for each in in_body})
    if enclosures:
        fields["enclosures"] = enclosures
    record = SourceRecord(
        fields=fields,
        line=draft.line or None,
        warnings=tuple(dict.fromkeys(draft.warnings)),
        may_be_undated=True,
    )
    return ImportedItem(
        record=record,
        known_id=draft.known_id,
        link=draft.link,
        files=(*attached, *in_body),
        comments=draft.comments,
        source=draft.source,
    )


def _body(draft: ItemDraft) -> tuple[str, tuple[FileReference, ...]]:
    if not draft.is_html:
        return draft.body, ()
    body, files = read_body(draft.body, base=draft.body_base)
    if "<" not in body:
        # Text that calls itself HTML: its paragraphs are lines.
        parts = [each for each in body.replace("\r", "").split("\n\n") if each.strip()]
        body = "".join(f"<p>{part.strip()}</p>\n" for part in parts) if len(parts) > 1 else body
    if body.strip():
        return body, files
    address = draft.out_of_line or draft.link
    if draft.out_of_line:
        draft.warn("body: the content is not in the feed; a link leads to it")
    else:
        draft.warn("body: is empty; the title and the link stand there")
    text = _escaped(draft.title or address or "")
    return (f'<p><a href="{_escaped(address)}">{text}</a></p>' if address else f"<p>{text}</p>"), ()


def _escaped(text: str) -> str:
    text = text.replace("&amp;", "&").replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _title(draft: ItemDraft, body: str) -> str:
    if draft.title:
        if len(draft.title) > MAX_TITLE_CHARS:
            draft.warn(f"title: has {len(draft.title)} characters; cut to {MAX_TITLE_CHARS}")
        return beginning(draft.title, MAX_TITLE_CHARS)
    draft.warn("title: not stated; made of the first words")
    words = plain_line(draft.summary or body, is_html=draft.is_html)
    return beginning(words, _MADE_TITLE_CHARS) or draft.link or (draft.known_id or _NO_ID).value


_NO_ID = KnownId(value="(untitled)", format=IdFormat.RSS)


def _checked_lists(draft: ItemDraft) -> dict[str, object]:
    fields: dict[str, object] = {}
    if draft.language:
        try:
            fields["language"] = read_language(draft.language, warnings=draft.warnings)
        except DocumentRefused as fault:
            draft.warn(f"{fault.reason}; left out")
    if authors := [each for each in draft.authors if len(each.get("name", "")) <= MAX_NAME_CHARS]:
        fields["authors"] = authors[:MAX_AUTHORS]
    names = dict.fromkeys(name for each in draft.categories if (name := " ".join(each.split())))
    kept = [plain_line(name, is_html=False) for name in names if len(name) <= MAX_CATEGORY_CHARS]
    if len(kept) < len(names) or len(kept) > MAX_CATEGORIES:
        draft.warn(f"categories: {len(names) - len(kept[:MAX_CATEGORIES])} left out")
    if kept:
        fields["categories"] = kept[:MAX_CATEGORIES]
    if draft.rights and len(draft.rights) <= MAX_SUMMARY_CHARS:
        fields["rights"] = draft.rights
    licence = web_address(first_address(draft.files, "license"))
    if licence is not None:
        fields["license"] = licence
    return fields


# Files.


def _enclosures(
    draft: ItemDraft, in_body: set[str]
) -> tuple[list[dict[str, object]], tuple[FileReference, ...]]:
    fields: list[dict[str, object]] = []
    files: dict[str, FileReference] = {}
    links = [each for rel in ("enclosure", "media") for each in draft.files if each.rel == rel]
    for link in links:
        url = web_address(link.href)
        if url is None:
            draft.warn(f"enclosures: {shown(link.href)} is no web address; left out")
            continue
        if url in files or (link.rel == "media" and url in in_body):
            continue
        media_type = media_type_in(link.media_type)
        length = length_in(link.length)
        files[url] = FileReference(
            url=url, media_type=media_type, length_bytes=length, title=link.title
        )
        stated = {"url": url, "type": media_type, "length": length, "title": link.title}
        entry: dict[str, object] = {
            key: value for key, value in stated.items() if value is not None
        }
        if not fields and (duration := _duration(draft)) is not None:
            entry["duration"] = duration
        fields.append(entry)
    if len(fields) > MAX_ENCLOSURES:
        draft.warn(f"enclosures: {len(fields) - MAX_ENCLOSURES} left out")
    return fields[:MAX_ENCLOSURES], tuple(files.values())


def _duration(draft: ItemDraft) -> int | None:
    try:
        return read_duration(draft.duration, field="duration")
    except DocumentRefused as fault:
        draft.warn(f"{fault.reason}; left out")
        return None
