"""One poll of one upstream: its requests, redirects, and what its answer means.

Pure: nothing is sent or stored here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from feeds.model.upstream import Move, PollTarget, Validators
from service.http_rules import uri
from service.outbound import (
    AddressInvalid,
    BulkRequest,
    BulkResponse,
    OutboundFailed,
    OutboundTimedOut,
    host_and_port,
)
from service.upstreams.plans import UpstreamPlan

#: Largest body that is read, in bytes: feeds of a whole archive have a few million.
MAX_BODY_BYTES = 10 * 1024 * 1024

#: Redirects that are followed. Longer chains are loops.
MAX_REDIRECTS = 5

#: A permanent redirect is stored when it has held for this long, so that an error of a few days
#: takes no upstream away for ever.
MOVED_AFTER = timedelta(days=3)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})

_ACCEPT = (
    "Accept: application/atom+xml, application/rss+xml, application/feed+json, "
    "application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)


@dataclass(slots=True, kw_only=True)
class Fetch:
    """A poll that is under way."""

    plan: UpstreamPlan
    upstream: PollTarget
    url: str  #: of the present request
    host: str  #: of that URL
    began_s: float  #: by a monotonic clock
    hops: list[tuple[int, str]] = field(default_factory=list)  #: status, and where it led
    is_conditional: bool = False  #: the present request may be answered 304

    @property
    def is_moved_for_good(self) -> bool:
        """Whether all redirects so far were permanent, and there was one."""
        return bool(self.hops) and all(status in _PERMANENT for status, _ in self.hops)

    def request(self) -> BulkRequest:
        """Returns the request to `url`; a conditional one if that URL gave the last document."""
        headers = [_ACCEPT]
        held = self.upstream.validators
        # An upstream of which something still waits is fetched whole.
        if held is not None and held.url == self.url and not self.upstream.is_partial:
            if held.etag is not None:
                headers.append(f"If-None-Match: {held.etag}")
            if held.last_modified is not None:
                headers.append(f"If-Modified-Since: {held.last_modified}")
        self.is_conditional = len(headers) > 1
        return BulkRequest(url=self.url, headers=tuple(headers), max_answer_bytes=MAX_BODY_BYTES)


def first_fetch(plan: UpstreamPlan, upstream: PollTarget, *, now_s: float) -> Fetch:
    """Returns the poll of *upstream*, before its first request."""
    return Fetch(
        plan=plan,
        upstream=upstream,
        url=upstream.fetch_url,
        host=upstream.host,
        began_s=now_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A redirect: the fetch goes on with its next request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The document is as it was."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body, which may be a feed."""

    body: bytes
    headers: Mapping[str, str]

    @property
    def charset(self) -> str | None:
        """The parameter of the media type."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No feed came."""

    why: str  #: for people, one line
    headers: Mapping[str, str] = field(default_factory=dict)
    is_gone: bool = False  #: 410: it will not come back
    is_overload: bool = False  #: 429 or 503: the whole host rests


FetchStep = Followed | NotModified | Fetched | FetchFailed


def step(fetch: Fetch, end: BulkResponse | OutboundFailed, *, timeout_s: float) -> FetchStep:
    """Says what an answer means, and sets *fetch* to the next request if it is a redirect.

    Args:
        fetch: The poll, at the request that was answered.
        end: The answer.
        timeout_s: The time limit of a request, for messages.
    """
    if isinstance(end, OutboundTimedOut):
        return FetchFailed(why=f"no answer within {timeout_s:g} s")
    if isinstance(end, OutboundFailed):
        return FetchFailed(why=end.reason)
    if end.status in _REDIRECTS:
        return _follow(fetch, end)
    if end.status == HTTPStatus.NOT_MODIFIED and fetch.is_conditional:
        return NotModified(headers=end.headers)
    if end.status != HTTPStatus.OK:
        return FetchFailed(
            why=f"answered {_named(end.status)}",
            headers=end.headers,
            is_gone=end.status == HTTPStatus.GONE,
            is_overload=end.status in (429, 503),
        )
    if not end.is_whole:
        if len(end.body) >= MAX_BODY_BYTES:
            limit = f"{MAX_BODY_BYTES // 1024 // 1024} MiB"
            return FetchFailed(why=f"the document is larger than {limit}", headers=end.headers)
        why = "the document was not complete, or not within the time limit"
        return FetchFailed(why=why, headers=end.headers)
    return Fetched(body=end.body, headers=end.headers)


def _follow(fetch: Fetch, end: BulkResponse) -> FetchStep:
    written = end.headers.get("location", "")
    if not written:
        return FetchFailed(why=f"answered {_named(end.status)} without Location")
    try:
        # RFC 9110 section 10.2.2: a relative one is relative to the request's URL.
        url = urljoin(fetch.url, uri(written)).partition("#")[0]
        host, _port = host_and_port(url)
    except (ValueError, AddressInvalid):
        return FetchFailed(why=f"redirects to what is no web address: {written[:200]}")
    if len(fetch.hops) >= MAX_REDIRECTS or url in (fetch.url, *(each for _, each in fetch.hops)):
        return FetchFailed(why=f"redirects too often, at last to {url[:200]}")
    fetch.hops.append((end.status, url))
    fetch.url, fetch.host = url, host
    return Followed()


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def validators_of(fetch: Fetch, headers: Mapping[str, str]) -> Validators | None:
    """Returns the validators of an answer; None if it has none that can be sent back.

    Both are those of this answer, and none of an earlier one is kept beside them.
    """
    etag = headers.get("etag") or None
    last_modified = headers.get("last-modified") or None
    if etag is not None and not _is_sendable(etag):
        etag = None
    if last_modified is not None and not _is_sendable(last_modified):
        last_modified = None
    if etag is None and last_modified is None:
        return None
    return Validators(url=fetch.url, etag=etag, last_modified=last_modified)


def _is_sendable(value: str) -> bool:
    return len(value) <= 1000 and value.isascii() and value.isprintable()


def move_of(fetch: Fetch, *, now: datetime) -> tuple[Move | None, str | None]:
    """Returns the permanent redirect to remember after a good answer, and the one to store.

    Returns:
        The redirect that has to hold on, and the URL to poll from now on: None for the same.
    """
    if not fetch.is_moved_for_good or _loses_tls(fetch):
        return None, None
    known = fetch.upstream.move
    if known is None or known.to != fetch.url:
        return Move(to=fetch.url, since=now), None
    if now - known.since < MOVED_AFTER:
        return known, None
    return None, fetch.url


def _loses_tls(fetch: Fetch) -> bool:
    from_, to = urlsplit(fetch.upstream.fetch_url).scheme, urlsplit(fetch.url).scheme
    return from_ == "https" and to == "http"
