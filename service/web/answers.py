"""How the application answers: one place for validators, and for the headers all answers share."""

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
from service.web.replies import content
from service.web.request_context import RequestContext

# Since when a page or a list is what it is (RFC 9110 section 8.8.2).
#
# A page changes with the releases and feeds that it shows, with the configuration and the program,
# and when a feed ends. Each of these has its moment in the store, where all machines and every
# start find it, and none goes back. Where a moment is not known for certain, a page has no date,
# and its entity tag decides alone.


def dated(room: RequestContext, *changes: datetime | None) -> datetime | None:
    """Return the date of a page.

    Args:
        room: The newsroom as this request sees it.
        changes: When what the page shows last changed; None where that is not known.

    Returns:
        None when it cannot be told: the configuration is just being applied, something is being
        published, or several changes of one second have dates that are still to come.
    """
    since = room.newsstand.pages_since()
    if since is None:
        return None
    known = [change for change in changes if change is not None]
    if len(known) < len(changes):
        return None
    endings = [feed.ending for feed in room.catalogue.feeds.values() if feed.ending is not None]
    ends = [moment for each in endings for moment in (each.on, each.gone_at) if moment <= room.now]
    newest = whole_second(max([since, *known, *ends]))
    # RFC 9110 8.8.2.1: a date "MUST NOT" be later than the answer's own.
    return newest if newest <= room.now else None


def last_change(room: RequestContext, slug: str) -> datetime | None:
    """Return when what a feed holds last changed; None while that is still being published.

    By its edition: each has a second of its own, also where several come in one.
    """
    state = room.newsstand.state(slug)
    if state is None or state.is_stale or state.modified_at is None:
        return None
    changed = whole_second(state.changed_at)
    if changed <= state.modified_at:
        return state.modified_at
    # No document says anything of that change. Another one may come within the same second.
    return changed if changed < whole_second(room.now) else None


# How the application answers: one place for validators, and for the headers all answers share.

#: Readers that run in a browser may fetch our documents from any page; nothing here is private.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Last-Modified",
}

#: RFC 9110 8.3: a media type that we tell is not to be guessed again.
NOSNIFF = {"X-Content-Type-Options": "nosniff"}

#: Everything comes from this host, but for the images and recordings that releases show.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' https: http: data:",
        "media-src https: http:",
        "style-src 'self'",
        "script-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


#: What a page may load and tell. A 304 repeats it, as a browser takes over what is new there.
PAGE_FIELDS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class AppResponse(Response):
    """A response whose 304 keeps ``Last-Modified``, which Werkzeug takes off.

    RFC 9110 15.4.5 lets it stand "for the purpose of guiding cache updates"; readers that know
    no ETag live by it.
    """

    default_mimetype = None  # a 304 has none
    #: What it was made of; None for an answer that is good for one request.
    source: tuple[EncodedVariants, Representation] | None = None

    def get_wsgi_headers(self, environ: dict[str, object]) -> Headers:
        """Return the headers to be sent."""
        headers = super().get_wsgi_headers(environ)
        last_modified = self.headers.get("Last-Modified")
        if last_modified is not None:
            headers["Last-Modified"] = last_modified
        return headers


#: For a developer: why a representation cannot be sent as it was asked for.
_UNDELIVERABLE = {
    406: "It is to be had with br, zstd or gzip, or without any coding.",
    412: "What there is now is not what If-Match or If-Unmodified-Since asks for.",
    416: "The range begins behind the end.",
}


class Undeliverable(HTTPException):
    """The client's own conditions rule out what there is."""

    def __init__(self, decision: ConditionalDecision) -> None:
        super().__init__(_UNDELIVERABLE[decision.status])
        self.code = decision.status
        self.fields = decision.fields

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return Werkzeug's own, and those of the decision."""
        return [*super().get_headers(*arguments), *self.fields]


def answer(forms: EncodedVariants, representation: Representation) -> AppResponse:
    """Answer the current GET or HEAD request with a representation, or as the rules have it.

    Args:
        forms: The bytes; only those are made that are to be sent.
        representation: Describes them.

    Raises:
        Undeliverable: The client refuses every coding that there is, or sets conditions that do
            not hold.
    """
    decision = decide(request_fields(request.environ), representation)
    if decision.status in _UNDELIVERABLE:
        raise Undeliverable(decision)
    # In a list: of bare bytes, Werkzeug would write its own Content-Length, which for a HEAD is 0.
    body = [content(decision, forms.get)]
    made = AppResponse(body, status=decision.status, headers=list(decision.fields))
    made.source = forms, representation
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
    """Answer with bytes that were made for this request.

    Args:
        body: Without a coding.
        media_type: As sent.
        cache_control: Likewise.
        vary: Likewise.
        modified_at: Since when they are so, where that is known (`service.web.answers`).
        fields: More of them.

    Raises:
        Undeliverable: As above.
    """
    forms = EncodedVariants(body)
    described = Representation(
        revision=sha256(body).hexdigest(),
        media_type=media_type,
        length=forms.length,
        codings=SMALLEST_FIRST,
        modified_at=modified_at,
        fields=(
            ("Cache-Control", cache_control),
            ("Vary", vary),
            *_dress(media_type),
            *fields.items(),
        ),
    )
    return answer(forms, described)


def alternate_service_note(address: str) -> str:
    """Write the body of a redirect.

    RFC 9110 15.4: "The server's response content usually contains a short hypertext note with a
    hyperlink to the new URI(s)."
    """
    link = escape(address)
    return f'<!doctype html>\n<title>Moved</title>\n<p>Moved to <a href="{link}">{link}</a></p>\n'


def harden(response: Response) -> Response:
    """Set what every answer carries, whatever it is. Runs after each request."""
    response.headers.update(NOSNIFF)
    response.headers.update(_dress(response.mimetype))
    _hold_back(response)
    return response


def _hold_back(response: Response) -> None:
    """Date nothing later than its answer is.

    RFC 9110 8.8.2.1: an origin MUST NOT send a ``Last-Modified`` that is later than ``Date``. A
    feed with several editions in one second is dated ahead, a second each. Until that date comes
    the document has none: it cannot have the answer's, because two editions would then share one,
    and newsboat passes over a document with the date of the one before.
    """
    changed = response.last_modified
    if changed is not None and changed > datetime.now(UTC):
        del response.headers["Last-Modified"]


def _dress(media_type: str | None) -> tuple[Field, ...]:
    is_page = media_type is not None and media_type.partition(";")[0] == HTML_TYPE
    return tuple(PAGE_FIELDS.items()) if is_page else ()
