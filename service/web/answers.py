"""Responses of the application: dates of pages, validators, and the headers all of them share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from types import MappingProxyType
from typing import Any

from flask import Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from feeds.model.text import whole_second
from service.http_rules import (
    HTML_TYPE,
    ConditionalDecision,
    Field,
    Representation,
    decide,
    request_fields,
)
from service.web.encoded_variants import SMALLEST_FIRST, EncodedVariants
from service.web.rendering import render_page
from service.web.replies import content
from service.web.request_context import RequestContext

# Dates of pages and lists (``Last-Modified``, RFC 9110 section 8.8.2). A page changes with the
# releases and feeds that it shows, with the configuration and the program, and when a feed ends.
# The store has a time for each of these, which is the same on all machines and never goes back.
# Where one is not known for certain, the page has no date, and its entity tag decides alone.


def page_date(context: RequestContext, *changes: datetime | None) -> datetime | None:
    """Returns the date of a page.

    Args:
        context: The context of the current request.
        changes: When each thing that the page shows last changed; None where that is not known.

    Returns:
        None when the date is not known: the configuration is just being applied, something is being
        published, or several changes within one second have dates that are still to come.
    """
    since = context.newsstand.pages_since()
    if since is None:
        return None
    known = [change for change in changes if change is not None]
    if len(known) < len(changes):
        return None
    ends = [
        moment
        for feed in context.catalogue.ending_feeds
        if feed.ending is not None
        for moment in (feed.ending.on, feed.ending.gone_at)
        if moment <= context.now
    ]
    newest = whole_second(max([since, *known, *ends]))
    # RFC 9110 8.8.2.1: a date "MUST NOT" be later than the answer's own.
    return newest if newest <= context.now else None


def last_change(context: RequestContext, slug: str) -> datetime | None:
    """Returns when the contents of a feed last changed; None while that is being published.

    The date comes from the edition. Each edition has a second of its own, even when several are
    published within one second.
    """
    state = context.newsstand.state(slug)
    if state is None or state.is_stale or state.modified_at is None:
        return None
    changed = whole_second(state.changed_at)
    if changed <= state.modified_at:
        return state.modified_at
    # No document shows that change. Another change may follow within the same second, so the date
    # is known only when that second is over.
    return changed if changed < whole_second(context.now) else None


# Headers that responses share.

#: RFC 9110 15.4.2 lets caches keep a 301 as long as they like. Operators may revert a change, and
#: a client with a cached 301 would then be redirected in circles. So it is limited to an hour.
MOVED_CACHE_CONTROL = "public, max-age=3600"

#: Readers that run in a browser may fetch our documents from any page; nothing here is private.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Last-Modified",
}

#: RFC 9110 8.3: clients must not guess a media type that we state.
NOSNIFF = {"X-Content-Type-Options": "nosniff"}

#: Everything comes from this host, except the images and recordings that releases show.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' https: http: data:",
        "media-src https: http:",
        "style-src 'self'",
        "script-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


#: What a page may load, and which referrer it sends. A 304 repeats these fields, because a browser
#: updates its copy from them.
PAGE_FIELDS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class AppResponse(Response):
    """A response whose 304 keeps ``Last-Modified``, which Werkzeug removes.

    RFC 9110 15.4.5 allows it "for the purpose of guiding cache updates"; readers that do not
    support ETags depend on it.
    """

    default_mimetype = None  # a 304 has none
    #: What it was made of; None for an answer that is valid for one request only.
    source: tuple[EncodedVariants, Representation] | None = None

    def get_wsgi_headers(self, environ: dict[str, object]) -> Headers:
        """Returns the headers to send."""
        headers = super().get_wsgi_headers(environ)
        last_modified = self.headers.get("Last-Modified")
        if last_modified is not None:
            headers["Last-Modified"] = last_modified
        return headers


#: For a developer: why the representation cannot be sent as requested.
_UNDELIVERABLE = {
    406: "It is to be had with br, zstd or gzip, or without any coding.",
    412: "What there is now is not what If-Match or If-Unmodified-Since asks for.",
    416: "The range begins behind the end.",
}


class Undeliverable(HTTPException):
    """The client's own conditions or codings rule out every response."""

    def __init__(self, decision: ConditionalDecision) -> None:
        super().__init__(_UNDELIVERABLE[decision.status])
        self.code = decision.status
        self.fields = decision.fields

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Returns Werkzeug's own headers, and those of the decision."""
        return [*super().get_headers(*arguments), *self.fields]


def answer(variants: EncodedVariants, representation: Representation) -> AppResponse:
    """Answers the current GET or HEAD request with a representation: whole, in part, or as a 304.

    Args:
        variants: The bytes; only the coding that is sent is made.
        representation: The description of the bytes.

    Raises:
        Undeliverable: The client accepts none of the codings, or sets conditions that do not hold.
    """
    decision = decide(request_fields(request.environ), representation)
    if decision.status in _UNDELIVERABLE:
        raise Undeliverable(decision)
    # A list, because for bare bytes Werkzeug writes its own Content-Length, which is 0 for a HEAD.
    body = [content(decision, variants.get)]
    made = AppResponse(body, status=decision.status, headers=list(decision.fields))
    made.source = variants, representation
    return made


def answer_bytes(
    body: bytes,
    *,
    media_type: str,
    cache_control: str,
    vary: str = "Accept-Encoding",
    modified_at: datetime | None = None,
    fields: Mapping[str, str] = MappingProxyType({}),
) -> AppResponse:
    """Answers with bytes that were made for this request.

    Args:
        body: The bytes, uncoded.
        media_type: The value of ``Content-Type``.
        cache_control: The value of ``Cache-Control``.
        vary: The value of ``Vary``.
        modified_at: When the bytes last changed, where that is known (`page_date`).
        fields: Further header fields.

    Raises:
        Undeliverable: The client accepts none of the codings, or sets conditions that do not hold.
    """
    variants = EncodedVariants(body)
    described = Representation(
        revision=sha256(body).hexdigest(),
        media_type=media_type,
        length=variants.length,
        codings=SMALLEST_FIRST,
        modified_at=modified_at,
        fields=(
            ("Cache-Control", cache_control),
            ("Vary", vary),
            *_page_fields(media_type),
            *fields.items(),
        ),
    )
    return answer(variants, described)


#: Pages may change every minute, and 304s are cheap.
PAGE_CACHE_CONTROL = "public, max-age=60"


def answer_page(
    template: str,
    language: str,
    *,
    modified_at: datetime | None,
    vary: str = "Accept-Encoding",
    cache_control: str = PAGE_CACHE_CONTROL,
    **context: object,
) -> AppResponse:
    """Answers with a page.

    Args:
        template: The name of its template.
        language: The language of what it shows (BCP 47).
        modified_at: When the page last changed, where that is known (`page_date`).
        vary: The value of ``Vary``.
        cache_control: The value of ``Cache-Control``.
        context: The variables of the template.
    """
    return answer_bytes(
        render_page(template, language, **context),
        media_type="text/html; charset=utf-8",
        cache_control=cache_control,
        vary=vary,
        modified_at=modified_at,
    )


def redirect_body(address: str) -> str:
    """Writes the body of a redirect.

    RFC 9110 15.4: "The server's response content usually contains a short hypertext note with a
    hyperlink to the new URI(s)."
    """
    link = escape(address)
    return f'<!doctype html>\n<title>Moved</title>\n<p>Moved to <a href="{link}">{link}</a></p>\n'


def harden(response: Response) -> Response:
    """Sets the headers that every response carries. Runs after each request."""
    response.headers.update(NOSNIFF)
    for name, value in _page_fields(response.mimetype):
        response.headers.setdefault(name, value)
    _drop_future_date(response)
    return response


def _drop_future_date(response: Response) -> None:
    """Removes a ``Last-Modified`` that lies in the future.

    RFC 9110 8.8.2.1: an origin MUST NOT send a ``Last-Modified`` that is later than ``Date``. A
    feed with several editions in one second is dated ahead, by one second each. Until that date
    comes the document is sent without one. It cannot be sent with the date of the response, because
    two editions could share that, and newsboat skips a document with the date of the one before.
    """
    changed = response.last_modified
    if changed is not None and changed > datetime.now(UTC):
        del response.headers["Last-Modified"]


def _page_fields(media_type: str | None) -> tuple[Field, ...]:
    is_page = media_type is not None and media_type.partition(";")[0] == HTML_TYPE
    return tuple(PAGE_FIELDS.items()) if is_page else ()
