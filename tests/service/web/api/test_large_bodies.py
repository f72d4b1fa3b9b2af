"""Bodies that are on their way: asked for first, bounded together, and not for ever."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from feeds.model.token import Action
from service.web import request_bodies
from service.web.request_bodies import MAX_BODY_BYTES, MAX_UNASKED_BYTES
from tests.service.web.api.pressroom import RECORD, ROOT, Pressroom
from tests.support.running_service import wait_until

LARGE = MAX_UNASKED_BYTES + 1
CHUNKED = "Transfer-Encoding: chunked"
PUT = f"PUT {ROOT}/releases/2026-17"


@contextmanager
def sending(room: Pressroom, line: str, *fields: str, token: str = "") -> Iterator[socket.socket]:
    """A client that has sent the head of a request, and may send its body."""
    credentials = f"Authorization: Bearer {token}" if token else "X: y"
    head = [f"{line} HTTP/1.1", "Host: localhost", credentials, *fields, "", ""]
    with socket.create_connection(("127.0.0.1", room.port), timeout=10) as client:
        client.sendall("\r\n".join(head).encode())
        yield client


def answer_to(client: socket.socket) -> bytes:
    """All that is said until the connection is closed."""
    said = b""
    while piece := client.recv(65_536):
        said += piece
    return said


def status_of(client: socket.socket) -> int:
    """Of the answer that comes first."""
    return int(client.recv(65_536).split()[1])


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def is_taken(room: Pressroom) -> bool:
    """Whether there is room for a large body."""
    return room.ask("PUT", "/releases/large", body=long_record(LARGE)).status in {200, 201}


def long_record(size: int, **changes: Any) -> bytes:
    """A release of so many bytes."""
    written = json.dumps({**RECORD, **changes}).encode()
    return written + b" " * (size - len(written))


#: What a request with a large body is answered that nobody wants.
UNWANTED = {
    "POST /": 405,
    "GET /": 200,
    "POST /hub": 404,  # there is none in this newsroom
    "POST /none": 404,
    PUT: 401,
    f"POST {ROOT}/releases": 401,
}


@pytest.mark.parametrize("length", [f"Content-Length: {MAX_BODY_BYTES}", CHUNKED])
def test_a_body_that_nobody_wants_is_not_waited_for(room: Pressroom, length: str) -> None:
    """And the answer arrives though the client goes on to send."""
    piece = b"x" * LARGE
    if length == CHUNKED:
        piece = _chunk(piece)
    for line, status in UNWANTED.items():
        with sending(room, line, length) as client:
            client.sendall(piece)
            assert status_of(client) == status, line
            for _ in range(20):
                client.sendall(piece)


def test_who_may_not_write_is_told_before_the_body(room: Pressroom) -> None:
    reader = room.make_token("reader", Action.READ)
    with sending(room, PUT, f"Content-Length: {LARGE}", token=reader) as client:
        assert status_of(client) == 403
    room.api = room.api.model_copy(update={"max_body_bytes": 70_000})
    with sending(room, PUT, "Content-Length: 70001", token=room.token) as client:
        assert status_of(client) == 413


def test_who_asks_before_sending_is_answered_first(room: Pressroom) -> None:
    """RFC 9110 10.1.1."""
    field = (f"Content-Length: {LARGE}", "Expect: 100-continue")
    with sending(room, PUT, *field) as client:
        said = answer_to(client)
        assert said.startswith(b"HTTP/1.1 401 ")
        assert b"connection: close" in said
    with sending(room, PUT, *field, "Content-Type: application/json", token=room.token) as client:
        assert status_of(client) == 100
        client.sendall(long_record(LARGE))
        assert status_of(client) == 201


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_large_body_is_taken_and_counted_once(room: Pressroom, is_chunked: bool) -> None:
    room.api = room.api.model_copy(update={"burst": 2, "requests_per_minute": 1})
    body, fields = long_record(3 * LARGE), ["Content-Type: application/json"]
    if is_chunked:
        body, length = _chunk(body) + b"0\r\n\r\n", CHUNKED
    else:
        length = f"Content-Length: {len(body)}"
    for status in (201, 200):
        with sending(room, PUT, *fields, length, token=room.token) as client:
            client.sendall(body)
            assert status_of(client) == status


def test_bodies_on_their_way_share_a_bound_and_get_their_turn(
    room: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that wait are not read from; small ones and readers are served meanwhile."""
    monkeypatch.setattr(request_bodies, "MEMORY_WAIT_S", 60.0)
    size = request_bodies.LARGE_MEMORY_BYTES // 2
    fields = ("Content-Type: application/json", f"Content-Length: {size}")
    room.api = room.api.model_copy(update={"max_body_bytes": MAX_BODY_BYTES})
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                sending(room, f"PUT {ROOT}/releases/{number}", *fields, token=room.token)
            )
            for number in range(6)
        ]
        in_full = [_sent(client, long_record(size), but=1) for client in clients]
        assert 1 <= sum(in_full) <= 2
        assert room.put("small").status == 201
        for client in clients:
            client.close()
    wait_until(lambda: is_taken(room))


def _sent(client: socket.socket, body: bytes, *, but: int) -> bool:
    """Send as much as is taken; True when that is all, but for the last bytes."""
    client.settimeout(0.5)
    try:
        client.sendall(body[:-but])
    except TimeoutError:
        return False
    return True


def test_who_finds_no_room_is_told_to_come_again(
    room: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_bodies, "MEMORY_WAIT_S", 0.3)
    room.api = room.api.model_copy(update={"max_body_bytes": MAX_BODY_BYTES})
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                sending(room, PUT, f"Content-Length: {MAX_BODY_BYTES}", token=room.token)
            )
            for _ in range(2)
        ]
        # Either may have come first.
        [refused], _, _ = select.select(clients, [], [], 10)
        said = refused.recv(65_536)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in said
        for client in clients:
            client.close()
    wait_until(lambda: is_taken(room))


@pytest.mark.parametrize("size", [100, LARGE])
def test_a_body_that_comes_too_slowly_is_not_waited_for(
    room: Pressroom, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_bodies, "GRACE_S", 0.3)
    with sending(room, PUT, f"Content-Length: {size}", token=room.token) as client:
        client.sendall(b"{")
        assert status_of(client) == 408
