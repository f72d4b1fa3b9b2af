"""Read operations of the API: one release, and lists of releases."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from feeds.categories import Catalogue
from feeds.errors import DocumentRefused, ReleaseNotFound
from feeds.ingest import key_of_id
from feeds.ingest.dates import in_utc, read_moment_or_day
from feeds.ingest.fields import read_language
from feeds.model.listing import ChangePosition, ListedRelease, ReleaseQuery
from feeds.model.release import Content, Release
from service.http_rules.entity_tags import names_revision
from service.readership import read_readership
from service.web.api.calls import ApiCall, ApiResponse, ListQuery, Query, ReadersQuery
from service.web.api.faults import bad_parameter
from service.web.api.shapes import (
    EnclosureOut,
    Page,
    PersonOut,
    ReadersOut,
    ReleaseOut,
)

# Conversion of releases to the API's format.

#: The root of the API. Incompatible changes get another version number.
ROOT = "/api/v1"

#: The attribute of `Content` for each field of a record. What a patch does not touch stays exactly
#: as it is stored, whatever parsing it again would make of it.
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
    """Returns a release in the API's format.

    Args:
        catalogue: The categories and the site's URLs.
        listed: The release, and the feeds that it is in.
        is_stored: False for a new release in a dry run, which has no id and no page yet.
    """
    release, content = listed.release, listed.release.content
    minted: dict[str, Any] = (
        {"id": release.id, "page": catalogue.site.release_page(release.slug)} if is_stored else {}
    )
    return ReleaseOut(
        source_key=release.source_key,
        **minted,
        published_id=None if release.published_id is None else release.published_id.value,
        revision=release.revision,
        changed_at=release.changed_at,
        published=content.published,
        updated=release.updated,
        **_written(content),
        filed_under=list(catalogue.match_all(content.category_names).categories),
        unclaimed=list(listed.unclaimed),
        feeds=list(listed.feeds),
        **_later_events(release),
    )


def etag_of(shown: ReleaseOut) -> str:
    """Returns the entity tag of a release: its revision, and a digest of its representation.

    The revision alone does not change when a release moves to another feed, or is retracted.
    """
    return tag_of(shown, number=shown.revision)


def tag_of(shown: BaseModel, *, number: int) -> str:
    """Returns the entity tag of something with a number that grows as it changes."""
    # A field that few releases have changes no tag of the others.
    unused = None if getattr(shown, "published_id", None) else {"published_id"}
    digest = sha256(shown.model_dump_json(exclude=unused).encode()).hexdigest()[:16]
    return f'"{number}-{digest}"'


def record_of(content: Content) -> dict[str, Any]:
    """Returns a record that is equivalent to a content: a PATCH is applied to it."""
    return {"published": content.published.isoformat(), **_dump(_written(content))}


def address_of(catalogue: Catalogue, key: str) -> str:
    """Returns the API's URL of the release with this key."""
    return f"{catalogue.site.base_url}{ROOT}/releases/{quote(key, safe='')}"


def _written(content: Content) -> dict[str, Any]:
    """Returns what the sender wrote, by the names of a record."""
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


def _later_events(release: Release) -> dict[str, Any]:
    """Returns notes, translations and the retraction of a release, where it has them."""
    events: dict[str, Any] = {
        "notes": [asdict(note) for note in release.notes],
        "translations": [asdict(each) for each in release.translations],
        "retraction": release.retraction and asdict(release.retraction),
    }
    return {name: value for name, value in events.items() if value}


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


# The operations.

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: The latest time that is possible; a cursor with a later one was not made by us.
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def find(call: ApiCall[Any]) -> ListedRelease | None:
    """Returns the release that the URL names: by its sender's key, else by its permanent id."""
    try:
        key = key_of_id(call.key)
    except DocumentRefused:
        return None
    return call.newsroom.find(key, or_id=call.key)


def get_release(call: ApiCall[Query]) -> ApiResponse:
    """Answers with one release.

    Raises:
        ReleaseNotFound: There is none, or the token may not see it.
    """
    listed = find(call)
    if listed is None or not _may_see(call, listed):
        raise ReleaseNotFound(call.key)
    shown = show(call.catalogue, listed)
    return answer_with_tag(call, shown, etag_of(shown))


def answer_with_tag(call: ApiCall[Query], shown: BaseModel, etag: str) -> ApiResponse:
    """Answers with a representation, or with 304 to a client that has it."""
    asked = call.request.headers.get("If-None-Match")
    if asked and (asked.strip() == "*" or names_revision(asked, etag.strip('"'))):
        return ApiResponse(status=HTTPStatus.NOT_MODIFIED, content=None, headers={"ETag": etag})
    return ApiResponse(status=HTTPStatus.OK, content=shown, headers={"ETag": etag})


def list_releases(call: ApiCall[ListQuery]) -> ApiResponse:
    """Answers with one page of a list of releases.

    Raises:
        ApiProblem: A parameter is invalid.
    """
    query = call.query
    release_query = ReleaseQuery(
        feed=_category(call),
        feeds=call.token.categories,
        language=_language(query.language),
        since=moment_of(call, "since"),
        is_unfiled=query.unfiled,
        is_newest_first=query.order == "newest",
    )
    after = None if query.after is None else _change_position(query.after)
    # One more than is shown, to know whether there is a next page.
    found = call.newsroom.listed(release_query, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = _cursor_after(shown[-1].release) if len(found) > len(shown) else None
    page = Page(releases=[show(call.catalogue, each) for each in shown], next=more)
    return ApiResponse(status=HTTPStatus.OK, content=page)


def get_readers(call: ApiCall[ReadersQuery]) -> ApiResponse:
    """Answers with who reads what."""
    application = call.application
    missing_after = timedelta(seconds=application.settings.canary.missing_after_seconds)
    with application.database.read() as tx:
        seen = read_readership(
            tx, call.catalogue, now=call.now, days=call.query.days, missing_after=missing_after
        )
    return ApiResponse(status=HTTPStatus.OK, content=ReadersOut(**seen.record()))


def _may_see(call: ApiCall[Any], listed: ListedRelease) -> bool:
    categories = call.token.categories
    return categories is None or bool(set(categories) & set(listed.feeds))


def _category(call: ApiCall[ListQuery]) -> str | None:
    slug = call.query.category
    if slug is not None and slug not in call.catalogue.categories:
        raise bad_parameter("category", "no category has this slug")
    return slug


def _language(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return read_language(written, warnings=[])
    except DocumentRefused as fault:
        raise bad_parameter("language", fault.reason) from fault


def moment_of(call: ApiCall[Any], parameter: str) -> datetime | None:
    """Returns the moment that a query parameter names; None without the parameter.

    Raises:
        ApiProblem: It names none.
    """
    written = getattr(call.query, parameter)
    if written is None:
        return None
    try:
        moment = read_moment_or_day(
            written, field=parameter, rules=call.application.rules, warnings=[]
        )
    except DocumentRefused as fault:
        raise bad_parameter(parameter, fault.reason) from fault
    return in_utc(moment)


def _cursor_after(release: Release) -> str:
    return cursor_of(release.changed_at, release.content.published, release_id=release.id)


def _change_position(cursor: str) -> ChangePosition:
    (changed_at, published), release_id = position_in(cursor, moments=2)
    return ChangePosition(changed_at=changed_at, published=published, id=release_id)


def cursor_of(*moments: datetime, release_id: str) -> str:
    """Returns a position in a list as an opaque string."""
    position = [*((moment - _EPOCH) // _MICROSECOND for moment in moments), release_id]
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def position_in(cursor: str, *, moments: int) -> tuple[list[datetime], str]:
    """Returns the moments and the id of a position that ``cursor_of`` made.

    Raises:
        ApiProblem: It made no such position.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        *found, release_id = json.loads(base64.b64decode(padded, b"-_", validate=True))
        is_valid = len(found) == moments and all(map(_is_moment, found))
        if not (is_valid and isinstance(release_id, str)):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise bad_parameter("after", "this is no next of a page") from error
    return [_EPOCH + each * _MICROSECOND for each in found], release_id


def _is_moment(value: object) -> bool:
    return type(value) is int and abs(value) <= _LAST and value > -_LAST // 8
