"""A layer before the application: documents that pollers ask for all day, from memory.

Nine requests in ten are for a document that has not changed. They are answered here, by the very
rules and descriptions that the application's own route uses, before Flask has made its request
object. All else goes on to the application: pages and the way there for browsers, problems, other
methods, feeds that have no edition yet, and feeds that end at a set time. What those answer depends
on the clock, and an answer that is remembered here does not.

While the store does not answer, documents at hand are served all the same, with their age.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol, cast

from feeds.categories import Catalogue
from feeds.errors import FeedsError
from feeds.model.feed import Feed, Format
from feeds.newsstand import Newsstand
from service.http_rules import Coding, asked_of, decide, wants_raw
from service.web.desk import WebState
from service.web.documents import choose_format, leads_to_page, represent
from service.web.forms import NotMadeYet
from service.web.heads import Head, question_of, size_of
from service.web.replies import Reply, aged, reply
from service.web.shelf import Aside, Copy, Shelf

Environ = dict[str, Any]
Form = Callable[[Coding], bytes]
Application = Callable[..., Iterable[bytes]]

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
class Address:
    """A document's address. Compared by identity: each reload makes new ones."""

    feed: Feed
    format: Format
    is_chosen: bool  #: without a suffix, by ``Accept``
    is_raw: bool = False  #: with ``?raw``


class Question:
    """What is asked for, and how. Two that get the same answer are equal, at little cost."""

    __slots__ = ("_hash", "address", "asked", "is_usual", "may_get_part")

    def __init__(self, address: Address, environ: Environ) -> None:
        self.address = address
        self.asked = asked_of(environ)
        #: True when the application may give a part of the document where this is the whole.
        self.may_get_part = address.feed.deltas is not None and "HTTP_A_IM" in environ
        self.is_usual = sum(len(each or "") for each in self.asked) <= MAX_REMEMBERED_CHARS
        self._hash = hash((address, self.asked))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Question)
            and self.address is other.address
            and self.asked == other.asked
        )


#: A document's address, or what is to be chosen from by ``Accept``.
_Place = Address | dict[Format, Address]


@dataclass(frozen=True, slots=True)
class Map:
    """All addresses of documents, for one catalogue."""

    catalogue: Catalogue
    places: Mapping[str, _Place]  #: by path
    raw: Mapping[str, Address]  #: likewise, with ``?raw``; those where that makes a difference
    heads: dict[Head, Question] = field(default_factory=dict)  #: that were understood

    def understand(self, head: Head) -> Question | None:
        """Say what the head of a request asks for; None when it is not a document."""
        question = self.heads.get(head)
        if question is None:
            environ = question_of(head)
            question = None if environ is None else self.find(environ)
            if question is not None and size_of(head) <= MAX_REMEMBERED_CHARS:
                # As on the shelf: those that are asked for come again at once.
                if len(self.heads) >= MAX_HEADS:
                    self.heads.clear()
                self.heads[head] = question
        return question

    def find(self, environ: Environ) -> Question | None:
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
        return Question(place, environ)


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
        if answer is None and self._shelf.is_unreachable:
            self._shelf.look()  # whatever is asked for: somebody has to find out
        if answer is None:
            return self._application(environ, start_response)
        start_response(answer.status, answer.headers.copy())
        return answer.body

    def look_aside(self, aside: Aside) -> None:
        """Have it seen whether the store answers those who wait for it, without waiting."""
        if self._shelf.is_remote:
            self._shelf.look_aside(aside)

    def at_hand(self, head: Head, aside: Aside) -> Reply | None:
        """Answer at once, or not at all: for a caller that has other clients to serve meanwhile.

        It neither asks the store nor compresses, and reads no long list.

        Args:
            head: Of the request.
            aside: Threads that do what is due.

        Returns:
            None when this is to be asked again as an application, from a thread that may wait.
        """
        question = self._current_map().understand(head)
        if question is None:
            return None
        address = question.address
        copy = self._shelf.at_hand(self._state.newsstand, address.feed.slug, address.format, aside)
        if copy is None or copy.is_dated_ahead():
            return None
        answer = copy.answers.get(question)
        if answer is None and question.is_usual:
            try:
                answer = self._decide(copy, question, copy.forms.at_hand)
            except NotMadeYet:
                return None
        return self._finish(copy, question, answer)

    def _answer(self, environ: Environ) -> Reply | None:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        question = self._current_map().find(environ)
        copy = None if question is None else self._fetch(self._state.newsstand, question.address)
        if question is None or copy is None or copy.is_dated_ahead():
            return None
        answer = copy.answers.get(question) or self._decide(copy, question, copy.forms.get)
        return self._finish(copy, question, answer)

    def _finish(self, copy: Copy, question: Question, answer: Reply | None) -> Reply | None:
        if answer is None or _may_be_less(question, answer):
            return None
        age_s = self._shelf.age_s(copy) if self._shelf.is_away else None
        return answer if age_s is None else aged(answer, age_s)

    def _current_map(self) -> Map:
        drawn = self._map
        if drawn.catalogue is not self._state.catalogue:
            drawn = self._map = _draw(self._state.catalogue)
        return drawn

    def _fetch(self, newsstand: Newsstand, address: Address) -> Copy | None:
        try:
            return self._shelf.fetch(newsstand, address.feed.slug, address.format)
        except FeedsError:
            # The application will meet it again, and it has words for it.
            return None

    def _decide(self, copy: Copy, question: Question, form: Form) -> Reply | None:
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
            self._shelf.remember(copy, question, answer)
        return answer


def _leads_to_page(address: Address, environ: Environ) -> bool:
    mode = cast(str | None, environ.get("HTTP_SEC_FETCH_MODE"))
    if mode is None or address.is_chosen:
        return False
    return leads_to_page(address.feed, mode, is_raw=address.is_raw)


def _may_be_less(question: Question, answer: Reply) -> bool:
    """True when the application may give a part of the document where this is the whole."""
    return question.may_get_part and answer.is_whole


def _draw(catalogue: Catalogue) -> Map:
    places: dict[str, _Place] = {}
    raw: dict[str, Address] = {}
    for feed in catalogue.feeds.values():
        if feed.ending is not None:
            continue
        path = _as_wsgi(f"/feeds/{feed.slug}")
        places[path] = {each: Address(feed, each, is_chosen=True) for each in Format}
        for each in Format:
            places[f"{path}.{each}"] = Address(feed, each, is_chosen=False)
            if feed.opens_as_page:
                raw[f"{path}.{each}"] = Address(feed, each, is_chosen=False, is_raw=True)
    return Map(catalogue, places, raw)


def _as_wsgi(path: str) -> str:
    """Write a path as PEP 3333 has it: each byte of its UTF-8 as one character."""
    return path.encode().decode("latin-1")
