"""How a GET or HEAD request is answered: all rules in their order, in one pure function."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple, cast

from werkzeug.http import parse_date

from feeds.model.text import whole_second
from service.http_rules.entity_tags import names_exactly, names_revision, strong_tag
from service.http_rules.negotiation import Coding, choose_coding

# Dates in header fields (RFC 9110 section 5.6.7).

#: The longest date has 33 characters ("Wednesday, 09-Nov-94 08:49:37 GMT"). RFC 9110 13.1.3: a
#: field that has more than one member is to be ignored, and two dates are longer than this.
MAX_DATE_CHARS = 40


def http_date(field: str | None) -> datetime | None:
    """Read a date in any of the three forms; None when absent or not a date.

    RFC 9110 13.1.3: a recipient MUST ignore a value that is not a valid HTTP-date. Werkzeug's
    own reading raises OverflowError on a year of eleven digits.
    """
    if field is not None and len(field) > MAX_DATE_CHARS:
        return None
    try:
        return parse_date(field)
    except OverflowError:
        return None


def write_date(moment: datetime) -> str:
    """Write an aware moment in UTC in the preferred form, cut to its second."""
    return format_datetime(whole_second(moment), usegmt=True)


# Parts of a representation (RFC 9110 section 14).

#: One range of bytes. Several ranges, other units and what is malformed do not match: RFC 9110
#: 14.2 lets a server ignore them, and nobody reads a feed in pieces from here and there.
_ONE_RANGE = re.compile(r"[Bb][Yy][Tt][Ee][Ss]=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII)

#: No document has 10^18 bytes, and Python refuses to read numbers of thousands of digits.
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *first* up to and without *end*."""

    first: int
    end: int

    def content_range(self, size: int) -> str:
        """Write ``Content-Range`` (RFC 9110 14.4)."""
        return f"bytes {self.first}-{self.end - 1}/{size}"


class Unsatisfiable(Exception):
    """A well-formed range has no byte in common with the representation: 416."""


def read_range(field: str, size: int) -> ByteRange | None:
    """Read a ``Range`` for a representation of *size* bytes.

    Returns:
        None when the field is to be ignored and the whole is to be sent.

    Raises:
        Unsatisfiable: RFC 9110 14.1.1: it begins behind the end, or asks for the last 0 bytes.
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
        # than first-pos"; 14.2: a server MUST ignore what it cannot make sense of.
        return None
    if begins >= size:
        raise Unsatisfiable
    return ByteRange(begins, min(_number(last) + 1, size) if last else size)


def _last_bytes(count: str, size: int) -> ByteRange | None:
    if not count:
        return None
    wanted = _number(count)
    if wanted == 0:
        raise Unsatisfiable
    return ByteRange(max(size - wanted, 0), size)


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return 10**_MAX_DIGITS if len(significant) > _MAX_DIGITS else int(significant or "0")


# What a GET or HEAD request is answered: all rules in their order, in one pure function.
#
# Rejected roads, each tried: Flask's ``send_file(conditional=True)`` gets ``If-Match: *``, Range
# against If-None-Match, weak If-Range and Range on HEAD wrong; Werkzeug's ``is_resource_modified``
# falls back to If-Modified-Since when If-None-Match cannot be read.

Field = tuple[str, str]


class RequestFields(NamedTuple):
    """What the rules look at in a request. Fields are as sent; None when absent."""

    method: str = "GET"
    accept_encoding: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_match: str | None = None
    if_unmodified_since: str | None = None
    range: str | None = None
    if_range: str | None = None


#: Named here: in a call, making the type would take longer than all the rest of it.
_Get = Callable[[str], str | None]


def request_fields(environ: Mapping[str, object]) -> RequestFields:
    """Take from a WSGI environment what the rules look at. Several lines of a field come joined."""
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
    """What there is to be had at an address now."""

    revision: str  #: changes exactly when the uncompressed bytes do; hex, say
    media_type: str  #: as sent in ``Content-Type``
    length: Callable[[Coding], int]  #: in bytes; asked for when a body is due, not for a 304
    codings: tuple[Coding, ...] = ()  #: beside identity; the first wins a tie
    modified_at: datetime | None = None  #: aware; None when no honest date is known
    #: What a 200, a 206 and a 304 say alike: Cache-Control, Vary, Link, Content-Location …
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalDecision:
    """An answer but for its bytes. ``Date`` is the server's."""

    status: int  #: 200, 206, 304; or 406, 412, 416, whose body is a problem's
    fields: tuple[Field, ...] = ()
    coding: Coding = Coding.IDENTITY  #: of the bytes that are meant
    part: ByteRange | None = None  #: which of them are to be sent; None for no body


def decide(asked: RequestFields, held: Representation) -> ConditionalDecision:
    """Decide a GET or HEAD request in the order that RFC 9110 section 13.2.2 gives.

    Content negotiation comes first, because preconditions are about the selected representation
    (RFC 9110 13.1).
    """
    coding = choose_coding(asked.accept_encoding, held.codings)
    if coding is None:
        return ConditionalDecision(status=406)
    etag = strong_tag(held.revision, coding)
    if not _may_proceed(asked, held, etag):
        return ConditionalDecision(status=412)
    if _is_known(asked, held):
        return _not_modified(held, etag)
    return _deliver(asked, held, coding, etag)


def _may_proceed(asked: RequestFields, held: Representation, etag: str) -> bool:
    """Evaluate If-Match, or else If-Unmodified-Since (RFC 9110 sections 13.1.1 and 13.1.4)."""
    if asked.if_match is not None:
        return asked.if_match.strip() == "*" or names_exactly(asked.if_match, etag)
    since = http_date(asked.if_unmodified_since)
    return since is None or held.modified_at is None or whole_second(held.modified_at) <= since


def _is_known(asked: RequestFields, held: Representation) -> bool:
    """True when the client holds the current revision, in whatever coding."""
    if asked.if_none_match is not None:
        # RFC 9110 13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains an
        # If-None-Match header field", even one that names nothing we can read.
        if asked.if_none_match.strip() == "*":
            return True
        return names_revision(asked.if_none_match, held.revision)
    since = http_date(asked.if_modified_since)
    if since is None or held.modified_at is None:
        return False
    return whole_second(held.modified_at) <= since


def _not_modified(held: Representation, etag: str) -> ConditionalDecision:
    """Answer 304 with the tag that the 200 would have had (RFC 9110 section 15.4.5).

    Rejected: to name the coding that the client holds, when that is another one. Squid relabels
    what it has with the tag of any 304 that it passes on, and then gave brotli bytes under the
    tag of gzip.

    15.4.5 lets ``Last-Modified`` stand; readers that know no ETag live by it.
    """
    return ConditionalDecision(status=304, fields=(("ETag", etag), *_dated(held), *held.fields))


def _deliver(
    asked: RequestFields, held: Representation, coding: Coding, etag: str
) -> ConditionalDecision:
    size = held.length(coding)
    try:
        part = _part_due(asked, etag, size)
    except Unsatisfiable:
        return ConditionalDecision(status=416, fields=(("Content-Range", f"bytes */{size}"),))
    sent = part or ByteRange(0, size)
    fields = [
        ("Content-Type", held.media_type),
        ("Content-Length", str(sent.end - sent.first)),
        ("ETag", etag),
        *_dated(held),
        ("Accept-Ranges", "bytes"),
    ]
    if coding is not Coding.IDENTITY:
        fields.append(("Content-Encoding", coding.value))
    if part is not None:
        fields.append(("Content-Range", part.content_range(size)))
    return ConditionalDecision(
        status=200 if part is None else 206,
        fields=(*fields, *held.fields),
        coding=coding,
        # RFC 9110 9.3.2: a HEAD is told what a GET would be told, and sent nothing.
        part=None if asked.method == "HEAD" else sent,
    )


def _part_due(asked: RequestFields, etag: str, size: int) -> ByteRange | None:
    """Read Range, where it is to be looked at (RFC 9110 sections 14.2 and 13.1.5).

    If-Range needs a strong validator: our tag, exactly. A date never is one here, as two editions
    may share a second and all codings share the date (8.8.2.2): the whole is sent.
    """
    # RFC 9110 14.2: "A server MUST ignore a Range header field received with a request method
    # that is unrecognized or for which range handling is not defined": all but GET.
    if asked.range is None or asked.method != "GET":
        return None
    if asked.if_range is not None and asked.if_range.strip() != etag:
        return None
    return read_range(asked.range, size)


def _dated(held: Representation) -> tuple[Field, ...]:
    return () if held.modified_at is None else (("Last-Modified", write_date(held.modified_at)),)
