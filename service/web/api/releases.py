"""Releases as the API shows them, and as a correction of one begins."""

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from feeds.categories import Catalogue
from feeds.model.listing import ListedRelease
from feeds.model.release import Content, Release
from service.web.api.shapes import EnclosureOut, PersonOut, ReleaseOut

#: Where the API is; what can break who uses it comes under another number.
ROOT = "/api/v1"

#: Of a content, by the field of a record that says it. What a patch does not touch stays as it
#: is held, to the letter, whatever reading it once more would make of it.
CONTENT_BY_FIELD: Mapping[str, str] = {
    "title": "title",
    "body": "body",
    "body_format": "body",
    "summary": "summary",
    "subtitle": "summary",
    "language": "language",
    "published": "published",
    "updated": "updated",
    "url": "url",
    "authors": "authors",
    "author": "authors",
    "components": "authors",
    "enclosures": "enclosures",
    "attachments": "enclosures",
    "enclosure": "enclosures",
    "categories": "category_names",
}


def show(catalogue: Catalogue, listed: ListedRelease, *, is_stored: bool = True) -> ReleaseOut:
    """A release for who may see it.

    Args:
        catalogue: Tells categories and addresses.
        listed: The release, and where it went.
        is_stored: False for one that is only tried: its id and address would be others.
    """
    release, content = listed.release, listed.release.content
    minted: dict[str, Any] = (
        {"id": release.id, "page": catalogue.site.release_page(release.slug)} if is_stored else {}
    )
    return ReleaseOut(
        source_key=release.source_key,
        **minted,
        revision=release.revision,
        changed_at=release.changed_at,
        published=content.published,
        updated=release.updated,
        **_written(content),
        filed_under=list(catalogue.file(content.category_names).categories),
        unclaimed=list(listed.unclaimed),
        feeds=list(listed.feeds),
        **_life(release),
    )


def etag_of(shown: ReleaseOut) -> str:
    """The entity tag of a release as it is shown: its revision, and a digest of the rest.

    The revision alone would stay where a release moves to another feed, or is taken back.
    """
    digest = sha256(shown.model_dump_json().encode()).hexdigest()[:16]
    return f'"{shown.revision}-{digest}"'


def record_of(release: Release) -> dict[str, Any]:
    """The record that a release could have come as: what a PATCH is applied to."""
    content = release.content
    return {"published": content.published.isoformat(), **_dump(_written(content))}


def address_of(catalogue: Catalogue, key: str) -> str:
    """The address of the release that is known as *key*."""
    return f"{catalogue.site.base_url}{ROOT}/releases/{quote(key, safe='')}"


def _written(content: Content) -> dict[str, Any]:
    """What its sender wrote, by the names of a record."""
    return {
        "title": content.title,
        "body": content.body,
        "body_format": "html",
        "summary": content.summary,
        "language": content.language,
        "url": content.url,
        "authors": [
            PersonOut(name=each.name, email=each.email, url=each.uri) for each in content.authors
        ],
        "enclosures": [_enclosure(asdict(each)) for each in content.enclosures],
        "categories": list(content.category_names),
        **{name: value for name, value in asdict(content.details).items() if value},
    }


def _enclosure(known: dict[str, Any]) -> EnclosureOut:
    further = {name: value for name, value in known.items() if value is not None}
    return EnclosureOut(
        url=further.pop("url"),
        type=further.pop("media_type"),
        length=further.pop("length_bytes"),
        **further,
    )


def _life(release: Release) -> dict[str, Any]:
    """What happened to it since it came, where something did."""
    happened: dict[str, Any] = {
        "notes": [asdict(note) for note in release.notes],
        "translations": [asdict(each) for each in release.translations],
        "retraction": release.retraction and asdict(release.retraction),
    }
    return {name: value for name, value in happened.items() if value}


def _dump(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [
            each.model_dump(exclude_none=True) if hasattr(each, "model_dump") else each
            for each in value
        ]
        if isinstance(value, list)
        else value
        for name, value in fields.items()
        if value is not None
    }
