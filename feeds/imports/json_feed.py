"""Reads JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from feeds.errors import NotAFeed
from feeds.imports.dates import FeedDate, read_feed_date
from feeds.imports.feed_tree import MAX_ITEMS, FeedLink
from feeds.imports.items import IdFormat, Item, KnownId, LeftOut, Reason, SourceHead
from feeds.imports.markup import joined, plain_line
from feeds.imports.reading import ItemDraft, ReadFeed, decide_ids


def read_json_feed(text: str, *, url: str | None, zone: tzinfo, warnings: list[str]) -> ReadFeed:
    """Reads a JSON Feed.

    Args:
        text: The document, without byte order mark.
        url: Its address, if it has one.
        zone: Zone of dates without one.
        warnings: Those of the document so far.

    Raises:
        NotAFeed: It is no JSON, or no JSON Feed.
    """
    try:
        feed = json.loads(text, strict=False)
    except (ValueError, RecursionError) as fault:
        raise NotAFeed(
            f"the document is not JSON ({fault})",
            remedy="mend it there",
            line=getattr(fault, "lineno", None),
        ) from fault
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeed(
            "JSON without a list of items came instead of the feed",
            remedy="give the address of an RSS, Atom or JSON feed",
        )
    if len(feed["items"]) > MAX_ITEMS:
        raise NotAFeed(f"it has more than {MAX_ITEMS} items", remedy="split it into several files")
    base = url or _string(feed, "feed_url") or _string(feed, "home_page_url")
    language = _string(feed, "language") or None
    authors = _authors(feed, base)
    drafts, left_out = [], list[LeftOut]()
    deleted: dict[str, datetime | None] = {}
    for number, each in enumerate(feed["items"], 1):
        if isinstance(each, dict) and (when := _retracted(each)) is not None:
            deleted[_string(each, "id")] = when.moment
            left_out.append(LeftOut(reason=Reason.DELETED, example=_string(each, "id")))
        elif isinstance(each, dict):
            drafts.append(_draft(each, base=base, language=language, authors=authors, zone=zone))
        else:
            left_out.append(
                LeftOut(reason=Reason.UNREADABLE, detail="not an object", example=f"item {number}")
            )
    items: list[Item] = [*decide_ids(drafts, warnings, deleted=deleted), *left_out]
    return ReadFeed(
        head=SourceHead(
            url=url or _string(feed, "feed_url") or None,
            site_url=joined(base, _string(feed, "home_page_url")) or None,
            title=plain_line(_string(feed, "title"), is_html=False) or None,
            language=language,
        ),
        items=tuple(items),
        links=_links(feed, base),
        warnings=tuple(warnings),
    )


def _retracted(item: Mapping[str, object]) -> FeedDate | None:
    """Returns when a newsroom like this one retracted an item: JSON Feed has no tombstones."""
    ours = item.get("_communique")
    retraction = ours.get("retracted") if isinstance(ours, dict) else None
    if not isinstance(retraction, dict) or not _string(item, "id"):
        return None
    return read_feed_date(_string(retraction, "when"), zone=UTC)


def _draft(
    item: Mapping[str, object],
    *,
    base: str | None,
    language: str | None,
    authors: list[dict[str, str]],
    zone: tzinfo,
) -> ItemDraft:
    # "id": a number must be coerced to a string.
    own_id = item.get("id")
    own_id = f"{own_id:g}" if isinstance(own_id, float) else own_id
    known = str(own_id).strip() if isinstance(own_id, str | int) else ""
    link = joined(base, _string(item, "url") or _string(item, "external_url")) or None
    content, text = _string(item, "content_html"), _string(item, "content_text")
    tags = item.get("tags")
    draft = ItemDraft(
        line=None,
        known_id=KnownId(value=known, format=IdFormat.JSON_FEED) if known else None,
        link=link,
        body_base=link or base,
        language=_string(item, "language") or language,
        title=plain_line(_string(item, "title"), is_html=False),
        body=content or text,
        is_html=bool(content) or not text,
        summary=_string(item, "summary"),
        authors=_authors(item, base) or authors,
        categories=[each for each in tags if isinstance(each, str)]
        if isinstance(tags, list)
        else (),
        files=_files(item, link or base),
    )
    draft.published = _date(draft, item, "date_published", zone)
    draft.updated = _date(draft, item, "date_modified", zone)
    if draft.published is None and draft.updated is not None:
        draft.warn("published: not stated; the date of the last change was taken")
        draft.published = draft.updated
    return draft


def _date(draft: ItemDraft, item: Mapping[str, object], name: str, zone: tzinfo) -> FeedDate | None:
    written = _string(item, name)
    found = read_feed_date(written, zone=zone) if written else None
    if written:
        draft.note_date(name, written, found, zone)
    return found


def _authors(owner: Mapping[str, object], base: str | None) -> list[dict[str, str]]:
    """Returns ``authors`` of version 1.1, or ``author`` of version 1.0."""
    found = owner.get("authors")
    people = found if isinstance(found, list) else [owner.get("author")]
    authors = []
    for each in people:
        if isinstance(each, dict) and (name := _string(each, "name")):
            url = joined(base, _string(each, "url"))
            authors.append({"name": name, "url": url} if url else {"name": name})
    return authors


def _files(item: Mapping[str, object], base: str | None) -> list[FeedLink]:
    files = [
        FeedLink(rel="media", href=joined(base, url))
        for name in ("image", "banner_image")
        if (url := _string(item, name))
    ]
    attachments = item.get("attachments")
    for each in attachments if isinstance(attachments, list) else ():
        if isinstance(each, dict) and (url := _string(each, "url")):
            size = each.get("size_in_bytes")
            files.append(
                FeedLink(
                    rel="enclosure",
                    href=joined(base, url),
                    media_type=_string(each, "mime_type") or None,
                    length=str(int(size)) if isinstance(size, int | float) and size > 0 else None,
                    title=_string(each, "title") or None,
                )
            )
    return files


def _links(feed: Mapping[str, object], base: str | None) -> tuple[FeedLink, ...]:
    links = [
        FeedLink(rel=rel, href=joined(base, url))
        for rel, name in (
            ("self", "feed_url"),
            ("next", "next_url"),
            ("alternate", "home_page_url"),
        )
        if (url := _string(feed, name))
    ]
    hubs = feed.get("hubs")
    # "type": the protocol; other values than WebSub are for other protocols.
    links += [
        FeedLink(rel="hub", href=joined(base, _string(each, "url")))
        for each in (hubs if isinstance(hubs, list) else ())
        if isinstance(each, dict) and _string(each, "type").lower() == "websub"
    ]
    return tuple(links)


def _string(owner: Mapping[str, object], name: str) -> str:
    value = owner.get(name)
    return value if isinstance(value, str) and value.strip() else ""
