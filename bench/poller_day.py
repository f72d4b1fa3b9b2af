"""What a poller's day costs in bytes: 12 polls, in the course of which 3 releases come out.

Everything that the service sends is counted, heads too. Three pollers on the same day: one that
asks without conditions, one that sends ``If-None-Match``, and one that takes deltas as well
(RFC 3229, ``A-IM: feed``), which the service is told to offer.
"""

import socket
import time
from datetime import UTC, datetime

from bench import servers
from bench.figure import Figure, Unmeasurable, tell
from bench.requests_a_second import PATH, RELEASES, SLUG
from bench.samples import press_office
from service.websub.publisher import SPREAD

POLLS = 12
#: Before these polls a release comes out.
NEWS_AT = (3, 6, 10)


class Poller:
    """Asks for one document again and again, and counts what it is sent."""

    def __init__(self, port: int, *, is_conditional: bool, is_incremental: bool = False) -> None:
        self._port = port
        self._is_conditional = is_conditional
        self._is_incremental = is_incremental
        self._etag: str | None = None
        self.received_bytes = 0
        self.statuses: list[int] = []

    def poll(self) -> None:
        """Ask once."""
        lines = [f"GET {PATH} HTTP/1.1", "Host: localhost", "Accept-Encoding: gzip"]
        if self._is_conditional and self._etag:
            lines.append(f"If-None-Match: {self._etag}")
        if self._is_incremental:
            lines.append("A-IM: feed")
        received = _exchange(self._port, "\r\n".join([*lines, "Connection: close", "", ""]))
        head = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        fields = {line.partition(":")[0].lower(): line.partition(": ")[2] for line in head[1:]}
        self.received_bytes += len(received)
        self.statuses.append(int(head[0].split()[1]))
        self._etag = fields.get("etag", self._etag)


def measure(scale: float) -> float:  # noqa: ARG001  # a day is a day
    """What a conditional poller is sent, over what one is that asks without conditions."""
    with servers.communique([SLUG], offers_deltas=True) as served:
        full = Poller(served.port, is_conditional=False)
        conditional = Poller(served.port, is_conditional=True)
        deltas = Poller(served.port, is_conditional=True, is_incremental=True)
        pollers = {"full": full, "conditional": conditional, "conditional, A-IM: feed": deltas}
        _live(served, list(pollers.values()))
    for name, poller in pollers.items():
        statuses = ", ".join(f"{n} x {s}" for s, n in _counted(poller.statuses))
        tell(f"{name}: {poller.received_bytes} bytes ({statuses})")
    if conditional.statuses.count(304) != POLLS - 1 - len(NEWS_AT):
        raise Unmeasurable(f"a day went otherwise than planned: {conditional.statuses}")
    if deltas.statuses.count(226) != len(NEWS_AT):
        raise Unmeasurable(f"not each release came as a delta: {deltas.statuses}")
    return conditional.received_bytes / full.received_bytes


def _live(served: servers.Served, pollers: list[Poller]) -> None:
    write = press_office()
    served.newsroom.apply_catalogue(now=datetime.now(UTC))
    list(served.newsroom.take_in([write(SLUG) for _ in range(RELEASES)], now=datetime.now(UTC)))
    served.newsstand.regenerate([SLUG], now=datetime.now(UTC), worker="bench")
    for poll in range(POLLS):
        if poll in NEWS_AT:
            now = datetime.now(UTC)
            list(served.newsroom.take_in([write(SLUG)], now=now))
            served.newsstand.regenerate([SLUG], now=now, worker="bench")
            time.sleep(SPREAD.total_seconds())
        for poller in pollers:
            poller.poll()


def _exchange(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def _counted(statuses: list[int]) -> list[tuple[int, int]]:
    return [(status, statuses.count(status)) for status in sorted(set(statuses))]


FIGURE = Figure(name="poller_day", bound=0.35, measure=measure)
