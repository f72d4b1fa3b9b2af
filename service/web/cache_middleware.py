"""The layer before the application: documents that pollers request, answered from memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol, cast
from urllib.parse import unquote_to_bytes

from feeds.errors import FeedsError
from feeds.model.feed import Feed, Format
from feeds.newsstand import Newsstand
from service.application import Application, CurrentApplication
from service.http_rules import MODE_FIELD, Coding, decide, request_fields, wants_raw
from service.web.document_cache import BackgroundLookup, CachedDocument, DocumentCache
from service.web.documents import choose_format, leads_to_page, represent
from service.web.encoded_variants import NotCached
from service.web.replies import Reply, aged, reply
from service.web.request_context import APPLICATION_KEY

# The heads of requests as they came over the wire, and what of them decides an answer.

#: A field's name and value, as sent.
Line = tuple[bytes, bytes]

#: Method, target and lines. What `IGNORED_HEADERS` names may be left out.
Head = tuple[bytes, bytes, tuple[Line, ...]]

#: What is looked at here.
_NAMES = (
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
#: With these a request is more than a question: it has a body, or wants another protocol.
_MORE_NAMES = ("Content-Length", "Transfer-Encoding", "Expect", "Upgrade")

_MORE = "more"

#: By name in lower case, as PEP 3333 calls them.
_KEYS = {
    **{name.lower().encode(): f"HTTP_{name.upper().replace('-', '_')}" for name in _NAMES},
    **{name.lower().encode(): _MORE for name in _MORE_NAMES},
}

#: What nearly all requests say, and differently, and nobody looks at here: in the two ways in which
#: clients spell it. Without them, the heads of many readers are one.
IGNORED_HEADERS = frozenset(
    spelt.encode()
    for name in ("Host", "User-Agent", "Connection")
    for spelt in (name, name.lower())
)

_METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


def request_key(head: Head) -> dict[str, Any] | None:
    """Read what decides the answer to a GET or HEAD, as a WSGI environment has it (PEP 3333).

    Returns:
        None when there is more to this request than a question.
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
        if key is _MORE or key in environ:  # or of several lines, which are to be joined
            return None
        environ[key] = value.decode("latin-1")
    return environ


def size_of(head: Head) -> int:
    """Say how many bytes it holds."""
    method, target, lines = head
    return len(method) + len(target) + sum(len(name) + len(value) for name, value in lines)


# A layer before the application: documents that pollers ask for all day, from memory.
#
# Nine requests in ten are for a document that has not changed. They are answered here, by the very
# rules and descriptions that the application's own route uses, before Flask has made its request
# object. All else goes on to the application: pages and the way there for browsers, problems, other
# methods, feeds that have no edition yet, and feeds that end at a set time. What those answer
# depends on the clock, and an answer that is remembered here does not.
#
# While the store does not answer, documents at hand are served all the same, with their age.

Environ = dict[str, Any]
Form = Callable[[Coding], bytes]
WsgiApplication = Callable[..., Iterable[bytes]]

#: What an honest poller sends in the fields that decide. Who sends more is answered all the same,
#: but not remembered.
MAX_REMEMBERED_CHARS = 512

#: How many heads of requests are remembered with what they ask for. Readers of one feed that use
#: the same software send the same one, until the next edition.
MAX_HEADS = 1024

#: The answers that a representation gives; the others are problems, which the application tells.
_OWN = frozenset({200, 206, 304})

_choose_format = lru_cache(maxsize=512)(choose_format)


class StartResponse(Protocol):
    """What a server gives, to be called once with status and headers (PEP 3333)."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Begin the answer."""


@dataclass(frozen=True, slots=True, eq=False)
class MappedAddress:
    """A document's address. Compared by identity: each reload makes new ones."""

    feed: Feed
    format: Format
    is_chosen: bool  #: without a suffix, by ``Accept``
    is_raw: bool = False  #: with ``?raw``


class RequestKey:
    """What is asked for, and how. Two that get the same answer are equal, at little cost."""

    __slots__ = ("_hash", "address", "asked", "is_usual", "may_get_part")

    def __init__(self, address: MappedAddress, environ: Environ) -> None:
        self.address = address
        self.asked = request_fields(environ)
        #: True when the application may give a part of the document where this is the whole.
        self.may_get_part = address.feed.deltas is not None and "HTTP_A_IM" in environ
        self.is_usual = sum(len(each or "") for each in self.asked) <= MAX_REMEMBERED_CHARS
        self._hash = hash((address, self.asked))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RequestKey)
            and self.address is other.address
            and self.asked == other.asked
        )


#: A document's address, or what is to be chosen from by ``Accept``.
_Place = MappedAddress | dict[Format, MappedAddress]


@dataclass(frozen=True, slots=True)
class UrlMap:
    """All addresses of documents, for one application."""

    application: Application
    places: Mapping[str, _Place]  #: by path
    raw: Mapping[
        str, MappedAddress
    ]  #: likewise, with ``?raw``; those where that makes a difference
    heads: dict[Head, RequestKey] = field(default_factory=dict)  #: that were understood

    def understand(self, head: Head) -> RequestKey | None:
        """Say what the head of a request asks for; None when it is not a document."""
        question = self.heads.get(head)
        if question is None:
            environ = request_key(head)
            question = None if environ is None else self.find(environ)
            if question is not None and size_of(head) <= MAX_REMEMBERED_CHARS:
                # As on the shelf: those that are asked for come again at once.
                if len(self.heads) >= MAX_HEADS:
                    self.heads.clear()
                self.heads[head] = question
        return question

    def find(self, environ: Environ) -> RequestKey | None:
        """Say what a GET or HEAD asks for; None when it is not a document."""
        path = environ["PATH_INFO"]
        place = self.places.get(path)
        if place is not None and wants_raw(environ.get("QUERY_STRING", "")):
            place = self.raw.get(path, place)
        if isinstance(place, dict):
            accept = cast(str | None, environ.get("HTTP_ACCEPT"))
            is_usual = accept is None or len(accept) <= MAX_REMEMBERED_CHARS
            chosen = (_choose_format if is_usual else choose_format)(accept)
            place = None if chosen is None else place[chosen]
        if place is None or _leads_to_page(place, environ):
            return None
        return RequestKey(place, environ)


class CacheMiddleware:
    """The layer, itself a WSGI application. Safe to call from many threads."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        current: CurrentApplication,
        document_cache: DocumentCache,
    ) -> None:
        """Put a layer before *application*.

        Args:
            application: Gets each request that is not answered here.
            current: Read once in each request, also for *application*.
            document_cache: Where documents are at hand, with a watch, or each costs a query.
        """
        self._application = application
        self._current = current
        self._document_cache = document_cache
        self._map = _draw(current.application)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or let the application answer."""
        application = self._current.application
        answer = self._answer(environ, application)
        if answer is None and self._document_cache.is_unreachable:
            self._document_cache.check_store()  # whatever is asked for: somebody has to find out
        if answer is None:
            environ[APPLICATION_KEY] = application
            return self._application(environ, start_response)
        start_response(answer.status, answer.headers.copy())
        return answer.body

    def look_aside(self, aside: BackgroundLookup) -> None:
        """Have it seen whether the store answers those who wait for it, without waiting."""
        if self._document_cache.is_remote:
            self._document_cache.look_aside(aside)

    def peek(self, head: Head, aside: BackgroundLookup) -> Reply | None:
        """Answer at once, or not at all: for a caller that has other clients to serve meanwhile.

        It neither asks the store nor compresses, and reads no long list.

        Args:
            head: Of the request.
            aside: Threads that do what is due.

        Returns:
            None when this is to be asked again as an application, from a thread that may wait.
        """
        application = self._current.application
        question = self._map_of(application).understand(head)
        if question is None:
            return None
        address = question.address
        copy = self._document_cache.peek(
            application.newsstand, address.feed.slug, address.format, aside
        )
        if copy is None or copy.is_dated_ahead():
            return None
        answer = copy.answers.get(question)
        if answer is None and question.is_usual:
            try:
                answer = self._decide(copy, question, copy.forms.peek)
            except NotCached:
                return None
        return self._finish(copy, question, answer)

    def _answer(self, environ: Environ, application: Application) -> Reply | None:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        question = self._map_of(application).find(environ)
        copy = None if question is None else self._fetch(application.newsstand, question.address)
        if question is None or copy is None or copy.is_dated_ahead():
            return None
        answer = copy.answers.get(question) or self._decide(copy, question, copy.forms.get)
        return self._finish(copy, question, answer)

    def _finish(
        self, copy: CachedDocument, question: RequestKey, answer: Reply | None
    ) -> Reply | None:
        if answer is None or _may_be_less(question, answer):
            return None
        age_s = self._document_cache.age_s(copy) if self._document_cache.is_away else None
        return answer if age_s is None else aged(answer, age_s)

    def _map_of(self, application: Application) -> UrlMap:
        found = self._map
        if found.application is not application:
            found = self._map = _draw(application)
        return found

    def _fetch(self, newsstand: Newsstand, address: MappedAddress) -> CachedDocument | None:
        try:
            return self._document_cache.fetch(newsstand, address.feed.slug, address.format)
        except FeedsError:
            # The application will meet it again, and it has words for it.
            return None

    def _decide(self, copy: CachedDocument, question: RequestKey, form: Form) -> Reply | None:
        address = question.address
        described = represent(
            copy, address.feed, is_chosen=address.is_chosen, is_raw=address.is_raw
        )
        held = replace(described, length=lambda coding: len(form(coding)))
        decision = decide(question.asked, held)
        if decision.status not in _OWN:
            return None
        answer = reply(decision, form)
        # A part is a copy of its bytes, and there are as many parts as one may ask for.
        if question.is_usual and question.asked.range is None:
            self._document_cache.remember(copy, question, answer)
        return answer


def _leads_to_page(address: MappedAddress, environ: Environ) -> bool:
    mode = cast(str | None, environ.get("HTTP_SEC_FETCH_MODE"))
    if mode is None or address.is_chosen:
        return False
    return leads_to_page(address.feed, mode, is_raw=address.is_raw)


def _may_be_less(question: RequestKey, answer: Reply) -> bool:
    """True when the application may give a part of the document where this is the whole."""
    return question.may_get_part and answer.is_whole


def _draw(application: Application) -> UrlMap:
    places: dict[str, _Place] = {}
    raw: dict[str, MappedAddress] = {}
    for feed in application.catalogue.feeds.values():
        if feed.ending is not None:
            continue
        path = _as_wsgi(f"/feeds/{feed.slug}")
        places[path] = {each: MappedAddress(feed, each, is_chosen=True) for each in Format}
        for each in Format:
            places[f"{path}.{each}"] = MappedAddress(feed, each, is_chosen=False)
            if feed.opens_as_page:
                raw[f"{path}.{each}"] = MappedAddress(feed, each, is_chosen=False, is_raw=True)
    return UrlMap(application, places, raw)


def _as_wsgi(path: str) -> str:
    """Write a path as PEP 3333 has it: each byte of its UTF-8 as one character."""
    return path.encode().decode("latin-1")
