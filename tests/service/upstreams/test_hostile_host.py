"""A hundred upstreams of one hostile host hold up nobody: real sockets, and real time."""

import gzip
import threading
import time
from collections.abc import Callable
from functools import cache

from service.upstreams import poller as polling
from service.wiring import upstream_poller
from tests.service.upstreams.conftest import CarryingOffice
from tests.support.raw_server import Line, running_raw_server, well
from tests.support.upstream_server import Page, atom, entry, upstream_server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


@cache
def packed() -> bytes:
    return gzip.compress(b"<rss>" + b" " * 60_000_000)


def drip(line: Line) -> None:
    line.say(HEAD + b"\r\n<rss>")
    line.say_for_ever(b" ", pause_s=0.1)


def endless(line: Line) -> None:
    line.say(HEAD + b"\r\n<rss>")
    line.say_for_ever(b" " * 65_536)


def endless_headers(line: Line) -> None:
    line.say(b"HTTP/1.1 200 OK\r\n")
    line.say_for_ever(b"X-More: and more\r\n", pause_s=0.05)


def silent(line: Line) -> None:
    line.hang()


def bomb(line: Line) -> None:
    length = f"Content-Length: {len(packed())}\r\n".encode()
    line.say(HEAD + b"Content-Encoding: gzip\r\n" + length + b"\r\n" + packed())


def page(line: Line) -> None:
    text = b"<!DOCTYPE html><html><title>Are you human?</title></html>"
    line.say(HEAD + f"Content-Length: {len(text)}\r\n\r\n".encode() + text)


def nested(line: Line) -> None:
    text = b"<rss><channel>" + b"<item>" * 20_000
    line.say(HEAD + f"Content-Length: {len(text)}\r\n\r\n".encode() + text)


def saying(head: str) -> Callable[[Line], None]:
    def answer(line: Line) -> None:
        line.say(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


KINDS: tuple[Callable[[Line], object], ...] = (
    drip,
    endless,
    endless_headers,
    silent,
    bomb,
    page,
    nested,
    saying("302 Found\r\nLocation: /again"),
    saying("302 Found\r\nLocation: http://192.168.0.1/feed"),
    saying("302 Found\r\nLocation: http://[::1]:22/"),
)


def test_a_hostile_host_with_a_hundred_upstreams_holds_up_nobody(
    office: CarryingOffice,
) -> None:
    numbers = iter(range(1_000_000))

    def answer(line: Line) -> bool | None:
        KINDS[next(numbers) % len(KINDS)](line)
        return False

    packed()  # before time counts
    good = 20
    with running_raw_server() as hostile, upstream_server("0.0.0.0") as server:
        for number in range(good):
            server.pages[f"/good/{number}"] = Page(body=atom(entry(number)))
        hostile.answer = answer
        bad = [
            {"slug": f"bad-{n}", "url": f"http://127.0.0.1:{hostile.port}/{n}"} for n in range(100)
        ]
        fine = [
            {"slug": f"good-{n}", "url": server.url(f"/good/{n}", host=f"127.0.1.{n + 1}")}
            for n in range(good)
        ]
        office.carry(*bad, *fine)
        office.pass_time(hours=1)  # all are due
        poller = upstream_poller(office.application, worker="test", timeout_s=1.0)
        stop = threading.Event()
        run = threading.Thread(target=poller.run, kwargs={"should_stop": stop.is_set})
        began = time.monotonic()
        run.start()
        try:
            # Those of the hostile host alone take a hundred seconds of hanging, two at a time.
            while sum(office.state(f"good-{n}").polls for n in range(good)) < good:
                assert time.monotonic() - began < 40
                time.sleep(0.1)
            failed = [office.state(f"bad-{n}") for n in range(100)]
            assert sum(one.failures for one in failed) < 60
        finally:
            stop.set()
            run.join()
    assert len(office.releases()) == good


def test_one_host_never_has_more_places_than_its_own(
    office: CarryingOffice,
) -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def answer(line: Line) -> bool | None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.15)
        with lock:
            now -= 1
        well(line)
        return False

    with running_raw_server() as slow:
        slow.answer = answer
        office.carry(
            *({"slug": f"s-{n}", "url": f"http://127.0.0.1:{slow.port}/{n}"} for n in range(12))
        )
        office.pass_time(hours=1)
        assert len(office.poll()) == 12
    assert most == polling.PER_HOST
