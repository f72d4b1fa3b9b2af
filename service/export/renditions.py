"""Reads the bytes and header fields of an address from the application, in all codings."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from feeds.model.feed import Format
from service.errors import ServiceError
from service.export.layout import UNDATED, Version, written_date
from service.http_rules import HTML_TYPE, Coding
from service.web.encoded_variants import encode

# Requests to the application, as a server would make them (PEP 3333), without a socket.

WsgiApplication = Callable[..., Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WsgiResponse:
    """The application's answer."""

    status: int
    fields: tuple[tuple[str, str], ...]  #: in the application's order
    body: bytes

    def field(self, name: str) -> str | None:
        """Returns a header field by its name, in any case."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)


def request(
    application: WsgiApplication,
    path: str,
    fields: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
) -> WsgiResponse:
    """Requests *path*, which is not encoded."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        begun.append((status, headers))

    body = application(_environ(method, path, fields or {}), start_response)
    try:
        content = b"".join(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    status, headers = begun[-1]
    return WsgiResponse(status=int(status.partition(" ")[0]), fields=tuple(headers), body=content)


def pieces(application: WsgiApplication, path: str) -> Iterator[bytes]:
    """Yields the bytes at *path*, which is not encoded, as the application makes them."""
    body = application(_environ("GET", path, {}), lambda *_: None)
    try:
        yield from body
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _environ(method: str, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in fields.items()},
    }


# Renditions: the bytes in all codings, with their header fields.

#: Fields that depend on the coding, or that the server sets; all others are the address's profile.
_NOT_IN_PROFILE = {
    "accept-ranges",
    "content-encoding",
    "content-length",
    "date",
    "etag",
    "last-modified",
}

_OF_FEEDS = frozenset(feed_format.media_type for feed_format in Format)

#: Enough digits to make a collision unlikely among some ten thousand profiles.
_PROFILE_DIGITS = 16

#: Tries for a document that changes meanwhile. A new edition is published within milliseconds; one
#: at each try would be a bug.
_TRIES = 5


class UnstableDocument(ServiceError):
    """An address returned other bytes at each try."""

    def __init__(self, path: str, /) -> None:
        super().__init__(f"{path} changes faster than it can be read")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Header fields that do not depend on the bytes. All release pages share one profile."""

    fields: tuple[tuple[str, str], ...]  #: sorted by name

    @property
    def id(self) -> str:
        """The identifier, which depends on the fields only."""
        return sha256(json.dumps(self.fields).encode()).hexdigest()[:_PROFILE_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The application's representation of an address, without a coding."""

    path: str
    revision: str  #: the entity tag of the uncompressed bytes, without quotes
    last_modified: str | None  #: in the format of HTTP
    profile: Profile
    body: bytes
    length: int  #: of the body, also where it was not requested

    @property
    def is_document(self) -> bool:
        """Whether this is the document of a feed or archive, and not a page, a list or a file."""
        media_type = dict(self.profile.fields).get("Content-Type", "").partition(";")[0]
        return media_type in _OF_FEEDS

    def is_held_as(self, version: Version) -> bool:
        """Whether a version in the folder is the same as this rendition.

        A page's date changes with the configuration, even if its bytes do not. The date in the
        folder is then more accurate, and the page need not be written again.
        """
        if (version.revision, version.profile) != (self.revision, self.profile.id):
            return False
        if version.date == written_date(self.last_modified):
            return True
        return not self.is_document and version.date != UNDATED


def rendition(
    application: WsgiApplication, path: str, *, has_body: bool = True
) -> Rendition | WsgiResponse:
    """Requests *path*; returns the answer itself unless it is a 200 with an entity tag.

    Args:
        application: The application.
        path: A path, not encoded.
        has_body: Whether to request the bytes. Those of a medium are read with `pieces`.
    """
    method = "GET" if has_body else "HEAD"
    return _of(path, _request(application, path, Coding.IDENTITY, method=method))


def all_forms(
    application: WsgiApplication, first: Rendition
) -> tuple[Rendition, Mapping[Coding, bytes]]:
    """Returns a rendition with its bytes in all codings; starts again if it changes meanwhile.

    The codings of a feed's document are requested from the application, which stores its gzip:
    strong tags promise the same bytes, even beside a service whose gzip was made by an earlier
    version. Everything else is encoded on request by the application, so it is encoded here in the
    same way, without a second rendering.

    Raises:
        UnstableDocument: It changed at each try.
    """
    if not first.is_document:
        return first, {coding: encode(first.body, coding) for coding in Coding}
    current = first
    for _ in range(_TRIES):
        forms = {Coding.IDENTITY: current.body}
        for coding in (Coding.GZIP, Coding.BROTLI, Coding.ZSTD):
            answer = _request(application, current.path, coding)
            if not _is_form_of(current, answer, coding):
                break
            forms[coding] = answer.body
        else:
            return current, forms
        latest = rendition(application, current.path)
        if isinstance(latest, WsgiResponse):
            break
        current = latest
    raise UnstableDocument(first.path)


def _request(
    application: WsgiApplication, path: str, coding: Coding, *, method: str = "GET"
) -> WsgiResponse:
    # Prefer the page where there is a choice: documents have addresses of their own.
    fields = {"Accept": f"{HTML_TYPE}, */*;q=0.5", "Accept-Encoding": coding.value}
    return request(application, path, fields, method=method)


def _of(path: str, answer: WsgiResponse) -> Rendition | WsgiResponse:
    etag = answer.field("ETag")
    if answer.status != 200 or etag is None:
        return answer
    return Rendition(
        path=path,
        revision=etag.strip('"'),
        last_modified=answer.field("Last-Modified"),
        profile=Profile(fields=_profile_fields(answer)),
        body=answer.body,
        length=int(answer.field("Content-Length") or len(answer.body)),
    )


def _is_form_of(current: Rendition, answer: WsgiResponse, coding: Coding) -> bool:
    return (
        answer.field("ETag") == f'"{current.revision}-{coding}"'
        and answer.field("Last-Modified") == current.last_modified
        and answer.field("Content-Encoding") == coding
    )


def _profile_fields(answer: WsgiResponse) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, _shared(name, value))
            for name, value in answer.fields
            if name.lower() not in _NOT_IN_PROFILE
        )
    )


def _shared(name: str, value: str) -> str:
    """Returns the part of a field that media of one type share.

    Without a name in it, browsers take that in the address, which is the same (RFC 6266 4.3).
    """
    return value.partition(";")[0] if name == "Content-Disposition" else value
