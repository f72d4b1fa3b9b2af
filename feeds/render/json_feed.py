"""Writes JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from feeds.html.plain_text import plain_text
from feeds.model.edition import Entry, FeedHead
from feeds.model.feed import Site
from feeds.model.release import Details, Enclosure, Person, Release
from feeds.render.content import feed_body, notes
from feeds.render.dates import entry_date, rfc3339
from feeds.render.frame import Frame
from feeds.render.xml_parts import as_one_author

VERSION = "https://jsonfeed.org/version/1.1"

#: Contains what JSON Feed has no name for: "Custom objects must start with an _ character".
EXTENSION = "_communique"

#: A JSON object, with its members in the order of output.
Members = dict[str, Any]


def fragment(entry: Entry, site: Site) -> bytes:
    """Renders one object of ``items``. Only ``content_html`` contains HTML."""
    release, content = entry.release, entry.release.content
    body = feed_body(release)
    item: Members = {
        "id": release.guid,
        "url": entry.page_at(site),
        "external_url": content.url,
        "title": content.title,
        "summary": content.summary,
        "content_html": body,
        "content_text": plain_text(body, language=content.language),
        "date_published": rfc3339(entry_date(content.published)),
        "date_modified": rfc3339(entry_date(release.updated)),
        "language": content.language,
        **_authors(content.authors),
        "tags": [category.title for category in entry.categories],
        "attachments": [_attachment(enclosure) for enclosure in content.enclosures],
        EXTENSION: {
            **_details(content.details),
            **_extension(entry, site),
            **_retracted(release),
        },
    }
    # "id and one of content_html, content_text must be present": so an empty body is kept.
    return _bytes(_without_empty(item) | {"content_html": body})


def frame(head: FeedHead, site: Site) -> Frame:
    """Renders the object around ``items``."""
    feed = head.feed
    addresses = {link.rel: link.href for link in head.links if link.rel != "hub"}
    top: Members = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": head.page_at(site),
        "feed_url": addresses.get("self"),
        # "The URL of a feed that provides the next n items": the documents go back in time.
        "next_url": addresses.get("prev-archive"),
        "description": feed.description,
        "icon": site.icon,
        "favicon": site.icon,
        "language": feed.language,
        **_authors((feed.author,)),
        # "true if the feed is finished and will never be updated again"; never false.
        "expired": head.is_expired or None,
        "hubs": [{"type": "WebSub", "url": each.href} for each in head.links if each.rel == "hub"],
    }
    start = _bytes(_without_empty(top)).removesuffix(b"}") + b',"items":[\n'
    return Frame(head=start, between=b",\n", tail=b"\n]}\n")


def _extension(entry: Entry, site: Site) -> Members:
    """Returns the members that JSON Feed does not define.

    Source: JSON Feed 1.1, "Extensions": the name of a custom object begins with an underscore and
    has no dots, and readers that do not know it ignore it.
    """
    corrections = [{"at": rfc3339(note.at), "note": note.text} for note in notes(entry.release)]
    return _without_empty({"corrections": corrections, "translations": _translations(entry, site)})


def _authors(people: Sequence[Person]) -> Members:
    """Returns ``authors``, and ``author``, its name in version 1.

    atoma and feedjira know only ``author``, and version 1.1 allows both in a feed ("Top-level",
    authors). It is a single object, so several authors are joined to one name there.
    """
    author = as_one_author(people)
    return {
        "author": author and _author(author),
        "authors": [_author(each) for each in people],
    }


def _author(person: Person) -> Members:
    """Returns an author; "it could also be a mailto: link" for one without a page."""
    url = person.uri or (person.email and f"mailto:{person.email}")
    return _without_empty({"name": person.name, "url": url})


def _translations(entry: Entry, site: Site) -> list[Members]:
    return [{"language": language, "url": page} for language, page in entry.pages(site)[1:]]


def _retracted(release: Release) -> Members:
    """Returns the counterpart of a tombstone, in the item itself."""
    if release.retraction is None:
        return {}
    retraction = release.retraction
    return {"retracted": {"when": rfc3339(retraction.at), "reason": retraction.reason}}


def _attachment(enclosure: Enclosure) -> Members:
    return _without_empty(
        {
            "url": enclosure.url,
            "mime_type": enclosure.media_type,
            "title": enclosure.title,
            "size_in_bytes": enclosure.length_bytes,
            "duration_in_seconds": enclosure.duration_s,
            EXTENSION: _without_empty(
                {
                    "alt": enclosure.alt,
                    "credit": enclosure.credit,
                    "thumbnail": enclosure.thumbnail,
                }
            ),
        }
    )


def _details(details: Details) -> Members:
    return _without_empty(
        {
            "place": details.place,
            "number": details.number,
            "contacts": [_without_empty(asdict(contact)) for contact in details.contacts],
            "related": [_without_empty(asdict(link)) for link in details.related],
            "rights": details.rights,
            "license": details.license,
        }
    )


def _without_empty(members: Members) -> Members:
    """Returns the members that are not empty. A length of 0 is not empty."""
    return {key: value for key, value in members.items() if value not in (None, "", [], {})}


def _bytes(members: Members) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
