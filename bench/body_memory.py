"""What a web worker's memory grows by under 150 bodies of 16 MB that come slowly.

Each client sends as fast as it is read from, all but the last megabyte, which never comes. All have
a token that is good, in one case; in the other they post to the first page. Measured is the most
that the worker has resident meanwhile, less what it had when it was idle.
"""

import selectors
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime

from bench import servers
from bench.figure import Figure, tell
from bench.installed import Installed, installed
from bench.memory import MIB, forget_most, most_resident_bytes, resident_bytes
from feeds.model.token import Action, Token
from service.tokens import hash_of, make_token
from service.web.request_bodies import MAX_BODY_BYTES

CLIENTS = 150
LINES = ("PUT /api/v1/releases/{}", "POST /?{}")
#: Shorter than those are waited for who find no room.
FOR_S = 10.0
#: Who has taken nothing for so long takes no more: what is left waits for room.
QUIET_S = 1.5
PIECE = b"x" * 65_536


def measure(scale: float) -> float:
    """Resident MiB beyond idle."""
    count = max(6, round(CLIENTS * scale))
    for_s = FOR_S * max(scale, 0.1)
    grown = [_grown(line, count, for_s) for line in LINES]
    # Never nothing: at a hundredth of its size there may be room in what the worker has.
    return max(*grown, 1000) / MIB


def _grown(line: str, count: int, for_s: float) -> int:
    with installed(["news"], api={"max_body_bytes": MAX_BODY_BYTES}) as newsroom:
        token = _make_token(newsroom)
        with servers.serving(newsroom, begins_anew=True) as served, ExitStack() as stack:
            servers.ask(served.port, "/api/v1/releases", Authorization=f"Bearer {token}")
            idle = resident_bytes(served.process_id)
            forget_most(served.process_id)
            head = f"{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            clients = [
                stack.enter_context(_connect(served.port, head.format(number)))
                for number in range(count)
            ]
            sent = _send(clients, for_s)
            grown = most_resident_bytes(served.process_id) - idle
            stack.close()
            time.sleep(1)
            left = resident_bytes(served.process_id) - idle
    tell(f"{line.split(maxsplit=1)[0]}: {count} clients, {sent / MIB:.0f} MiB taken from them")
    tell(f"idle {idle / MIB:.1f} MiB, at the most {grown} bytes more; {left} when they had gone")
    return grown


def _make_token(newsroom: Installed) -> str:
    text = make_token()
    token = Token(name="bench", actions=tuple(Action), categories=None, made_at=datetime.now(UTC))
    with newsroom.rooms.database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of(text))
    return text


def _connect(port: int, head: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"{head}Content-Length: {MAX_BODY_BYTES}\r\n\r\n".encode())
    client.settimeout(0)
    return client


def _send(clients: list[socket.socket], for_s: float) -> int:
    """Send what is taken, but for the end of each body, until no more is. Says how much it was."""
    rest, sent = dict.fromkeys(clients, MAX_BODY_BYTES - MIB), 0
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_WRITE)
        taken_at = time.monotonic()
        until = taken_at + for_s
        while time.monotonic() < min(until, taken_at + QUIET_S):
            for key, _ in selector.select(0.1):
                asked = key.fileobj
                assert isinstance(asked, socket.socket)
                try:
                    count = asked.send(PIECE[: rest[asked]])
                except OSError:  # it was turned away
                    count = rest[asked] = 0
                rest[asked] -= count
                sent += count
                taken_at = time.monotonic()
                if not rest[asked]:
                    selector.unregister(asked)
    return sent


FIGURE = Figure(name="body_memory", bound=64, measure=measure)
