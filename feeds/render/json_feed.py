"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from feeds.html.plain_text import plain_text
from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Site
from feeds.model.release import Details, Enclosure, Person, Release
from feeds.render.content import in_feeds, notes
from feeds.render.dates import of_entry, rfc3339
from feeds.render.frame import Frame
from feeds.render.xml_parts import in_one

VERSION = "https://jsonfeed.org/version/1.1"

#: Holds what JSON Feed has no name for: "Custom objects must start with an _ character".
EXTENSION = "_communique"

#: A JSON object, in the order in which it is written.
Members = dict[str, Any]


def fragment(entry: Entry, site: Site) -> bytes:
    """One object of ``items``. HTML stands in ``content_html`` and nowhere else."""
    release, content = entry.release, entry.release.content
    body = in_feeds(release)
    item: Members = {
        "id": release.id,
        "url": entry.page_at(site),
        "external_url": content.url,
        "title": content.title,
        "summary": content.summary,
        "content_html": body,
        "content_text": plain_text(body, language=content.language),
        "date_published": rfc3339(of_entry(content.published)),
        "date_modified": rfc3339(of_entry(release.updated)),
        "language": content.language,
        **_by(content.authors),
        "tags": [category.title for category in entry.categories],
        "attachments": [_attachment(enclosure) for enclosure in content.enclosures],
        EXTENSION: {
            **_details(content.details),
            **_ours(entry, site),
            **_retracted(release),
        },
    }
    # "id and one of content_html, content_text must be present": an empty body stays.
    return _bytes(_filled(item) | {"content_html": body})


def frame(head: FeedHead, site: Site) -> Frame:
    """The object around ``items``."""
    feed = head.feed
    addresses = {link.rel: link.href for link in head.links if link.rel != "hub"}
    top: Members = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": site.feed_page(feed.slug),
        "feed_url": addresses.get("self"),
        # "The URL of a feed that provides the next n items": the documents go back in time.
        "next_url": addresses.get("prev-archive"),
        "description": feed.description,
        "icon": site.icon,
        "favicon": site.icon,
        "language": feed.language,
        **_by((feed.author,)),
        # "true if the feed is finished and will never be updated again"; never false.
        "expired": head.is_expired or None,
        "hubs": [{"type": "WebSub", "url": each.href} for each in head.links if each.rel == "hub"],
    }
    start = _bytes(_filled(top)).removesuffix(b"}") + b',"items":[\n'
    return Frame(head=start, between=b",\n", tail=b"\n]}\n")


def _ours(entry: Entry, site: Site) -> Members:
    """What JSON Feed has no member for.

    Source: JSON Feed 1.1, "Extensions": a custom object's name begins with an underscore, holds
    no dots, and is passed over by readers that do not know it.
    """
    corrections = [{"at": rfc3339(note.at), "note": note.text} for note in notes(entry.release)]
    return _filled({"corrections": corrections, "translations": _translations(entry, site)})


def _by(people: Sequence[Person]) -> Members:
    """``authors``, and beside it ``author``, which was its name in version 1.

    atoma and feedjira know no other, and version 1.1 lets a feed have both ("Top-level", authors).
    It is a single object, so that several authors are one name there.
    """
    author = in_one(people)
    return {
        "author": author and _author(author),
        "authors": [_author(each) for each in people],
    }


def _author(person: Person) -> Members:
    """An author; "it could also be a mailto: link" where somebody has no page of their own."""
    url = person.uri or (person.email and f"mailto:{person.email}")
    return _filled({"name": person.name, "url": url})


def _translations(entry: Entry, site: Site) -> list[Members]:
    return [{"language": language, "url": page} for language, page in entry.pages(site)[1:]]


def _retracted(release: Release) -> Members:
    """The parallel of a tombstone, in the item itself."""
    if release.retraction is None:
        return {}
    retraction = release.retraction
    return {"retracted": {"when": rfc3339(retraction.at), "reason": retraction.reason}}


def _attachment(enclosure: Enclosure) -> Members:
    return _filled(
        {
            "url": enclosure.url,
            "mime_type": enclosure.media_type,
            "title": enclosure.title,
            "size_in_bytes": enclosure.length_bytes,
            "duration_in_seconds": enclosure.duration_s,
            EXTENSION: _filled(
                {
                    "alt": enclosure.alt,
                    "credit": enclosure.credit,
                    "thumbnail": enclosure.thumbnail,
                }
            ),
        }
    )


def _details(details: Details) -> Members:
    return _filled(
        {
            "place": details.place,
            "number": details.number,
            "contacts": [_filled(asdict(contact)) for contact in details.contacts],
            "related": [_filled(asdict(link)) for link in details.related],
            "rights": details.rights,
            "license": details.license,
        }
    )


def _filled(members: Members) -> Members:
    """Only what says something. A length of 0 does."""
    return {key: value for key, value in members.items() if value not in (None, "", [], {})}


def _bytes(members: Members) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
