"""What there is at an address: asked of the application, in all codings, with header fields."""

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from feeds.model.feed import Format
from service.errors import ServiceError
from service.export.layout import UNDATED, Version, written_date
from service.http_rules import HTML_TYPE, Coding
from service.web.encoded_variants import encode

# Asks the application as a server would (PEP 3333), without a socket.

WsgiApplication = Callable[..., Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WsgiResponse:
    """What the application answered."""

    status: int
    fields: tuple[tuple[str, str], ...]  #: in its order
    body: bytes

    def field(self, name: str) -> str | None:
        """A header field, by its name in whatever case."""
        return next((value for known, value in self.fields if known.lower() == name.lower()), None)


def request(
    application: WsgiApplication,
    path: str,
    fields: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
) -> WsgiResponse:
    """Ask for *path*, which is not encoded."""
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


# What there is at an address: the bytes in all codings, and the header fields with them.

#: Said of one form of the bytes, or by whoever serves them; all else is the address's profile.
_NOT_IN_PROFILE = {
    "accept-ranges",
    "content-encoding",
    "content-length",
    "date",
    "etag",
    "last-modified",
}

_OF_FEEDS = frozenset(feed_format.media_type for feed_format in Format)

#: As wide as a collision is unlikely among some ten thousand profiles.
_PROFILE_DIGITS = 16

#: An edition comes out within milliseconds; one that comes at each try is a fault of ours.
_TRIES = 5


class UnstableDocument(ServiceError):
    """An address gave other bytes at each try."""

    def __init__(self, path: str, /) -> None:
        super().__init__(f"{path} changes faster than it can be read")
        self.path = path


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Header fields that do not change with the bytes. Few: one for all releases' pages."""

    fields: tuple[tuple[str, str], ...]  #: sorted by name

    @property
    def id(self) -> str:
        """The same for the same fields, for ever."""
        return sha256(json.dumps(self.fields).encode()).hexdigest()[:_PROFILE_DIGITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """One representation without a coding, as the application describes it."""

    path: str
    revision: str  #: the entity tag without a coding, without quotes
    last_modified: str | None  #: as HTTP writes it
    profile: Profile
    body: bytes

    @property
    def is_document(self) -> bool:
        """True for a feed's document, and an archive's; false for pages, lists and all else."""
        media_type = dict(self.profile.fields).get("Content-Type", "").partition(";")[0]
        return media_type in _OF_FEEDS

    def is_held_as(self, version: Version) -> bool:
        """True when a version has all that is at the address.

        A page's date moves with the configuration, also where its bytes stay: the date that it
        has in the folder is then the truer one, and not every page is to be written for it.
        """
        if (version.revision, version.profile) != (self.revision, self.profile.id):
            return False
        if version.date == written_date(self.last_modified):
            return True
        return not self.is_document and version.date != UNDATED


def rendition(application: WsgiApplication, path: str) -> Rendition | WsgiResponse:
    """Ask for what is at *path*; when it is anything but a 200, the answer itself."""
    return _of(path, _request(application, path, Coding.IDENTITY))


def all_forms(
    application: WsgiApplication, first: Rendition
) -> tuple[Rendition, Mapping[Coding, bytes]]:
    """The same in all codings; if it changes meanwhile, begin again with what it became.

    A feed's document is kept by the application with its gzip, and is asked for: strong tags
    promise the same bytes, also beside a service whose gzip was made by an earlier version. All
    else is coded when it is asked for, so it is coded here, by the same means, and made only once.

    Raises:
        Restless: It changed each time.
    """
    if not first.is_document:
        return first, {coding: encode(first.body, coding) for coding in Coding}
    wanted = first
    for _ in range(_TRIES):
        forms = {Coding.IDENTITY: wanted.body}
        for coding in (Coding.GZIP, Coding.BROTLI, Coding.ZSTD):
            answer = _request(application, wanted.path, coding)
            if not _is_form_of(wanted, answer, coding):
                break
            forms[coding] = answer.body
        else:
            return wanted, forms
        again = rendition(application, wanted.path)
        if isinstance(again, WsgiResponse):
            break
        wanted = again
    raise UnstableDocument(first.path)


def _request(application: WsgiApplication, path: str, coding: Coding) -> WsgiResponse:
    # As a page if there is a choice: its documents have addresses of their own.
    fields = {"Accept": f"{HTML_TYPE}, */*;q=0.5", "Accept-Encoding": coding.value}
    return request(application, path, fields)


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
    )


def _is_form_of(wanted: Rendition, answer: WsgiResponse, coding: Coding) -> bool:
    return (
        answer.field("ETag") == f'"{wanted.revision}-{coding}"'
        and answer.field("Last-Modified") == wanted.last_modified
        and answer.field("Content-Encoding") == coding
    )


def _profile_fields(answer: WsgiResponse) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (name, value) for name, value in answer.fields if name.lower() not in _NOT_IN_PROFILE
        )
    )
