"""Decides how a GET or HEAD request is answered: preconditions, ranges, codings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple, cast

from werkzeug.http import parse_date

from feeds.model.text import whole_second
from service.http_rules.entity_tags import names_exactly, names_revision, strong_tag
from service.http_rules.negotiation import Coding, choose_coding

# Dates in header fields (RFC 9110 section 5.6.7).

#: The longest date has 33 characters ("Wednesday, 09-Nov-94 08:49:37 GMT"). RFC 9110 13.1.3: a
#: field with more than one member is ignored, and two dates are longer than this.
MAX_DATE_CHARS = 40


def http_date(field: str | None) -> datetime | None:
    """Parses a date in any of the three formats; None when absent or not a date.

    RFC 9110 13.1.3: a recipient MUST ignore a value that is not a valid HTTP-date. Werkzeug's
    parser raises OverflowError on a year of eleven digits.
    """
    if field is not None and len(field) > MAX_DATE_CHARS:
        return None
    try:
        return parse_date(field)
    except OverflowError:
        return None


def write_date(moment: datetime) -> str:
    """Formats an aware UTC moment in the preferred format, truncated to the second."""
    return format_datetime(whole_second(moment), usegmt=True)


#: Seconds beyond this many digits (30 years) mean no more than "long".
_MAX_PAUSE_DIGITS = 9


def asked_pause(retry_after: str | None, *, now: datetime) -> timedelta | None:
    """Returns the pause of a ``Retry-After`` header; None when it is absent or invalid.

    Source: RFC 9110 section 10.2.3: a date, or a number of seconds.
    """
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:_MAX_PAUSE_DIGITS]))
    moment = http_date(text)
    return None if moment is None else max(moment - now, timedelta(0))


# Parts of a representation (RFC 9110 section 14).

#: One range of bytes. Several ranges, other units and malformed values do not match: RFC 9110
#: 14.2 lets a server ignore them, and no client reads a feed in several pieces at once.
_ONE_RANGE = re.compile(r"[Bb][Yy][Tt][Ee][Ss]=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII)

#: No document has 10^18 bytes, and Python refuses to read numbers of thousands of digits.
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *first* up to, but not including, *end*."""

    first: int
    end: int

    def content_range(self, size: int) -> str:
        """Returns the value of ``Content-Range`` (RFC 9110 14.4)."""
        return f"bytes {self.first}-{self.end - 1}/{size}"


class Unsatisfiable(Exception):
    """A well-formed range does not overlap the representation: status 416."""


def read_range(field: str, size: int) -> ByteRange | None:
    """Parses a ``Range`` field for a representation of *size* bytes.

    Returns:
        None when the field is to be ignored and the whole representation is to be sent.

    Raises:
        Unsatisfiable: The range begins behind the end, or asks for the last 0 bytes (RFC 9110
            14.1.1).
    """
    found = _ONE_RANGE.fullmatch(field)
    if found is None or size == 0:
        return None
    first, last = found.groups()
    if not first:
        return _last_bytes(last, size)
    begins = _number(first)
    if last and _number(last) < begins:
        # RFC 9110 14.1.2: "An int-range is invalid if the last-pos value is present and less
        # than first-pos"; 14.2: a server MUST ignore an invalid range.
        return None
    if begins >= size:
        raise Unsatisfiable
    return ByteRange(begins, min(_number(last) + 1, size) if last else size)


def _last_bytes(count: str, size: int) -> ByteRange | None:
    if not count:
        return None
    suffix_length = _number(count)
    if suffix_length == 0:
        raise Unsatisfiable
    return ByteRange(max(size - suffix_length, 0), size)


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return 10**_MAX_DIGITS if len(significant) > _MAX_DIGITS else int(significant or "0")


# The decision for a GET or HEAD request.
#
# Rejected after trying: Flask's ``send_file(conditional=True)`` gets ``If-Match: *``, Range with
# If-None-Match, weak If-Range and Range on HEAD wrong. Werkzeug's ``is_resource_modified`` falls
# back to If-Modified-Since when If-None-Match cannot be parsed.

Field = tuple[str, str]


class RequestFields(NamedTuple):
    """The parts of a request that the rules depend on. Fields are as sent; None when absent."""

    method: str = "GET"
    accept_encoding: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_unmodified_since: str | None = None
    range: str | None = None
    if_range: str | None = None


#: Defined at module level: evaluating the type in each call would take longer than the call itself.
_Get = Callable[[str], str | None]


def request_fields(environ: Mapping[str, object]) -> RequestFields:
    """Reads the fields from a WSGI environment, in which repeated field lines are joined."""
    get = cast(_Get, environ.get)
    return RequestFields(
        cast(str, environ["REQUEST_METHOD"]),
        get("HTTP_ACCEPT_ENCODING"),
        get("HTTP_IF_NONE_MATCH"),
        get("HTTP_IF_MODIFIED_SINCE"),
        get("HTTP_IF_MATCH"),
        get("HTTP_IF_UNMODIFIED_SINCE"),
        get("HTTP_RANGE"),
        get("HTTP_IF_RANGE"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The current representation at an address."""

    revision: str  #: changes exactly when the uncompressed bytes do; such as a hex digest
    media_type: str  #: as sent in ``Content-Type``
    length: Callable[[Coding], int]  #: in bytes; called for a body only, not for a 304
    codings: tuple[Coding, ...] = ()  #: besides identity; the first wins a tie
    modified_at: datetime | None = None  #: aware; None when no correct date is known
    #: Fields that a 200, a 206 and a 304 share: Cache-Control, Vary, Link, Content-Location …
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalDecision:
    """Status and header fields of an answer, without its bytes. The server adds ``Date``."""

    status: int  #: 200, 206, 304; or 406, 412, 416, whose body is a problem document
    fields: tuple[Field, ...] = ()
    coding: Coding = Coding.IDENTITY  #: of the selected representation
    part: ByteRange | None = None  #: the bytes to send; None for no body


def decide(request: RequestFields, current: Representation) -> ConditionalDecision:
    """Decides how a GET or HEAD request is answered, in the order of RFC 9110 section 13.2.2.

    Content negotiation comes first, because preconditions apply to the selected representation
    (RFC 9110 13.1).
    """
    coding = choose_coding(request.accept_encoding, current.codings)
    if coding is None:
        return ConditionalDecision(status=406)
    etag = strong_tag(current.revision, coding)
    if not _may_proceed(request, current, etag):
        return ConditionalDecision(status=412)
    if _is_current(request, current):
        return _not_modified(current, etag)
    return _full_or_partial(request, current, coding, etag)


def _may_proceed(request: RequestFields, current: Representation, etag: str) -> bool:
    """Evaluates If-Match, or else If-Unmodified-Since (RFC 9110 sections 13.1.1 and 13.1.4)."""
    if request.if_match is not None:
        return request.if_match.strip() == "*" or names_exactly(request.if_match, etag)
    since = http_date(request.if_unmodified_since)
    return (
        since is None or current.modified_at is None or whole_second(current.modified_at) <= since
    )


def _is_current(request: RequestFields, current: Representation) -> bool:
    """Whether the client has the current revision, in any coding."""
    if request.if_none_match is not None:
        # RFC 9110 13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains an
        # If-None-Match header field", even one that cannot be parsed.
        if request.if_none_match.strip() == "*":
            return True
        return names_revision(request.if_none_match, current.revision)
    since = http_date(request.if_modified_since)
    if since is None or current.modified_at is None:
        return False
    return whole_second(current.modified_at) <= since


def _not_modified(current: Representation, etag: str) -> ConditionalDecision:
    """Returns a 304 with the tag that the 200 would have had (RFC 9110 section 15.4.5).

    Rejected: the tag of the coding that the client holds, when that is another one. Squid relabels
    its stored response with the tag of any 304 that it passes on, and then served brotli bytes
    under the tag of gzip.

    Section 15.4.5 allows ``Last-Modified``; readers that do not know ETags need it.
    """
    return ConditionalDecision(
        status=304, fields=(("ETag", etag), *_last_modified(current), *current.fields)
    )


def _full_or_partial(
    request: RequestFields, current: Representation, coding: Coding, etag: str
) -> ConditionalDecision:
    size = current.length(coding)
    try:
        part = _requested_part(request, etag, size)
    except Unsatisfiable:
        return ConditionalDecision(status=416, fields=(("Content-Range", f"bytes */{size}"),))
    sent = part or ByteRange(0, size)
    fields = [
        ("Content-Type", current.media_type),
        ("Content-Length", str(sent.end - sent.first)),
        ("ETag", etag),
        *_last_modified(current),
        ("Accept-Ranges", "bytes"),
    ]
    if coding is not Coding.IDENTITY:
        fields.append(("Content-Encoding", coding.value))
    if part is not None:
        fields.append(("Content-Range", part.content_range(size)))
    return ConditionalDecision(
        status=200 if part is None else 206,
        fields=(*fields, *current.fields),
        coding=coding,
        # RFC 9110 9.3.2: HEAD gets the header fields of a GET, and no body.
        part=None if request.method == "HEAD" else sent,
    )


def _requested_part(request: RequestFields, etag: str, size: int) -> ByteRange | None:
    """Parses Range, where it applies (RFC 9110 sections 14.2 and 13.1.5).

    If-Range needs a strong validator: exactly the current tag. A date is never strong here, since
    two editions may share a second and all codings share the date (8.8.2.2). With a date, the
    whole representation is sent.
    """
    # RFC 9110 14.2: "A server MUST ignore a Range header field received with a request method
    # that is unrecognized or for which range handling is not defined": all but GET.
    if request.range is None or request.method != "GET":
        return None
    if request.if_range is not None and request.if_range.strip() != etag:
        return None
    return read_range(request.range, size)


def _last_modified(current: Representation) -> tuple[Field, ...]:
    return (
        () if current.modified_at is None else (("Last-Modified", write_date(current.modified_at)),)
    )
