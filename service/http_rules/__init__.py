"""What is pure about HTTP and not already right in Werkzeug.

Rejected roads, each tried: Werkzeug's ``is_resource_modified`` falls back to If-Modified-Since
when If-None-Match cannot be read; its ``parse_date`` raises OverflowError on a year of eleven
digits; ``Accept`` takes time that grows with the square of a run of blanks; ETag suffixes that
proxies add are not known to it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from urllib.parse import quote

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_date

from feeds.model.feed import Link
from feeds.model.text import whole_second

#: An honest Accept or Accept-Encoding header has some hundred characters. A longer one counts as
#: absent: nothing is gained by reading it, and Werkzeug needs seconds for 64 KB of blanks.
MAX_ACCEPT_CHARS = 4096

PROBLEM_TYPE = "application/problem+json"
HTML_TYPE = "text/html"


class Coding(StrEnum):
    """A content coding that documents are kept in (RFC 9110 section 8.4.1)."""

    IDENTITY = "identity"
    GZIP = "gzip"


class Outcome(Enum):
    """What preconditions make of a request (RFC 9110 section 13.2.2)."""

    PROCEED = "proceed"
    NOT_MODIFIED = "not modified"  #: answer 304
    FAILED = "failed"  #: answer 412


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityTag:
    """One entity tag as a client sent it (RFC 9110 section 8.8.3)."""

    opaque: str  #: without the quotes
    is_weak: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """By what a client recognises the representation that it would be given now."""

    revision: str  #: changes exactly when the uncompressed bytes do; hex, say
    coding: Coding = Coding.IDENTITY
    modified_at: datetime | None = None  #: aware; None when no honest date is known

    @property
    def etag(self) -> str:
        """The strong entity tag, quoted: another one for each coding (RFC 9110 section 8.8.3.3)."""
        suffix = "" if self.coding is Coding.IDENTITY else f"-{self.coding}"
        return f'"{self.revision}{suffix}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditional fields of a GET or HEAD request, as sent; None when a field is absent."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None


def evaluate(conditions: Conditions, held: Validators) -> Outcome:
    """Decide a GET or HEAD request in the order that RFC 9110 section 13.2.2 gives."""
    if not _may_proceed(conditions, held):
        return Outcome.FAILED
    if conditions.if_none_match is not None:
        # RFC 9110 13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains an
        # If-None-Match header field", even one that names nothing we can read.
        known = _matching(conditions.if_none_match, held) is not None
    else:
        known = _not_after(held.modified_at, conditions.if_modified_since)
    return Outcome.NOT_MODIFIED if known else Outcome.PROCEED


def confirmed_etag(conditions: Conditions, held: Validators) -> str:
    """Return the entity tag that a 304 repeats, quoted and strong.

    A cache freshens only what it stored under the very tag of the 304 (RFC 9111 section 4.3.4),
    so a client that holds the other coding of the same bytes hears its own tag, not the one of
    the coding that it would be given now; else it would fetch for ever what it has.
    """
    return _matching(conditions.if_none_match or "", held) or held.etag


def _may_proceed(conditions: Conditions, held: Validators) -> bool:
    """Evaluate If-Match, or else If-Unmodified-Since (RFC 9110 sections 13.1.1 and 13.1.4)."""
    if conditions.if_match is not None:
        if conditions.if_match.strip() == "*":
            return True
        # Strong comparison: a weak tag never matches. The tag of either coding names these bytes.
        tags = entity_tags(conditions.if_match)
        return any(not tag.is_weak and revision_of(tag) == held.revision for tag in tags)
    since = http_date(conditions.if_unmodified_since)
    if since is None or held.modified_at is None:
        return True
    return whole_second(held.modified_at) <= since


def _matching(if_none_match: str, held: Validators) -> str | None:
    """Return the tag of the list that names *held* in some coding, the current one first.

    RFC 9110 13.1.2: "A recipient MUST use the weak comparison function".
    """
    if if_none_match.strip() == "*":
        return held.etag
    found: str | None = None
    for tag in entity_tags(if_none_match):
        if revision_of(tag) == held.revision:
            quoted = f'"{tag.opaque}"'
            if quoted == held.etag:
                return quoted
            found = found or quoted
    return found


def _not_after(modified_at: datetime | None, if_modified_since: str | None) -> bool:
    since = http_date(if_modified_since)
    return since is not None and modified_at is not None and whole_second(modified_at) <= since


#: What servers and proxies append to the tag of a compressed representation: Apache ``-gzip``,
#: Jetty ``--gzip``, others ``;gzip``. Eternal 200s came of comparing without taking it off.
_CODING_SUFFIX = re.compile(r"(?:--?|;)(?:gzip|br|zstd|deflate|df)$")
_QUOTED_TAG = re.compile(r'([Ww]/)?"([^"]*)"')


def entity_tags(field: str) -> Iterator[EntityTag]:
    """Read a list of entity tags, in linear time. What is no tag is passed over.

    A field without any quotes is read as bare tags: some readers lose the quotes.
    """
    if '"' in field:
        for weak, opaque in _QUOTED_TAG.findall(field):
            yield EntityTag(opaque=opaque, is_weak=bool(weak))
    else:
        for bare in field.split(","):
            if bare.strip():
                yield EntityTag(opaque=bare.strip(), is_weak=True)


def revision_of(tag: EntityTag) -> str:
    """Return the tag's text without the suffix that tells a content coding."""
    return _CODING_SUFFIX.sub("", tag.opaque)


def http_date(field: str | None) -> datetime | None:
    """Read a date in any form of RFC 9110 section 5.6.7; None when absent or not a date.

    RFC 9110 13.1.3: a recipient MUST ignore a value that is not a valid HTTP-date.
    """
    try:
        return parse_date(field)
    except OverflowError:
        return None


#: ``identity`` is acceptable without being named (RFC 9110 section 12.5.3), but what a client
#: names is liked better.
_UNNAMED_IDENTITY = 0.0001
_WEIGHT = re.compile(r"\s*[qQ]\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*")


def choose_coding(accept_encoding: str | None) -> Coding | None:
    """Choose how a document travels; None when the client refuses every way that there is.

    Source: RFC 9110 section 12.5.3. Without the field any coding would be allowed, but clients
    that send none are those that cannot read gzip. ``gzip`` wins a tie.
    """
    if accept_encoding is None or len(accept_encoding) > MAX_ACCEPT_CHARS:
        return Coding.IDENTITY
    weights = _coding_weights(accept_encoding)
    gzip = weights.get("gzip", weights.get("*", 0.0))
    identity = weights.get("identity", weights.get("*", _UNNAMED_IDENTITY))
    if gzip > 0 and gzip >= identity:
        return Coding.GZIP
    return Coding.IDENTITY if identity > 0 else None


def _coding_weights(accept_encoding: str) -> dict[str, float]:
    """Read codings and their weights; a coding whose weight makes no sense is left out."""
    weights: dict[str, float] = {}
    for element in accept_encoding.split(","):
        name, semicolon, parameter = element.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        if semicolon and weight is None:
            continue
        # RFC 9110 8.4.1.3: "x-gzip" is to be considered equivalent to "gzip".
        coding = name.strip().lower().removeprefix("x-")
        weights[coding] = max(weights.get(coding, 0.0), float(weight[1]) if weight else 1.0)
    return weights


def prefers_html(accept: str | None) -> bool:
    """True when a client likes a page better than a problem document: a person's browser.

    A client that takes anything is a machine.
    """
    if accept is None or len(accept) > MAX_ACCEPT_CHARS:
        return False
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted.quality(HTML_TYPE) > max(
        accepted.quality(PROBLEM_TYPE), accepted.quality("application/json")
    )


#: Printable ASCII without what ends or breaks a ``<URI-Reference>``; ``%`` stays, as an address
#: that is already encoded must not be encoded again.
_URI_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '<>"\\^`{|}')


def link_field(links: Sequence[Link]) -> str:
    """Write the ``Link`` header of a document (RFC 8288 section 3)."""
    return ", ".join(f'<{quote(link.href, safe=_URI_SAFE)}>; rel="{link.rel}"' for link in links)
