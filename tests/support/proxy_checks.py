"""What a proxy before the service has to leave as it is; for tests and trials of real ones."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode

import pycurl

from feeds.store.changes import Changes
from service.web import CacheMiddleware, ChangeDetector, DocumentCache, create_app
from tests.service.web.offices import SITE, open_office, read_sample
from tests.support.hub_rooms import HubRoom
from tests.support.newsrooms import later
from tests.support.proxies import Proxied, Proxy
from tests.support.running_service import wait_until
from tests.support.wire_server import make_server, port_of, running

ATOM = "/feeds/all.atom"

#: What a reader goes by. Each has to come through as the service said it.
FIELDS = (
    "etag",
    "last-modified",
    "cache-control",
    "vary",
    "link",
    "content-type",
    "content-encoding",
    "content-length",
    "access-control-allow-origin",
)


@dataclass(slots=True)
class Served:
    """A newsroom that is served without a proxy."""

    room: HubRoom
    port: int

    def ask(self, path: str, *headers: str) -> Proxied:
        """What the service itself answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest("GET", path, skip_accept_encoding=True)
        for header in headers:
            name, _, value = header.partition(": ")
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
        connection.close()
        return Proxied(answer.status, 1, fields, body)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A newsroom with hub and API, that trusts proxies on this machine."""
    with ExitStack() as stack:
        office = open_office(folder)
        stack.callback(office.database.close)
        office.add(*read_sample("000_e053d2e383822934.txt"))
        office.publish(now=later(minutes=1))
        room = HubRoom(office, folder)
        room.configure(http={"trusted_proxies": ["127.0.0.1/32"]})
        changes = Changes(office.database, of_documents=True)
        stack.callback(changes.close)
        document_cache = DocumentCache(detector=ChangeDetector(changes, clock=monotonic))
        app = create_app(office.current, document_cache, has_api=True, has_hub=True)
        server = make_server(
            CacheMiddleware(app, current=office.current, document_cache=document_cache)
        )
        stack.enter_context(running(server))
        yield Served(room, port_of(server))


def _accepting(coding: str | None) -> list[str]:
    return [] if coding is None else [f"Accept-Encoding: {coding}"]


def documents_are_the_same(proxy: Proxy, served: Served) -> None:
    """Over HTTP/2, in each coding: bytes, validators and freshness."""
    for coding in proxy.codings:
        for path in (ATOM, "/feeds/all.json", "/", "/feeds.opml"):
            own = served.ask(path, *_accepting(coding))
            came = proxy.ask(path, *_accepting(coding))
            assert (came.status, came.version) == (200, pycurl.CURL_HTTP_VERSION_2_0)
            assert came.body == own.body, (path, coding)
            for name in FIELDS:
                assert came.fields.get(name) == own.fields.get(name), (path, coding, name)


def held_documents_are_not_sent_again(proxy: Proxy, served: Served) -> None:
    """By tag and by date; a HEAD says what the GET does, and a part can be asked for."""
    for coding in proxy.codings:
        whole = proxy.ask(ATOM, *_accepting(coding))
        tag, date = whole.fields["etag"], whole.fields["last-modified"]
        for condition in (f"If-None-Match: {tag}", f"If-Modified-Since: {date}"):
            held = proxy.ask(ATOM, condition, *_accepting(coding))
            assert (held.status, held.fields["etag"], held.body) == (304, tag, b"")
        head = proxy.ask(ATOM, *_accepting(coding), method="HEAD")
        assert {name: head.fields.get(name) for name in FIELDS} == {
            name: whole.fields.get(name) for name in FIELDS
        }
        part = proxy.ask(ATOM, "Range: bytes=10-19", f"If-Range: {tag}", *_accepting(coding))
        assert (part.status, part.body) == (206, whole.body[10:20])


def the_clients_address_is_known(proxy: Proxy, served: Served) -> None:
    """Whatever the client says of itself: by the service, and in the proxy's log."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": f"{SITE.base_url}{ATOM}",
        "hub.callback": f"http://127.0.0.1:9/{proxy.port}",
    }
    for forged in ([], ["X-Forwarded-For: 203.0.113.9"]):
        answer = proxy.ask("/hub", *forged, body=urlencode(form).encode(), client="127.0.0.7")
        assert answer.status == 202
    with served.room.database.read() as tx:
        clients = [
            pending.request.client
            for pending in tx.subscriptions.pending()
            if pending.request.callback == form["hub.callback"]
        ]
    assert set(clients) == {"127.0.0.7"}
    wait_until(lambda: "127.0.0.7" in proxy.log())


def addresses_are_the_public_ones(proxy: Proxy, served: Served) -> None:
    """In documents and in ``Location``, whatever the host and port of the request."""
    assert f'href="{SITE.base_url}{ATOM}"'.encode() in proxy.ask(ATOM).body
    opened = proxy.ask(ATOM, "Sec-Fetch-Mode: navigate")
    assert (opened.status, opened.fields["location"]) == (303, f"{SITE.base_url}/feeds/all")


def large_bodies_reach_the_service(proxy: Proxy, served: Served) -> None:
    """Which refuses them itself, with a problem document; and so do many entity tags."""
    answer = proxy.ask("/api/v1/releases", "Content-Type: application/json", body=b" " * 4_000_000)
    assert (answer.status, answer.fields["content-type"]) == (401, "application/problem+json")
    tag = served.ask(ATOM).fields["etag"]
    many = ", ".join([f'"{number:032x}"' for number in range(800)] + [tag])
    assert proxy.ask(ATOM, f"If-None-Match: {many}", "Accept-Encoding: identity").status == 304


def metrics_are_not_public(proxy: Proxy, served: Served) -> None:
    assert served.ask("/metrics").status == 200
    assert proxy.ask("/metrics").status == 403
    assert proxy.ask("/readyz").status == served.ask("/readyz").status


CHECKS: tuple[Callable[[Proxy, Served], None], ...] = (
    documents_are_the_same,
    held_documents_are_not_sent_again,
    the_clients_address_is_known,
    addresses_are_the_public_ones,
    large_bodies_reach_the_service,
    metrics_are_not_public,
)
