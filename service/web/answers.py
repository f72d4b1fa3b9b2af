"""How the application answers: one place for validators, and for the headers all answers share."""

from collections.abc import Callable, Mapping

from flask import Request, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import http_date

from service.http_rules import Conditions, Outcome, Validators, confirmed_etag, evaluate

#: Readers that run in a browser may fetch our documents from any page; nothing here is private.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Last-Modified",
}

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


class Answer(Response):
    """A response whose 304 keeps ``Last-Modified``, which Werkzeug takes off.

    RFC 9110 15.4.5 lets it stand "for the purpose of guiding cache updates"; readers that know
    no ETag live by it.
    """

    def get_wsgi_headers(self, environ: dict[str, object]) -> Headers:
        """Return the headers to be sent."""
        headers = super().get_wsgi_headers(environ)
        last_modified = self.headers.get("Last-Modified")
        if last_modified is not None:
            headers["Last-Modified"] = last_modified
        return headers


def answer(
    body: Callable[[], bytes],
    *,
    media_type: str,
    validators: Validators,
    headers: Mapping[str, str],
) -> Answer:
    """Answer the current GET or HEAD request with *body*, or with 304 when the client holds it.

    Args:
        body: Makes the bytes; not called for a 304.
        media_type: As sent in ``Content-Type``, with its charset.
        validators: Of the bytes that *body* makes, in the coding that they are in.
        headers: Sent with the 304 as with the 200.

    Raises:
        PreconditionFailed: If-Match or If-Unmodified-Since rules the answer out.
    """
    conditions = conditions_of(request)
    outcome = evaluate(conditions, validators)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed
    if outcome is Outcome.NOT_MODIFIED:
        response = Answer(status=304)
        response.headers["ETag"] = confirmed_etag(conditions, validators)
    else:
        response = Answer(body(), content_type=media_type)
        response.headers["ETag"] = validators.etag
    if validators.modified_at is not None:
        response.headers["Last-Modified"] = http_date(validators.modified_at)
    response.headers.update(headers)
    return response


def conditions_of(asked: Request) -> Conditions:
    """Take the conditional fields from a request. Several lines of one field come joined."""
    return Conditions(
        if_match=asked.headers.get("If-Match"),
        if_none_match=asked.headers.get("If-None-Match"),
        if_modified_since=asked.headers.get("If-Modified-Since"),
        if_unmodified_since=asked.headers.get("If-Unmodified-Since"),
    )


def harden(response: Response) -> Response:
    """Set what every answer carries, whatever it is. Runs after each request."""
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response
