"""A connection, as a client sees it: one answer to each request, in order, and limits.

Over real sockets, to the server in a thread. RFC 9112 is HTTP/1.1.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime

import pytest

from feeds.model.feed import Format
from feeds.store.changes import Changes
from service.processes import http_server
from service.processes.http_server import MAX_HEAD_BYTES
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from service.web.request_bodies import MAX_BODY_BYTES
from tests.service.web.offices import open_office
from tests.support.newsrooms import Office, draft, later
from tests.support.running_service import wait_for_end, wait_until
from tests.support.wire_server import make_server, port_of, running

ATOM = "/feeds/all.atom"


class Running:
    """A newsroom that is served, and how often its application was asked."""

    thread: threading.Thread

    def __init__(self, office: Office) -> None:
        self.office = office
        self.changes = Changes(office.database)
        document_cache = DocumentCache(detector=ChangeDetector(self.changes, clock=time.monotonic))
        self.through: list[str] = []
        application = create_app(office.current, document_cache)

        def counted(environ, start_response):  # type: ignore[no-untyped-def]
            self.through.append(environ["PATH_INFO"])
            return application(environ, start_response)

        front = CacheMiddleware(counted, current=office.current, document_cache=document_cache)
        self.server = make_server(front)

    @property
    def port(self) -> int:
        """Where it listens."""
        return port_of(self.server)

    def connect(self) -> socket.socket:
        """A client's end of a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, request: str) -> bytes:
        """All that comes until the connection is closed."""
        with self.connect() as client:
            client.sendall(request.encode("latin-1"))
            return _rest(client)


@contextmanager
def serving(office: Office) -> Iterator[Running]:
    """A server over *office*, with its documents in memory."""
    served = Running(office)
    with running(served.server) as served.thread:
        for _ in range(2):
            served.ask(get(ATOM, "Connection: close"))
        yield served
    served.changes.close()


@pytest.fixture
def served(tmp_path) -> Iterator[Running]:  # type: ignore[no-untyped-def]
    """A newsroom with an edition, served."""
    office = open_office(tmp_path)
    office.add(draft())
    office.publish(now=later(minutes=1))
    with serving(office) as served:
        yield served
    office.database.close()


def get(path: str, *lines: str, method: str = "GET", version: str = "1.1") -> str:
    """A request's head."""
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: localhost", *lines, "", ""])


def _rest(client: socket.socket) -> bytes:
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def statuses(received: bytes) -> list[int]:
    """The statuses of all answers, in order."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def field(received: bytes, name: str) -> str:
    """What a field says in the first answer."""
    found = re.search(rf"^{name}: (.*?)\r$".encode(), received, re.IGNORECASE | re.MULTILINE)
    assert found is not None, received[:1000]
    return found[1].decode()


def test_pipelined_requests_are_answered_in_their_order(served: Running) -> None:
    """RFC 9112 9.3.2, whichever way each of them goes."""
    etag = field(served.ask(get(ATOM, "Connection: close")), "ETag")
    requests = [
        get(ATOM, f"If-None-Match: {etag}"),
        get("/none"),
        get(ATOM, method="HEAD"),
        get(ATOM, f"If-None-Match: {etag}"),
        get("/livez"),
        get(ATOM, f"If-None-Match: {etag}", "Connection: close"),
        get(ATOM),
    ]
    assert statuses(served.ask("".join(requests))) == [304, 404, 200, 304, 200, 304]


def test_a_request_may_come_byte_by_byte(served: Running) -> None:
    with served.connect() as client:
        for letter in get(ATOM, "Accept-Encoding: gzip", "Connection: close"):
            client.sendall(letter.encode())
        received = _rest(client)
    assert statuses(received) == [200]
    assert field(received, "Content-Encoding") == "gzip"


def test_http_1_0_is_answered_and_closed(served: Running) -> None:
    """RFC 9112 9.3."""
    received = served.ask(get(ATOM, "Connection: keep-alive", version="1.0"))
    assert statuses(received) == [200]
    assert field(received, "Connection") == "close"


def test_every_answer_has_a_date_not_earlier_than_its_last_modified(served: Running) -> None:
    """RFC 9110 6.6.1 and 8.8.2.1."""
    for path in (ATOM, "/", "/none"):
        received = served.ask(get(path, "Connection: close"))
        assert abs(parsedate_to_datetime(field(received, "Date")).timestamp() - time.time()) < 5


def test_lines_of_one_field_are_one_list(served: Running) -> None:
    """RFC 9110 5.2."""
    etag = field(served.ask(get(ATOM, "Connection: close")), "ETag")
    lines = ('If-None-Match: "x"', f"If-None-Match: {etag}", "Connection: close")
    assert statuses(served.ask(get(ATOM, *lines))) == [304]


def test_a_get_with_a_body_leaves_the_connection_in_step(served: Running) -> None:
    with_body = get(ATOM, "Content-Length: 4") + "GET "
    chunked = get(ATOM, "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
    received = served.ask(with_body + chunked + get("/none", "Connection: close"))
    assert statuses(received) == [200, 200, 404]


#: What a client may send, in pieces, and the statuses of the answers. ``{same}`` is one request for
#: a document that memory answers: its bytes are known after the first time.
PIECES = {
    "once": (["{same}"], [304]),
    "two at once": (["{same}{same}"], [304, 304]),
    "in halves": (["{first half}", "{second half}"], [304]),
    "after an empty line": (["\r\n{same}"], [304]),
    "an empty line, and then": (["\r\n", "{same}"], [304]),
    "with the beginning of another": (["{same}{first half}", "{second half}"], [304, 304]),
    "as the body of another": (["{for a body}", "{same}"], [404]),
    "and the rest of a body": (["{for a body}{first half}", "{second half}{same}"], [404, 304]),
    "as a chunk": (["{for chunks}", "{same}", "\r\n0\r\n\r\n"], [404]),
    "another": (["{another}"], [404]),
    "another ahead": (["{another}{same}"], [404, 304]),
    "another behind": (["{same}{another}"], [304, 404]),
}


@pytest.mark.parametrize("then", PIECES)
def test_bytes_that_are_known_are_a_request_only_where_one_begins(
    served: Running, then: str
) -> None:
    etag = field(served.ask(get(ATOM, "Connection: close")), "ETag")
    same = get(ATOM, f"If-None-Match: {etag}", "Connection: keep-alive")
    texts = {
        "same": same,
        "first half": same[:50],
        "second half": same[50:],
        "another": get("/none"),
        "for a body": get("/none", f"Content-Length: {len(same)}"),
        "for chunks": get("/none", "Transfer-Encoding: chunked") + f"{len(same):x}\r\n",
    }
    with served.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for kind in ("once", "once", then, "once", "once"):
            pieces, expected = PIECES[kind]
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(0.01)  # or both may be read at once
                client.sendall(piece.format_map(texts).encode())
            received = b""
            while len(found := statuses(received)) < len(expected):
                received += client.recv(65536)
            assert found == expected
        client.sendall(get(ATOM, "Connection: close", method="HEAD").encode())
        assert statuses(_rest(client)) == [200]


def test_an_edition_that_comes_out_answers_the_same_bytes_anew(served: Running) -> None:
    tag = field(served.ask(get(ATOM, "Connection: close")), "ETag")
    request = get(ATOM, f"If-None-Match: {tag}", method="HEAD").encode()
    with served.connect() as client:
        for _ in range(3):
            client.sendall(request)
            assert statuses(client.recv(65536)) == [304]
        served.office.add(draft("id:2", title="Another"), now=later(minutes=2))
        served.office.publish(now=later(minutes=2))
        stored = time.monotonic()
        while True:
            client.sendall(request)
            received = client.recv(65536)
            if statuses(received) == [200]:
                break
            assert time.monotonic() - stored < 0.25
    assert field(received, "ETag") != tag


def test_what_is_at_hand_does_not_reach_the_application(served: Running) -> None:
    """And an edition that comes out is fetched aside: nobody waits, and soon all see it."""
    before = field(served.ask(get(ATOM, "Connection: close")), "ETag")
    served.through.clear()
    served.office.add(draft("id:2", title="Another"), now=later(minutes=2))
    served.office.publish(now=later(minutes=2))
    stored = time.monotonic()
    with served.connect() as client:
        while True:
            client.sendall(get(ATOM, method="HEAD").encode())
            received = client.recv(65536)
            if field(received, "ETag") != before:
                break
            assert time.monotonic() - stored < 0.25
    document = served.office.newsstand.document("all", Format.ATOM)
    assert document is not None
    assert field(received, "ETag") == f'"{document.digest}"'
    assert served.through == []


def test_a_head_that_never_ends_is_cut(served: Running) -> None:
    with served.connect() as client:
        received = b""
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for number in range(MAX_HEAD_BYTES // 50):
                client.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())
        except OSError:
            pass
        try:
            received = _rest(client)
        except ConnectionResetError:
            return
    assert statuses(received) in ([431], [])


def test_a_body_that_is_too_large_is_refused(served: Running) -> None:
    """By the application, which is asked first: some addresses take files of any size."""
    with served.connect() as client:
        client.sendall(get("/", f"Content-Length: {MAX_BODY_BYTES + 1}", method="POST").encode())
        try:
            for _ in range(MAX_BODY_BYTES // 65536):
                client.sendall(b"x" * 65536)
            client.sendall(b"x")
        except OSError:
            pass
        with suppress(ConnectionResetError):
            assert statuses(_rest(client)) == [405]
    assert statuses(served.ask(get("/livez", "Connection: close"))) == [200]


@pytest.mark.parametrize(
    "request_", ["nonsense\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "GET /\xff HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_is_a_400(served: Running, request_: str) -> None:
    assert statuses(served.ask(request_)) == [400]


@pytest.mark.parametrize("begun", ["", "GET / HT", "GET / HTTP/1.1\r\nX-A: b\r\n"])
def test_a_head_that_does_not_come_is_not_waited_for(
    served: Running, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(http_server, "HEAD_WITHIN_S", 0.2)
    assert statuses(served.ask(begun)) == [408]


def test_silence_ends_a_connection(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two requests, in a body, and while an answer waits to be taken."""
    monkeypatch.setattr(http_server, "CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(http_server, "IDLE_TIMEOUT_S", 0.3)
    assert statuses(served.ask(get(ATOM))) == [200]
    with served.connect() as client:
        client.sendall(get("/", "Content-Length: 10", method="POST").encode() + b"x")
        with suppress(ConnectionResetError):
            assert _rest(client) == b""
    with served.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(1)
        with suppress(OSError):
            while True:
                client.sendall(get(ATOM).encode() * 100)
    wait_until(lambda: not served.server.connections)


def test_a_stop_waits_for_a_request_that_is_on_its_way(served: Running) -> None:
    with served.connect() as idle, served.connect() as client:
        client.sendall(b"GET /feeds/all.atom HT")
        wait_until(lambda: served.server.connections == 2)
        served.server.stop()
        time.sleep(0.3)
        client.sendall(b"TP/1.1\r\nHost: localhost\r\n\r\n")
        received = _rest(client)
        assert statuses(received) == [200]
        assert field(received, "Connection") == "close"
        assert _rest(idle) == b""
    wait_for_end(served.thread)


#: What follows the request line, and whether HTTP/1.1 and HTTP/1.0 have it so.
HOSTS = {
    "none": ([], 400, 200),
    "one": (["Host: localhost"], 200, 200),
    "one, in capitals": (["HOST:localhost:80 "], 200, 200),
    "an address": (["Host: [::1]:8000"], 200, 200),
    "empty": (["Host:"], 200, 200),
    "two": (["Host: localhost", "Host: localhost"], 400, 400),
    "two, spelled apart": (["Host: localhost", "hOsT: other"], 400, 400),
    "two, apart": (["Host: localhost", "Accept: */*", "host: localhost"], 400, 400),
    "malformed": (["Host: a b"], 400, 400),
    "a path": (["Host: localhost/feeds"], 400, 400),
    "a user": (["Host: me@localhost"], 400, 400),
    "a port that is none": (["Host: localhost:http"], 400, 400),
    "an address never closed": (["Host: [::1"], 400, 400),
}
LENGTH, CHUNKED = "Content-Length: 0", "Transfer-Encoding: chunked"


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("path", [ATOM, "/", "/none", f"http://localhost{ATOM}"])
def test_a_request_is_for_one_host(served: Running, name: str, path: str) -> None:
    """RFC 9112 3.2, whichever way the request goes; 3.2.2: in the absolute form, too."""
    lines, *expected = HOSTS[name]
    for version, wanted in zip(("1.1", "1.0"), expected, strict=True):
        head = "\r\n".join([f"GET {path} HTTP/{version}", *lines, "Connection: close", "", ""])
        received = served.ask(head)
        status = 404 if wanted == 200 and path == "/none" else wanted
        assert statuses(received) == [status], received[:500]
        if status == 400:
            assert field(received, "Connection") == "close"


def test_what_follows_a_request_for_two_hosts_is_not_answered(served: Running) -> None:
    """RFC 9112 11.2; and what came before it is answered first, in its turn."""
    twice = get(ATOM, "Host: localhost")
    assert statuses(served.ask(get("/") + get(ATOM) + twice + get(ATOM) * 3)) == [200, 200, 400]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([LENGTH, "Content-Length: 5"], id="two lengths"),
        pytest.param(["Content-Length: 0, 5"], id="two lengths in a line"),
        pytest.param(["Content-Length: +1"], id="no length"),
        pytest.param([LENGTH, CHUNKED], id="a length and chunks"),
        pytest.param(["Transfer-Encoding: chunked, identity"], id="chunked, and then something"),
        pytest.param(["Transfer-Encoding : chunked"], id="a space before the colon"),
        pytest.param(["X: a", " b"], id="a folded line"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_of_unclear_length_is_refused(
    served: Running, method: str, lines: list[str]
) -> None:
    """RFC 9112 6.3 and 5.2: what two servers could read as two requests is none."""
    assert statuses(served.ask(get(ATOM, *lines, method=method) + get(ATOM))) == [400]
