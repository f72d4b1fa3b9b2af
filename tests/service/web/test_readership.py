"""Requests are counted by feed, format and day, over real sockets; no address is stored."""

import ipaddress
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from random import Random

import pytest
from lxml import html
from sqlalchemy import select

from feeds.model.feed import Format
from feeds.model.readership import AgentKind, TopicTraffic
from feeds.model.token import Action, Token
from feeds.model.user import UserRole
from feeds.store import readership as store
from feeds.store.changes import Changes
from feeds.store.database import Database
from feeds.store.schema import metadata, readership_salts
from service.jobs.forgetting import Forgetting
from service.settings import RetentionSettings
from service.tokens import hash_of, make_token
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    ReadershipWriter,
    RequestCounter,
    create_app,
)
from service.web import readership as counting
from service.web.readership import network_of
from tests.service.web.watched_office import WatchedOffice
from tests.support.desk_browser import DeskBrowser, add_user
from tests.support.newsrooms import NOON, Office, draft, later
from tests.support.wire_server import make_server, port_of, running

#: Everybody comes through this proxy.
PROXY = ipaddress.ip_network("127.0.0.1/32")
READER = "FreshRSS/1.24.1 (Linux; https://freshrss.org)"
ADDRESSES = ("203.0.113.77", "198.51.100.23", "2001:db8:77:1::5")


@dataclass(slots=True, kw_only=True)
class Counted:
    """A server whose requests are counted, and a clock that is set by hand."""

    office: Office
    port: int
    counter: RequestCounter
    writer: ReadershipWriter
    now: datetime

    def get(
        self, path: str, agent: str = READER, address: str = ADDRESSES[0], **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask; says status, fields and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        try:
            connection.request(
                "GET", path, headers={"User-Agent": agent, "X-Forwarded-For": address} | sent
            )
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, fields, answer.read()
        finally:
            connection.close()

    def topic(self, feed: str = "all", suffix: str = "atom") -> TopicTraffic:
        """What is stored of today."""
        with self.office.database.read() as tx:
            return tx.readership.topics(since=self.now.date())[self.now.date(), feed, suffix]


@contextmanager
def _counted(database: Database, *, is_on: bool = True) -> Iterator[Counted]:
    office = Office(database)
    settings = office.settings
    office.change(
        settings=settings.model_copy(
            update={
                "http": settings.http.model_copy(update={"trusted_proxies": (PROXY,)}),
                "readership": settings.readership.model_copy(update={"counted": is_on}),
            }
        )
    )
    office.add(draft("id:1", "Finance"))
    office.publish()
    changes = Changes(database, of_documents=True)
    cache = DocumentCache(detector=ChangeDetector(changes, clock=time.monotonic))
    counter = RequestCounter()
    app = create_app(office.current, cache, clock=lambda: made.now, has_api=True)
    front = CacheMiddleware(app, current=office.current, document_cache=cache, counter=counter)
    # With three pollers, one salt of 1,365 has two of them share a register of the sketch.
    writer = ReadershipWriter(
        counter, office.current, now=lambda: made.now, random_bytes=Random(7).randbytes
    )
    server = make_server(front)
    with running(server):
        made = Counted(
            office=office, port=port_of(server), counter=counter, writer=writer, now=NOON
        )
        yield made
    changes.close()


@pytest.fixture
def counted(database: Database) -> Iterator[Counted]:
    with _counted(database) as made:
        yield made


def test_requests_are_counted_by_feed_format_and_day(counted: Counted) -> None:
    """From memory and from the store alike; what is counted is what was sent."""
    status, fields, body = counted.get("/feeds/all.atom", Accept_Encoding="gzip")
    assert status == 200
    sent = [len(body)]
    for address in ADDRESSES * 2:
        status, _, body = counted.get("/feeds/all.atom", address=address, Accept_Encoding="gzip")
        assert status == 200
        sent.append(len(body))
    for _ in range(5):
        status, _, body = counted.get(
            "/feeds/all.atom", If_None_Match=fields["etag"], Accept_Encoding="gzip"
        )
        assert (status, body) == (304, b"")
    assert counted.get("/feeds/finance", Accept="application/feed+json")[0] == 200
    assert counted.get("/feeds/none.atom")[0] == 404
    assert counted.get("/")[0] == 200
    counted.writer.write()
    topic = counted.topic()
    assert (topic.requests, topic.not_modified, topic.unconditional) == (12, 5, 7)
    assert topic.bytes_sent == sum(sent)
    assert topic.bytes_saved == 5 * sent[0], "the size of the document as gzip"
    assert topic.pollers.count() == 3
    assert counted.topic("finance", "json").requests == 1
    with counted.office.database.read() as tx:
        day = counted.now.date()
        assert len(tx.readership.topics(since=day)) == 2
        [((_, name), agent)] = tx.readership.agents(since=day).items()
    assert (name, agent.kind, agent.requests, agent.conditional, agent.not_modified) == (
        READER,
        AgentKind.READER,
        13,
        5,
        5,
    )
    assert agent.compressed == 12

    counted.get("/feeds/all.atom", address=ADDRESSES[1])
    counted.writer.write()
    counted.writer.write()  # there is nothing more
    assert (counted.topic().requests, counted.topic().pollers.count()) == (13, 3)
    counted.now += timedelta(days=1)
    counted.get("/feeds/all.atom")
    counted.writer.write()
    assert (counted.topic().requests, counted.topic().pollers.count()) == (1, 1)


def test_each_request_of_a_connection_counts_for_whoever_sent_it(counted: Counted) -> None:
    """A proxy sends the requests of many readers over one connection, a reader repeats its own."""
    etag = counted.get("/feeds/all.atom", Accept_Encoding="gzip")[1]["etag"]
    counted.counter.take()
    connection = HTTPConnection("127.0.0.1", counted.port, timeout=30)
    sent_bytes = Counter[str]()

    def ask(*, times: int, agent: str = READER, path: str = "/feeds/all.atom", **sent: str) -> None:
        fields = {
            "User-Agent": agent, "X-Forwarded-For": ADDRESSES[0], "Accept-Encoding": "gzip",
            "If-None-Match": etag,
        }  # fmt: skip
        for _ in range(times):
            connection.request("GET", path, headers=fields | sent)
            sent_bytes[path] += len(connection.getresponse().read())

    ask(times=2, path="/feeds/all.rss")
    ask(times=3)
    ask(times=2, agent="Other/1.0")
    ask(times=2, agent="Other/1.0", **{"X-Forwarded-For": ADDRESSES[1]})
    counted.writer.write()
    ask(times=4, path="/feeds/all.rss")
    counted.office.add(draft("id:2", "Finance"))
    counted.office.publish()
    ask(times=3, path="/feeds/all.rss")
    counted.writer.write()
    connection.close()
    atom, rss = counted.topic(), counted.topic(suffix="rss")
    assert (atom.requests, atom.not_modified, atom.pollers.count()) == (7, 7, 3)
    assert (rss.requests, rss.not_modified, rss.pollers.count()) == (9, 0, 1)
    assert rss.bytes_sent == sent_bytes["/feeds/all.rss"] > 0, "of each edition its own size"
    with counted.office.database.read() as tx:
        agents = tx.readership.agents(since=counted.now.date())
    assert {name: one.requests for (_, name), one in agents.items()} == {
        READER: 12,
        "Other/1.0": 4,
    }


def test_only_programs_that_poll_for_one_person_are_pollers(counted: Counted) -> None:
    hosted = "Feedbin feed-id:7 - {} subscribers"
    browser = "Mozilla/5.0 (X11) Gecko/20100101 Firefox/133.0"
    for agent in ("curl/8.5.0", browser, hosted.format(40)):
        counted.get("/feeds/all.atom", agent)
    counted.get("/feeds/all.atom", hosted.format(41))
    counted.writer.write()
    assert (counted.topic().requests, counted.topic().pollers.count()) == (4, 0)
    with counted.office.database.read() as tx:
        [report] = tx.readership.reports(since=counted.now.date())
        agents = {name for _, name in tx.readership.agents(since=counted.now.date())}
    assert (report.key.service, report.key.feed_id, report.subscribers) == ("feedbin", "7", 41)
    assert "Feedbin feed-id:… - N subscribers" in agents


def _everything(database: Database) -> str:
    """All that is in the store."""
    with database.read() as tx:
        return "\n".join(
            repr(tuple(row))
            for table in metadata.sorted_tables
            for row in tx.connection.execute(select(table))
        )


def test_no_address_is_stored(counted: Counted) -> None:
    """Not as text, not packed, and not where a client puts its own into its name."""
    for address in ADDRESSES:
        for agent in (READER, f"Reader/1.0 (by {address})", "Feedly/1.0 (poller; 17 subscribers;)"):
            counted.get("/feeds/all.atom", agent, address)
    counted.writer.write()
    stored = _everything(counted.office.database)
    assert "FreshRSS" in stored
    for address in (*ADDRESSES, "127.0.0.1"):
        ip = ipaddress.ip_address(address)
        for form in (address, ip.exploded, network_of(address).partition("/")[0], ip.packed.hex()):
            assert form not in stored
        assert repr(ip.packed)[2:-1] not in stored


def test_the_salt_is_gone_with_its_day(counted: Counted) -> None:
    database = counted.office.database

    def salts() -> list[tuple[str, bytes]]:
        with database.read() as tx:
            rows = tx.connection.execute(select(readership_salts))
            return [(row.day, row.salt) for row in rows]

    counted.get("/feeds/all.atom")
    counted.writer.write()
    [(day, salt)] = salts()
    assert (day, len(salt)) == ("2026-03-02", 32)
    other = ReadershipWriter(counted.counter, counted.office.current, now=lambda: counted.now)
    counted.get("/feeds/all.atom")
    other.write()
    assert salts() == [(day, salt)], "all processes have the same"
    assert counted.topic().pollers.count() == 1
    counted.now += timedelta(days=1)
    counted.get("/feeds/all.atom")
    counted.writer.write()
    [(next_day, next_salt)] = salts()
    assert (next_day, next_salt == salt) == ("2026-03-03", False)


def test_memory_and_store_are_bounded(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever invents names and numbers fills neither."""
    monkeypatch.setattr(counting, "MAX_ENTRIES", 20)
    monkeypatch.setattr(store, "MAX_AGENTS", 10)
    monkeypatch.setattr(store, "MAX_REPORTS", 5)
    for number in range(30):
        counted.get("/feeds/all.atom", f"Reader{number}/1.0")
    assert counted.counter.wait(0) is False
    assert len(counted.counter.take()) == 20
    for number in range(15):
        counted.get("/feeds/all.atom", f"Reader{number}/{'x' * 5_000}")
    counted.writer.write()
    for number in range(15):
        counted.get("/feeds/all.atom", f"Feedbin feed-id:{number} - 4 subscribers")
    counted.writer.write()
    with counted.office.database.read() as tx:
        agents = tx.readership.agents(since=counted.now.date())
        reports = tx.readership.reports(since=counted.now.date())
    assert len(agents) == 11
    assert sum(one.requests for one in agents.values()) == 30
    assert agents[counted.now.date(), store.OTHER_AGENTS].requests == 20
    assert max(len(name) for _, name in agents) <= 200
    assert len(reports) == 5


def test_nothing_is_counted_where_that_is_switched_off(database: Database) -> None:
    with _counted(database, is_on=False) as counted:
        counted.get("/feeds/all.atom")
        assert counted.get("/reader-check")[0] == 404
        assert counted.counter.take() == []
        counted.writer.write()
    with database.read() as tx:
        assert tx.readership.topics(since=NOON.date()) == {}


def test_counts_are_forgotten_by_schedule(counted: Counted) -> None:
    database = counted.office.database
    for _ in range(3):
        counted.get("/feeds/all.atom", "Feedbin feed-id:1 - 4 subscribers")
        counted.writer.write()
        counted.now += timedelta(days=1)
    forgetting = Forgetting(database, lambda: False)
    keep, catalogue = RetentionSettings(), counted.office.application.catalogue
    forgetting.run(catalogue, keep, now=counted.now, readership_days=2)
    first = NOON.date()
    with database.read() as tx:
        days = {day for day, *_ in tx.readership.topics(since=first)}
        assert {day for day, _ in tx.readership.agents(since=first)} == days
        assert {one.day for one in tx.readership.reports(since=first)} == days
    assert days == {first + timedelta(days=1), first + timedelta(days=2)}


def test_an_author_sees_how_his_reader_behaves(counted: Counted) -> None:
    mine, other = "MyReader/0.1 (test)", "OtherReader/2.0"
    assert "Nothing was counted" in counted.get("/reader-check", mine)[2].decode()
    for _ in range(3):
        counted.get("/feeds/all.atom", mine)
        counted.get("/feeds/all.atom", other, If_None_Match='"x"', Accept_Encoding="gzip")
    counted.writer.write()
    status, fields, body = counted.get("/reader-check", mine)
    page = body.decode()
    assert (status, fields["cache-control"]) == (200, "no-store")
    assert "never sends a condition" in page
    assert other not in page
    by_name = counted.get("/reader-check?agent=OtherReader/2.0", mine)[2].decode()
    assert "Each request has a condition" in by_name
    assert mine not in by_name


def test_operators_get_the_counts_as_json(counted: Counted) -> None:
    texts = {action: make_token() for action in (Action.OPERATE, Action.READ)}
    with counted.office.database.transaction() as tx:
        for action, text in texts.items():
            token = Token(name=action, actions=(action,), categories=None, made_at=NOON)
            tx.tokens.add(token, hash_hex=hash_of(text))
    for day in range(3):
        counted.now = NOON + timedelta(days=day)
        for address in ADDRESSES:
            counted.get("/feeds/all.atom", address=address)
        counted.get("/feeds/all.atom", "Feedbin feed-id:1 - 40 subscribers")
        counted.writer.write()
    counted.get("/feeds/health.atom", "Feedly/1.0 (poller; 1000000 subscribers;)")
    counted.writer.write()
    path = "/api/v1/readers?days=2"
    assert counted.get(path, Authorization=f"Bearer {texts[Action.READ]}")[0] == 403
    assert counted.get(path)[0] == 401
    answer = json.loads(counted.get(path, Authorization=f"Bearer {texts[Action.OPERATE]}")[2])
    names = ("feed", "readers", "reported", "credible", "pollers", "subscriptions")
    assert [tuple(one[name] for name in names) for one in answer["topics"]] == [
        ("all", 43, 40, 40, 3, 0),
        ("health", 0, 1_000_000, 0, 0, 0),
    ]
    assert [(one["day"], one["requests"], one["pollers"]) for one in answer["days"]] == [
        ("2026-03-03", 4, 3),
        ("2026-03-04", 4, 3),
        ("2026-03-04", 1, 0),
    ]
    faults = {one["service"]: one.get("fault") for one in answer["hosted"]}
    assert faults == {"feedbin": None, "feedly": "reported on 1 of 7 days; 3 are needed"}


def test_operators_see_at_the_desk_who_reads_what(counted: Counted) -> None:
    """Reported and distinct side by side, each with how it was counted."""
    add_user(counted.office.database, "otto", UserRole.OPERATE, now=NOON)
    app = create_app(counted.office.current, has_desk=True, clock=lambda: counted.now)
    otto = DeskBrowser(app)
    otto.sign_in("otto")
    empty = otto.get("/desk/readers").text
    for words in ("Nobody was seen yet", "None in the last 7 days", "No feed names a hub"):
        assert words in empty
    etag = counted.get("/feeds/all.atom", "curl/8.5.0", Accept_Encoding="gzip")[1]["etag"]
    for day in range(3):
        counted.now = NOON + timedelta(days=day)
        for address in ADDRESSES:
            counted.get("/feeds/all.atom", address=address, If_None_Match=etag)
        for _ in range(8):
            counted.get("/feeds/all.atom", "Lazy<b>/1.0")
        counted.get("/feeds/all.atom", "Feedbin feed-id:1 - 1400 subscribers", If_None_Match=etag)
        counted.writer.write()
    counted.get("/feeds/health.atom", "Feedly/1.0 (poller; 1000000 subscribers;)")
    counted.writer.write()
    otto.sign_in("otto")  # the session of two days ago has ended
    page = html.fromstring(otto.get("/desk/readers").text)
    rows = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in page.iterfind(".//tbody/tr")
    ]
    assert rows[0] == ["all.atom", "1,400", "1,400", "4", "0", "1,404"]
    assert rows[1] == ["health.atom", "1,000,000", "0", "0", "0", "0"]
    assert [row[:2] for row in rows[2:5]] == [
        ["2026-03-04", "13"], ["2026-03-03", "12"], ["2026-03-02", "13"],
    ]  # fmt: skip
    assert rows[3][2] == "33.3 %"
    assert [row[:2] for row in rows[5:]] == [["Lazy<b>/1.0", "24"]]
    text = " ".join(page.text_content().split())
    assert "feedly: 1,000,000 for health.atomDoes not count: reported on 1 of 7 days" in text
    assert "feedbin 1: 1,400 for all.atomCounts" in text
    for method in ("gave in its User-Agent", "pairs of network and User-Agent", "exactly"):
        assert method in text
    for days in ("30", "x", "1_000", "-1"):
        assert otto.get(f"/desk/readers?days={days}").status_code == 200


def test_operators_see_at_the_desk_how_long_pushes_take(tmp_path: Path) -> None:
    watched = WatchedOffice(tmp_path)
    add_user(watched.database, "otto", UserRole.OPERATE, now=watched.now)
    otto = DeskBrowser(create_app(watched.office.current, has_desk=True, clock=lambda: watched.now))
    otto.sign_in("otto")
    assert otto.get("/desk/readers").text.count("No push was seen") == 2
    watched.verify()
    watched.tell(at=later(seconds=1))
    with watched.database.transaction() as tx:
        digest = tx.documents.versions(["all"])["all", Format.ATOM].digest
        tx.canaries.arrived(watched.now_is(), digest=digest, now=later(seconds=3.5))
    page = html.fromstring(otto.get("/desk/readers").text)
    rows = [" ".join(row.text_content().split()) for row in page.iterfind(".//li")]
    assert [row for row in rows if "hub" in row and "worst" in row] == [
        "https://other.example/hub?a=12.50s median, 2.50s worst"
    ]
    watched.database.close()


def test_networks_stand_for_addresses() -> None:
    addresses = (*ADDRESSES, "::ffff:203.0.113.9", "x")
    assert {address: network_of(address) for address in addresses} == {
        "203.0.113.77": "203.0.113.0/24",
        "198.51.100.23": "198.51.100.0/24",
        "2001:db8:77:1::5": "2001:db8:77::/48",
        "::ffff:203.0.113.9": "203.0.113.0/24",
        "x": "x",
    }
