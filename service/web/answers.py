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

from service.http_rules import HTML_TYPE, Decision, Field, Representation, asked_of, decide
from service.web.codecs import SMALLEST_FIRST
from service.web.forms import Forms
from service.web.replies import content

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


class Answer(Response):
    """A response whose 304 keeps ``Last-Modified``, which Werkzeug takes off.

    RFC 9110 15.4.5 lets it stand "for the purpose of guiding cache updates"; readers that know
    no ETag live by it.
    """

    default_mimetype = None  # a 304 has none
    #: What it was made of; None for an answer that is good for one request.
    source: tuple[Forms, Representation] | None = None

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

    def __init__(self, decision: Decision) -> None:
        super().__init__(_UNDELIVERABLE[decision.status])
        self.code = decision.status
        self.fields = decision.fields

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Return Werkzeug's own, and those of the decision."""
        return [*super().get_headers(*arguments), *self.fields]


def answer(forms: Forms, representation: Representation) -> Answer:
    """Answer the current GET or HEAD request with a representation, or as the rules have it.

    Args:
        forms: The bytes; only those are made that are to be sent.
        representation: Describes them.

    Raises:
        Undeliverable: The client refuses every coding that there is, or sets conditions that do
            not hold.
    """
    decision = decide(asked_of(request.environ), representation)
    if decision.status in _UNDELIVERABLE:
        raise Undeliverable(decision)
    # In a list: of bare bytes, Werkzeug would write its own Content-Length, which for a HEAD is 0.
    body = [content(decision, forms.get)]
    made = Answer(body, status=decision.status, headers=list(decision.fields))
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
) -> Answer:
    """Answer with bytes that were made for this request.

    Args:
        body: Without a coding.
        media_type: As sent.
        cache_control: Likewise.
        vary: Likewise.
        modified_at: Since when they are so, where that is known (`service.web.dating`).
        fields: More of them.

    Raises:
        Undeliverable: As above.
    """
    forms = Forms(body)
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


def note_of_way(address: str) -> str:
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
