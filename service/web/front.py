"""A layer before the application: documents that pollers ask for all day, from memory.

Nine requests in ten are for a document that has not changed. They are answered here, by the very
rules and descriptions that the application's own route uses, before Flask has made its request
object. All else goes on to the application: pages, problems, other methods, feeds that have no
edition yet, a store that cannot be reached, and feeds that end at a set time. What those answer
depends on the clock, and an answer that is remembered here does not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol, cast

from feeds.categories import Catalogue
from feeds.errors import FeedsError
from feeds.model.feed import Feed, Format
from feeds.newsstand import Newsstand
from service.http_rules import Asked, Coding, asked_of, decide
from service.web.desk import WebState
from service.web.documents import choose_format, represent
from service.web.forms import NotMadeYet
from service.web.replies import Reply, reply
from service.web.shelf import Aside, Copy, Shelf

Environ = dict[str, Any]
Form = Callable[[Coding], bytes]
Application = Callable[..., Iterable[bytes]]

#: What an honest poller sends in the fields that decide. Who sends more is answered all the same,
#: but not remembered.
MAX_REMEMBERED_CHARS = 512

#: The answers that a representation gives; the others are problems, which the application tells.
_OWN = frozenset({200, 206, 304})

_choose_format = lru_cache(maxsize=512)(choose_format)


class StartResponse(Protocol):
    """What a server gives, to be called once with status and headers (PEP 3333)."""

    def __call__(self, status: str, headers: list[tuple[str, str]], /) -> object:
        """Begin the answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Address:
    """A document's address. Compared by identity: each reload makes new ones."""

    feed: Feed
    format: Format
    is_chosen: bool  #: without a suffix, by ``Accept``


#: A document's address, or what is to be chosen from by ``Accept``.
_Place = Address | dict[Format, Address]


@dataclass(frozen=True, slots=True)
class Map:
    """All addresses of documents, for one catalogue."""

    catalogue: Catalogue
    places: Mapping[str, _Place]  #: by path


class Front:
    """The layer, itself a WSGI application. Safe to call from many threads."""

    def __init__(self, application: Application, *, state: WebState, shelf: Shelf) -> None:
        """Put a layer before *application*.

        Args:
            application: Gets each request that is not answered here.
            state: The current newsroom, which a reload swaps.
            shelf: Where documents are at hand, with a watch, or each costs a query.
        """
        self._application = application
        self._state = state
        self._shelf = shelf
        self._map = _draw(state.catalogue)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or let the application answer."""
        answer = self._answer(environ)
        if answer is None:
            return self._application(environ, start_response)
        start_response(answer.status, answer.headers.copy())
        return answer.body

    def at_hand(self, environ: Environ, aside: Aside) -> Reply | None:
        """Answer at once, or not at all: for a caller that has other clients to serve meanwhile.

        It neither asks the store nor compresses, and reads no long list.

        Args:
            environ: The method, the path, and those of the fields that are looked at here.
            aside: Threads that do what is due.

        Returns:
            None when this is to be asked again as an application, from a thread that may wait.
        """
        address = self._find(environ)
        if address is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        copy = self._shelf.at_hand(self._state.newsstand, address.feed.slug, address.format, aside)
        if copy is None:
            return None
        asked = asked_of(environ)
        answer = copy.answers.get((address, asked))
        if answer is None and _is_usual(asked):
            try:
                answer = self._decide(copy, address, asked, copy.forms.at_hand)
            except NotMadeYet:
                return None
        return None if _may_be_less(address, environ, answer) else answer

    def _answer(self, environ: Environ) -> Reply | None:
        address = self._find(environ)
        if address is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        copy = self._fetch(self._state.newsstand, address)
        if copy is None:
            return None
        asked = asked_of(environ)
        known = copy.answers.get((address, asked))
        answer = known or self._decide(copy, address, asked, copy.forms.get)
        return None if _may_be_less(address, environ, answer) else answer

    def _find(self, environ: Environ) -> Address | None:
        drawn = self._map
        if drawn.catalogue is not self._state.catalogue:
            drawn = self._map = _draw(self._state.catalogue)
        place = drawn.places.get(environ["PATH_INFO"])
        if not isinstance(place, dict):
            return place
        accept = cast(str | None, environ.get("HTTP_ACCEPT"))
        is_usual = accept is None or len(accept) <= MAX_REMEMBERED_CHARS
        chosen = (_choose_format if is_usual else choose_format)(accept)
        return None if chosen is None else place[chosen]

    def _fetch(self, newsstand: Newsstand, address: Address) -> Copy | None:
        try:
            return self._shelf.fetch(newsstand, address.feed.slug, address.format)
        except FeedsError:
            # The application will meet it again, and it has words for it.
            return None

    def _decide(self, copy: Copy, address: Address, asked: Asked, form: Form) -> Reply | None:
        described = represent(copy, address.feed, is_chosen=address.is_chosen)
        decision = decide(asked, replace(described, length=lambda coding: len(form(coding))))
        if decision.status not in _OWN:
            return None
        answer = reply(decision, form)
        # A part is a copy of its bytes, and there are as many parts as one may ask for.
        if asked.range is None and _is_usual(asked):
            self._shelf.remember(copy, (address, asked), answer)
        return answer


def _may_be_less(address: Address, environ: Environ, answer: Reply | None) -> bool:
    """True when the application may give a part of the document where this is the whole."""
    if address.feed.deltas is None or "HTTP_A_IM" not in environ:
        return False
    return answer is not None and answer.is_whole


def _is_usual(asked: Asked) -> bool:
    return sum(len(field or "") for field in asked) <= MAX_REMEMBERED_CHARS


def _draw(catalogue: Catalogue) -> Map:
    places: dict[str, _Place] = {}
    for feed in catalogue.feeds.values():
        if feed.ending is not None:
            continue
        path = _as_wsgi(f"/feeds/{feed.slug}")
        places[path] = {each: Address(feed, each, is_chosen=True) for each in Format}
        for each in Format:
            places[f"{path}.{each}"] = Address(feed, each, is_chosen=False)
    return Map(catalogue, places)


def _as_wsgi(path: str) -> str:
    """Write a path as PEP 3333 has it: each byte of its UTF-8 as one character."""
    return path.encode().decode("latin-1")
