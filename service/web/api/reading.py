"""Releases, one by one and in lists."""

import base64
import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from feeds.errors import DocumentRefused, ReleaseNotFound
from feeds.ingest import key_of_id
from feeds.ingest.dates import in_utc, read_moment_or_day
from feeds.ingest.languages import read_language
from feeds.model.listing import ListedRelease, Place, ReleaseQuery
from feeds.model.release import Release
from service.http_rules.entity_tags import names_revision
from service.web.api.calls import Answer, Call
from service.web.api.faults import bad_parameter
from service.web.api.queries import ListQuery, Query
from service.web.api.releases import etag_of, show
from service.web.api.shapes import Page

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: The last moment that can be; a cursor with a later one is nobody's that we gave out.
_LAST = (datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def find(call: Call[Any]) -> ListedRelease | None:
    """The release that the address names: by its sender's key, else by its permanent id."""
    try:
        key = key_of_id(call.key)
    except DocumentRefused:
        return None
    return call.newsroom.held(key, or_id=call.key)


def get_release(call: Call[Query]) -> Answer:
    """Show one release.

    Raises:
        ReleaseNotFound: There is none, or it is none of this token's business.
    """
    listed = find(call)
    if listed is None or not _may_see(call, listed):
        raise ReleaseNotFound(call.key)
    shown = show(call.catalogue, listed)
    etag = etag_of(shown)
    asked = call.request.headers.get("If-None-Match")
    if asked and (asked.strip() == "*" or names_revision(asked, etag.strip('"'))):
        return Answer(status=HTTPStatus.NOT_MODIFIED, content=None, headers={"ETag": etag})
    return Answer(status=HTTPStatus.OK, content=shown, headers={"ETag": etag})


def list_releases(call: Call[ListQuery]) -> Answer:
    """Show a page of releases.

    Raises:
        ApiProblem: A parameter means nothing.
    """
    query = call.query
    wanted = ReleaseQuery(
        feed=_category(call),
        feeds=call.token.categories,
        language=_language(query.language),
        since=_moment(call),
        is_unfiled=query.unfiled,
        is_newest_first=query.order == "newest",
    )
    after = None if query.after is None else _place(query.after)
    # One more than is shown tells whether there is a next page.
    found = call.newsroom.listed(wanted, after=after, limit=query.limit + 1)
    shown = found[: query.limit]
    more = _cursor(shown[-1].release) if len(found) > len(shown) else None
    page = Page(releases=[show(call.catalogue, each) for each in shown], next=more)
    return Answer(status=HTTPStatus.OK, content=page)


def _may_see(call: Call[Any], listed: ListedRelease) -> bool:
    categories = call.token.categories
    return categories is None or bool(set(categories) & set(listed.feeds))


def _category(call: Call[ListQuery]) -> str | None:
    slug = call.query.category
    if slug is not None and slug not in call.catalogue.categories:
        raise bad_parameter("category", "no category has this slug")
    return slug


def _language(written: str | None) -> str | None:
    if written is None:
        return None
    try:
        return read_language(written, mended=[])
    except DocumentRefused as fault:
        raise bad_parameter("language", fault.reason) from fault


def _moment(call: Call[ListQuery]) -> datetime | None:
    written = call.query.since
    if written is None:
        return None
    try:
        moment = read_moment_or_day(written, field="since", rules=call.press.rules, mended=[])
    except DocumentRefused as fault:
        raise bad_parameter("since", fault.reason) from fault
    return in_utc(moment)


def _cursor(release: Release) -> str:
    """Where a list goes on behind *release*. Nobody is to read or make one."""
    moments = (release.changed_at, release.content.published)
    place = [*((moment - _EPOCH) // _MICROSECOND for moment in moments), release.id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        changed, published, release_id = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if not (_is_moment(changed) and _is_moment(published) and isinstance(release_id, str)):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as error:
        raise bad_parameter("after", "this is no next of a page") from error
    return Place(
        changed_at=_EPOCH + changed * _MICROSECOND,
        published=_EPOCH + published * _MICROSECOND,
        id=release_id,
    )


def _is_moment(value: object) -> bool:
    return type(value) is int and abs(value) <= _LAST and value > -_LAST // 8
