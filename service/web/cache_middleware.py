"""The middleware in front of the application: it answers requests for documents from memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

from feeds.errors import FeedsError
from feeds.model.feed import Feed, Format
from feeds.newsstand import Newsstand
from service.application import Application, CurrentApplication
from service.http_rules import (
    MODE_FIELD,
    Coding,
    choose_coding,
    decide,
    request_fields,
    split_base,
    wants_raw,
)
from service.web.document_cache import BackgroundLookup, CachedDocument, DocumentCache
from service.web.documents import choose_format, leads_to_page, represent
from service.web.encoded_variants import SMALLEST_FIRST, NotCached
from service.web.readership import CountedAnswer, RequestCounter
from service.web.redirect_uses import RedirectCounter
from service.web.redirects import RedirectReply, UnknownAddresses, peek_redirect
from service.web.replies import Reply, reply, with_age
from service.web.request_context import APPLICATION_KEY

# Request heads as they were sent, and the part of them that decides the answer.

#: A header field's name and value, as sent.
HeaderLine = tuple[bytes, bytes]

#: Method, target and header lines. The fields of `IGNORED_HEADERS` may be left out.
Head = tuple[bytes, bytes, tuple[HeaderLine, ...]]

#: The header fields that decide the answer.
_DECIDING_NAMES = (
    "A-IM",
    "Accept",
    "Accept-Encoding",
    "If-None-Match",
    "If-Modified-Since",
    "If-Match",
    "If-Unmodified-Since",
    "Range",
    "If-Range",
    MODE_FIELD,
)
#: A request with one of these has a body, or asks for another protocol: the application answers it.
_UNSUPPORTED_NAMES = ("Content-Length", "Transfer-Encoding", "Expect", "Upgrade")

_UNSUPPORTED = "unsupported"

#: By name in lower case, as PEP 3333 calls them.
_KEYS = {
    **{name.lower().encode(): f"HTTP_{name.upper().replace('-', '_')}" for name in _DECIDING_NAMES},
    **{name.lower().encode(): _UNSUPPORTED for name in _UNSUPPORTED_NAMES},
}

#: What proxies add. It differs between clients, too.
FORWARDING = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")

#: Header fields that nearly all requests have, that differ between clients, and that no answer here
#: depends on; in the two spellings that clients use. Without them many readers send the same head.
IGNORED_HEADERS = frozenset(
    spelt.encode()
    for name in ("Host", "User-Agent", "Connection", *FORWARDING)
    for spelt in (name, name.lower())
)

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


def request_key(head: Head) -> dict[str, Any] | None:
    """Reads what decides the answer to a GET or HEAD, as a WSGI environment has it (PEP 3333).

    Returns:
        None when the application has to answer: another method, a body, or a repeated field.
    """
    sent_method, target, lines = head
    method = _METHODS.get(sent_method)
    if method is None:
        return None
    sent_path, _, query = target.partition(b"?")
    path = unquote_to_bytes(sent_path).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query.decode("latin-1"),
    }
    for name, value in lines:
        key = _KEYS.get(name.lower())
        if key is None:
            continue
        if key is _UNSUPPORTED or key in environ:  # a field of several lines has to be joined
            return None
        environ[key] = value.decode("latin-1")
    return environ


def head_size(head: Head) -> int:
    """Returns the size of a request head in bytes."""
    method, target, lines = head
    return len(method) + len(target) + sum(len(name) + len(value) for name, value in lines)


# The middleware. Nine requests in ten are for a document that has not changed. They are answered
# here, by the same rules and descriptions as the application's own route, before Flask makes its
# request object. All others go to the application: pages, redirects of browsers to pages, problems,
# other methods, feeds without an edition, and feeds that end at a set time (their answers depend on
# the clock, which stored answers must not). While the store does not answer, cached documents are
# served with their age.

Environ = dict[str, Any]
VariantGetter = Callable[[Coding], bytes]
WsgiApplication = Callable[..., Iterable[bytes]]

#: The limit for the fields that decide the answer; real pollers send fewer characters. Longer
#: requests are answered, but their answers are not stored.
MAX_REMEMBERED_CHARS = 512

#: How many request heads are stored with the key that they stand for. Readers of one feed that use
#: the same software send the same head, until the next edition.
MAX_HEADS = 1024

#: The statuses that are answered here; the others are problems, which the application answers.
_CACHEABLE_STATUSES = frozenset({200, 206, 304})

_choose_format = lru_cache(maxsize=512)(choose_format)


class StartResponse(Protocol):
    """The server's callable that takes status and headers once (PEP 3333)."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Begins the response."""


@dataclass(frozen=True, slots=True, eq=False)
class MappedAddress:
    """The address of a document. Compared by identity: each reload makes new ones."""

    feed: Feed
    format: Format
    is_chosen: bool  #: the URL has no suffix, and ``Accept`` chose the format
    is_raw: bool = False  #: the query is ``?raw``


class RequestKey:
    """The key of an answer: two requests with equal keys get the same answer. Cheap to compare."""

    __slots__ = ("_hash", "address", "asked", "is_storable", "may_get_delta")

    def __init__(self, address: MappedAddress, environ: Environ) -> None:
        self.address = address
        self.asked = request_fields(environ)
        #: Whether the application may send a delta where the answer here is the whole document.
        self.may_get_delta = address.feed.deltas is not None and "HTTP_A_IM" in environ
        self.is_storable = sum(len(each or "") for each in self.asked) <= MAX_REMEMBERED_CHARS
        self._hash = hash((address, self.asked))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RequestKey)
            and self.address is other.address
            and self.asked == other.asked
        )


#: The address of a document, or those from which ``Accept`` chooses.
_AddressChoice = MappedAddress | dict[Format, MappedAddress]


@dataclass(frozen=True, slots=True)
class UrlMap:
    """All document addresses of one application."""

    application: Application
    addresses: Mapping[str, _AddressChoice]  #: by path
    #: By path, for the query ``?raw``; only those whose answer differs with it.
    raw: Mapping[str, MappedAddress]
    base_path: str  #: decoded, each byte as one character
    #: Keys of recent request heads, or the redirects that answer them.
    heads: dict[Head, RequestKey | RedirectReply] = field(default_factory=dict)

    def key_of_head(self, head: Head) -> RequestKey | RedirectReply | None:
        """Returns the key of a request head, or the redirect of an old address.

        None when it requests neither a document nor an address that a rule answers from memory.
        """
        key = self.heads.get(head)
        if key is None:
            environ = request_key(head)
            if environ is not None:
                environ["PATH_INFO"] = split_base(environ["PATH_INFO"], self.base_path)[1]
                key = self.key_of_environ(environ) or peek_redirect(self.application, environ)
            if key is not None and head_size(head) <= MAX_REMEMBERED_CHARS:
                # As with stored answers: heads in use come back at once.
                if len(self.heads) >= MAX_HEADS:
                    self.heads.clear()
                self.heads[head] = key
        return key

    def key_of_environ(self, environ: Environ) -> RequestKey | None:
        """Returns the key of a GET or HEAD; None when it does not request a document."""
        path = environ["PATH_INFO"]
        choice = self.addresses.get(path)
        if choice is not None and wants_raw(environ.get("QUERY_STRING", "")):
            choice = self.raw.get(path, choice)
        if isinstance(choice, dict):
            accept = cast(str | None, environ.get("HTTP_ACCEPT"))
            is_short = accept is None or len(accept) <= MAX_REMEMBERED_CHARS
            chosen = (_choose_format if is_short else choose_format)(accept)
            choice = None if chosen is None else choice[chosen]
        if choice is None or _leads_to_page(choice, environ):
            return None
        return RequestKey(choice, environ)


class KnownRequest:
    """A request head, and what was found for it the last time.

    Whoever keeps one, such as a connection, spares the search when the same request comes again.
    """

    __slots__ = ("document", "head", "key", "reply", "url_map")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.url_map: UrlMap | None = None  #: whose `key` that is
        self.key: RequestKey | RedirectReply | None = None
        self.document: object = None  #: the identity of the document that `reply` was made of
        self.reply: Reply | None = None  #: without a body: that belongs to the cache


class CacheMiddleware:
    """The middleware, itself a WSGI application. Safe to call from many threads."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        current: CurrentApplication,
        document_cache: DocumentCache,
        counter: RequestCounter | None = None,
        redirects: RedirectCounter | None = None,
    ) -> None:
        """Makes a middleware in front of *application*.

        Args:
            application: Gets each request that is not answered here.
            current: Read once in each request, for *application* too.
            document_cache: The cached documents. It needs a change detector: without one, each
                request costs a query.
            counter: Counts the requests for documents. Those that `peek` answers are counted by its
                caller, who knows the client.
            redirects: Counts the uses of redirects that `peek` answers, and missing feeds.
        """
        self.counter = counter or RequestCounter()
        self.redirects = redirects or RedirectCounter()
        self._application = application
        self._current = current
        self._document_cache = document_cache
        self._map = _build_map(current.application)
        self._unknown = UnknownAddresses(application, self.redirects)

    @property
    def base_path(self) -> str:
        """The path of the base URL, which servers split off the paths of requests."""
        return self._map_of(self._current.application).base_path

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers from memory, or lets the application answer."""
        application = environ[APPLICATION_KEY] = self._current.application
        key = None
        is_read = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        if is_read:
            key = self._map_of(application).key_of_environ(environ)
        answer = None if key is None else self._answer(key, application)
        if answer is None and self._document_cache.is_unreachable:
            self._document_cache.check_store()  # finds out when the store answers again
        elif is_read and key is None:
            answer = self._unknown.answer(application, environ)
        if answer is None:
            if key is not None and self.counter.is_on:
                start_response = self._counting(key, environ, start_response)
            return self._application(environ, start_response)
        if answer.counted is not None and self.counter.is_on:
            self.counter.count(*_asking(environ), answer.counted)
        start_response(answer.status, answer.headers.copy())
        return answer.body

    def check_store_in_background(self, background: BackgroundLookup) -> None:
        """Has another thread poll the store, while requests may be waiting for it."""
        if self._document_cache.is_remote:
            self._document_cache.check_store_in_background(background)

    def peek(self, request: KnownRequest, background: BackgroundLookup) -> Reply | None:
        """Returns the answer if it is in memory: for an event loop, which must not wait.

        It neither queries the store nor compresses, and reads no long list.

        Args:
            request: The request; what was found for it the last time is used if it still counts.
            background: Threads for polls and fetches that are due.

        Returns:
            None when the request has to be repeated as a WSGI call, in a thread that may wait.
        """
        # Nine requests in ten come here and go no further: a call less is worth a line more.
        application, url_map = self._current.application, self._map
        if url_map.application is not application:
            url_map = self._map_of(application)
        if request.url_map is not url_map:
            request.url_map, request.key = url_map, url_map.key_of_head(request.head)
        key = request.key
        if key is None:
            return None
        if isinstance(key, RedirectReply):
            self.redirects.used(key.key)
            return key.reply
        address = key.address
        cached = self._document_cache.peek(
            application.newsstand, address.feed.slug, address.format, background
        )
        if cached is None or cached.is_dated_ahead():
            return None
        answer = request.reply if request.document is cached.identity else None
        if answer is None:
            answer = cached.answers.get(key)
            if answer is None and key.is_storable:
                try:
                    answer = self._decide(cached, key, cached.variants.peek)
                except NotCached:
                    return None
            has_body = answer is None or answer.body[0]
            request.document, request.reply = cached.identity, None if has_body else answer
        return self._finish(cached, key, answer)

    def _answer(self, key: RequestKey, application: Application) -> Reply | None:
        cached = self._fetch(application.newsstand, key.address)
        if cached is None or cached.is_dated_ahead():
            return None
        answer = cached.answers.get(key) or self._decide(cached, key, cached.variants.get)
        return self._finish(cached, key, answer)

    def _finish(
        self, cached: CachedDocument, key: RequestKey, answer: Reply | None
    ) -> Reply | None:
        if answer is None or _may_need_delta(key, answer):
            return None
        age_s = self._document_cache.age_s(cached) if self._document_cache.is_away else None
        return answer if age_s is None else with_age(answer, age_s)

    def _counting(
        self, key: RequestKey, environ: Environ, start_response: StartResponse
    ) -> StartResponse:
        """Returns a callable that counts what the application answers, such as a delta."""

        def count(status: str, headers: list[tuple[str, str]], *error: object) -> object:
            fields = {name.lower(): value for name, value in headers}
            size = fields.get("content-length", "0")
            is_get = environ["REQUEST_METHOD"] == "GET"
            sent = int(size) if is_get and size.isdecimal() else 0
            code = int(status[:3])
            if code < HTTPStatus.BAD_REQUEST:
                self.counter.count(*_asking(environ), _counted(key, code, bytes_sent=sent))
            return start_response(status, headers, *error)

        return count

    def _map_of(self, application: Application) -> UrlMap:
        found = self._map
        if found.application is not application:
            found = self._map = _build_map(application)
        return found

    def _fetch(self, newsstand: Newsstand, address: MappedAddress) -> CachedDocument | None:
        try:
            return self._document_cache.fetch(newsstand, address.feed.slug, address.format)
        except FeedsError:
            # The application meets the error again, and answers with a problem.
            return None

    def _decide(
        self, cached: CachedDocument, key: RequestKey, get_variant: VariantGetter
    ) -> Reply | None:
        address = key.address
        described = represent(
            cached, address.feed, is_chosen=address.is_chosen, is_raw=address.is_raw
        )
        held = replace(described, length=lambda coding: len(get_variant(coding)))
        decision = decide(key.asked, held)
        if decision.status not in _CACHEABLE_STATUSES:
            return None
        answer = reply(decision, get_variant)
        is_saved = decision.status == 304
        answer = replace(
            answer,
            counted=_counted(
                key,
                decision.status,
                bytes_sent=len(answer.body[0]),
                bytes_saved=is_saved * len(cached.document.gzip),
            ),
        )
        # A part is not stored: it copies the bytes, and a client may request any number of parts.
        if key.is_storable and key.asked.range is None:
            self._document_cache.remember(cached, key, answer)
        return answer


def _asking(environ: Environ) -> tuple[str, str | None, str]:
    """Returns who asks: the peer, ``X-Forwarded-For`` and ``User-Agent``."""
    get = environ.get
    return get("REMOTE_ADDR", ""), get("HTTP_X_FORWARDED_FOR"), get("HTTP_USER_AGENT", "")


def _counted(
    key: RequestKey, status: int, *, bytes_sent: int, bytes_saved: int = 0
) -> CountedAnswer:
    asked = key.asked
    return CountedAnswer(
        feed=key.address.feed.slug,
        format=key.address.format.value,
        status=status,
        bytes_sent=bytes_sent,
        bytes_saved=bytes_saved,
        is_conditional=asked.if_none_match is not None or asked.if_modified_since is not None,
        is_compressed=choose_coding(asked.accept_encoding, SMALLEST_FIRST)
        not in (None, Coding.IDENTITY),
    )


def _leads_to_page(address: MappedAddress, environ: Environ) -> bool:
    mode = cast(str | None, environ.get("HTTP_SEC_FETCH_MODE"))
    if mode is None or address.is_chosen:
        return False
    return leads_to_page(address.feed, mode, is_raw=address.is_raw)


def _may_need_delta(key: RequestKey, answer: Reply) -> bool:
    """Whether the application may send a delta where *answer* is the whole document."""
    return key.may_get_delta and answer.is_whole


def _build_map(application: Application) -> UrlMap:
    addresses: dict[str, _AddressChoice] = {}
    raw: dict[str, MappedAddress] = {}
    for feed in application.catalogue.feeds.values():
        if feed.ending is not None:
            continue
        path = _as_wsgi(f"/feeds/{feed.slug}")
        addresses[path] = {each: MappedAddress(feed, each, is_chosen=True) for each in Format}
        for each in Format:
            addresses[f"{path}.{each}"] = MappedAddress(feed, each, is_chosen=False)
            if feed.opens_as_page:
                raw[f"{path}.{each}"] = MappedAddress(feed, each, is_chosen=False, is_raw=True)
    base_path = unquote_to_bytes(application.catalogue.site.base_path).decode("latin-1")
    return UrlMap(application, addresses, raw, base_path)


def _as_wsgi(path: str) -> str:
    """Writes a path as PEP 3333 has it: each byte of its UTF-8 as one character."""
    return path.encode().decode("latin-1")
