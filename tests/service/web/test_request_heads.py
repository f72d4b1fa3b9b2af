"""What a request asks for, read from its head as it came: once for all readers that ask alike."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from feeds.categories import Catalogue
from feeds.store.changes import Changes
from service.web import ChangeDetector, DocumentCache, create_app
from service.web.cache_middleware import (
    IGNORED_HEADERS,
    MAX_HEADS,
    MAX_REMEMBERED_CHARS,
    CacheMiddleware,
    Head,
    HeaderLine,
    KnownRequest,
    request_key,
)
from tests.service.web.offices import CATALOGUE, SITE
from tests.support.newsrooms import Office, later

ATOM, LESSONS = b"/feeds/all.atom", b"/feeds/lessons.atom"


class AtOnce:
    """Does what is due in the same thread."""

    def check_store(self, work: Callable[[], None]) -> None:
        """Have a look."""
        work()

    def fetch(self, work: Callable[[], None]) -> None:
        """Fetch a document."""
        work()


def head(*lines: HeaderLine, method: bytes = b"GET", target: bytes = ATOM) -> Head:
    """A head as the wire hands it on."""
    return method, target, lines


def test_what_decides_is_read_in_whatever_case() -> None:
    asked = request_key(head((b"ACCEPT-encoding", b"gzip"), (b"if-none-match", b'"x"')))
    assert asked == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/feeds/all.atom",
        "QUERY_STRING": "",
        "HTTP_ACCEPT_ENCODING": "gzip",
        "HTTP_IF_NONE_MATCH": '"x"',
    }


def test_a_path_is_unquoted_and_a_query_is_left_aside() -> None:
    asked = request_key(head(target=b"/feeds/d%C3%A9j%c3%a0.atom?utm_source=x%2F"))
    assert asked is not None
    assert asked["PATH_INFO"] == "/feeds/déjà.atom".encode().decode("latin-1")


@pytest.mark.parametrize(
    "more",
    [
        head((b"Content-Length", b"0")),
        head((b"transfer-encoding", b"chunked")),
        head((b"UPGRADE", b"h2c")),
        head((b"Expect", b"100-continue")),
        head((b"If-None-Match", b'"a"'), (b"if-none-match", b'"b"')),
        head(method=b"POST"),
        head(method=b"OPTIONS"),
    ],
    ids=lambda each: f"{each[0].decode()} {each[2]}",
)
def test_more_than_a_question_goes_the_long_way(more: Head) -> None:
    assert request_key(more) is None


def test_what_is_left_out_decides_nothing() -> None:
    """`IGNORED_HEADERS` is taken out before heads are compared: it must be what nobody looks at."""
    assert request_key(head(*((name, b"x") for name in IGNORED_HEADERS))) == request_key(head())


@pytest.fixture
def front(empty_office: Office, closing: ExitStack) -> CacheMiddleware:
    """The layer over a newsroom, with its documents at hand."""
    empty_office.publish(now=later(minutes=1))
    changes = Changes(empty_office.database, of_documents=True)
    closing.callback(changes.close)
    document_cache = DocumentCache(detector=ChangeDetector(changes, clock=lambda: 0.0))
    opened = CacheMiddleware(
        create_app(empty_office.current, document_cache),
        current=empty_office.current,
        document_cache=document_cache,
    )
    for path in (ATOM, LESSONS):
        opened({"REQUEST_METHOD": "GET", "PATH_INFO": path.decode()}, lambda *_: None)
    return opened


def test_heads_that_ask_alike_share_an_answer(front: CacheMiddleware) -> None:
    first = front.peek(KnownRequest(head((b"Accept-Encoding", b"gzip"))), AtOnce())
    other = front.peek(KnownRequest(head((b"accept-encoding", b"gzip"), (b"DNT", b"1"))), AtOnce())
    assert first is not None
    assert first is other
    assert (
        front.peek(KnownRequest(head((b"Accept-Encoding", b"gzip"), method=b"HEAD")), AtOnce())
        is not first
    )


def test_a_head_that_is_known_is_understood_anew_after_a_reload(
    front: CacheMiddleware, empty_office: Office
) -> None:
    """What it asks for may have ended meanwhile."""
    lessons = KnownRequest(head((b"Accept-Encoding", b"gzip"), target=LESSONS))
    assert front.peek(lessons, AtOnce()) is not None
    kept = [feed for feed in CATALOGUE.feeds.values() if feed.slug != "lessons"]
    empty_office.change(catalogue=Catalogue(SITE, list(CATALOGUE.categories.values()), kept))
    assert front.peek(lessons, AtOnce()) is None
    assert front.peek(KnownRequest(lessons.head), AtOnce()) is None


def test_a_connection_keeps_answers_but_no_bodies(front: CacheMiddleware) -> None:
    """Bodies belong to the memory of documents, which is bounded."""
    first = front.peek(KnownRequest(head()), AtOnce())
    assert first is not None
    [etag] = [value for name, value in first.headers if name == "ETag"]
    request = KnownRequest(head((b"If-None-Match", etag.encode())))
    for _ in range(2):
        answer = front.peek(request, AtOnce())
        assert answer is not None
        assert answer.status.startswith("304")
    assert request.reply is answer
    whole = KnownRequest(head())
    assert front.peek(whole, AtOnce()) is first
    assert whole.reply is None


def test_no_client_fills_the_memory_for_heads(front: CacheMiddleware) -> None:
    gzip = (b"Accept-Encoding", b"gzip")
    remembered = front._map.heads
    for number in range(MAX_HEADS + 10):
        assert (
            front.peek(KnownRequest(head(gzip, (b"X-Number", b"%d" % number))), AtOnce())
            is not None
        )
        assert len(remembered) <= MAX_HEADS
    known = len(remembered)
    long = head(gzip, (b"Cookie", b"x" * MAX_REMEMBERED_CHARS))
    assert front.peek(KnownRequest(long), AtOnce()) is not None
    assert len(remembered) == known
