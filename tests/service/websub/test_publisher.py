"""The publisher between a real store and real hubs: who is told, how often, and when again."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any

import pytest

from feeds.model.edition import Edition
from feeds.model.feed import Category, Cloud, Format
from feeds.model.listing import PingState
from feeds.store.database import Database
from service.outbound import Credentials, HttpClient
from service.outbound.addresses import Resolver, system_resolver
from service.web.change_detector import MAX_AGE_S, REMOTE_MAX_AGE_S
from service.websub import RSSCLOUD, PingFormat, PingSender, PingVerdict, Publisher, RetryPlan
from tests.support.hub_server import WELL, HubServer, Manner, running_hub
from tests.support.newsrooms import NOON, SITE, Office, catalogue, draft, later
from tests.support.running_service import wait_until
from tests.support.set_clock import Clock

PLAN = RetryPlan(first_s=30, longest_s=3600, give_up_after_s=86_400)
FIRST_PAUSE = timedelta(seconds=30)

#: A moment after another, in seconds.
JUST = 0.001

#: Topics of the small newsroom below: the feed of everything and one more, in each format.
TOPICS = sorted(SITE.topic(slug, each) for slug in ("all", "finance") for each in Format)


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def other_hub() -> Iterator[HubServer]:
    with running_hub() as hub:
        yield hub


@pytest.fixture
def make_publisher(database: Database) -> Iterator[Callable[..., Publisher]]:
    """Publishers as processes have them, all over one store."""
    made: list[Publisher] = []

    def make(
        *,
        timeout_s: float = 30.0,
        allow: str = "127.0.0.0/8",
        resolve: Resolver = system_resolver,
        ping_formats: Mapping[str, PingFormat] = MappingProxyType({}),
        spread: timedelta | None = timedelta(0),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Publisher:
        door = HttpClient([ip_network(allow)], timeout_s, 1000, "communique-test", resolve=resolve)
        ping_sender = PingSender(
            database,
            door,
            site=SITE,
            plan=PLAN,
            random_fraction=lambda: 0.5,
            ping_formats=ping_formats,
        )
        # By default no web worker has to be waited for; `TestAnEditionThatIsNew` is about them.
        made.append(Publisher(database, ping_sender, spread=spread, monotonic=monotonic))
        return made[-1]

    yield make
    for publisher in made:
        publisher.close()


@pytest.fixture
def publisher(make_publisher: Callable[..., Publisher]) -> Publisher:
    return make_publisher()


def newsroom(database: Database, *hubs: HubServer) -> Office:
    """A small newsroom whose first editions can be fetched, and wait to be told of."""
    finance = Category(slug="finance", title="Finance")
    office = Office(database, catalogue([finance], hubs=tuple(hub.url for hub in hubs)))
    office.publish(now=NOON)
    return office


def publish(office: Office, key: str, *, now: datetime = NOON) -> None:
    """Publish a release in all feeds of the newsroom."""
    office.add(draft(key, "Finance"), now=now)
    office.publish(now=now)


def listed(office: Office) -> list[PingState]:
    with office.database.read() as tx:
        return tx.pings.listed()


def states(office: Office) -> set[str]:
    return {ping.state for ping in listed(office)}


def editions(office: Office) -> list[Edition]:
    """The current ones, as if they had just been made."""
    numbers = {ping.feed: ping.edition for ping in listed(office)}
    return [
        Edition(feed=feed, number=number, changed=tuple(Format), entries=0, set_aside=0)
        for feed, number in numbers.items()
    ]


class TestNews:
    def test_reaches_the_hub_once_for_each_topic(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        results = publisher.send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS
        assert {result.verdict for result in results} == {PingVerdict.ACCEPTED}
        assert sorted(result.topic for result in results) == TOPICS
        assert states(office) == {"told"}
        assert {ping.last_result for ping in listed(office)} == {"204 No Content"}

    def test_is_told_one_topic_a_request(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        newsroom(database, hub)
        publisher.send_all_due(now=NOON)
        for arrival in hub.arrivals:
            assert arrival.fields == [("hub.mode", "publish"), ("hub.url", arrival.topic)]

    def test_that_is_none_is_not_told(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        newsroom(database, hub)
        publisher.send_all_due(now=NOON)
        hub.forget()
        assert publisher.send_all_due(now=later(days=3)) == []
        assert hub.arrivals == []

    def test_in_a_burst_is_told_once(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        for number in range(5):
            publish(office, f"id:{number}")
        publisher.send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS

    def test_is_told_by_one_of_many_workers(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        newsroom(database, hub)
        hub.manner = Manner(delay_s=0.01)
        for publisher in [make_publisher() for _ in range(4)]:
            publisher.send_due(now=NOON)
        hub.wait_for(len(TOPICS))
        make_publisher().send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS

    def test_that_comes_while_a_hub_is_at_work_is_told_when_it_is_done(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        """Without another round, and to topics that were not reached yet only once."""
        office = newsroom(database, hub)
        hub.manner = Manner(gate=threading.Event())
        publisher.send_due(now=NOON)
        [first] = hub.wait_for(1)
        publish(office, "id:1", now=later(seconds=1))
        publisher.send_due(now=later(seconds=1))
        assert len(hub.arrivals) == 1
        hub.manner.gate.set()  # type: ignore[union-attr]
        hub.wait_for(len(TOPICS) + 1)
        publisher.close()
        assert sorted(hub.topics) == sorted([*TOPICS, first.topic])
        assert states(office) == {"told"}

    def test_that_was_not_sent_before_the_end_stays_due(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(delay_s=0.3)
        publisher = make_publisher()
        publisher.send_due(now=NOON)
        hub.wait_for(1)
        publisher.close()
        assert len(hub.arrivals) == 1
        assert states(office) == {"told", "due"}
        hub.manner = WELL
        make_publisher().send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS


class TestAHubThatIsDown:
    def test_gets_one_ping_for_each_topic_when_it_is_back(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.go_down()
        publisher.send_all_due(now=NOON)
        publish(office, "id:1", now=later(minutes=1))
        publisher.send_all_due(now=later(minutes=1))
        assert states(office) == {"retrying"}
        hub.come_up()
        assert publisher.send_all_due(now=later(seconds=61)) == []
        publisher.send_all_due(now=later(minutes=2))
        publisher.send_all_due(now=later(minutes=3))
        assert sorted(hub.topics) == TOPICS
        assert states(office) == {"told"}

    def test_is_tried_once_a_round(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(hangs=True)
        results = make_publisher(timeout_s=0.3).send_all_due(now=NOON)
        assert len(hub.arrivals) == 1
        assert {result.verdict for result in results} == {PingVerdict.PUT_OFF}
        assert {result.result for result in results} == {"no answer within 0.3 s"}
        [next_at] = {result.next_at for result in results}
        assert next_at is not None
        assert NOON + FIRST_PAUSE < next_at < NOON + FIRST_PAUSE * 2
        assert {ping.due_at for ping in listed(office)} == {next_at}

    def test_is_tried_at_growing_pauses_for_a_day(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.go_down()
        now, tries = NOON, 0
        while results := publisher.send_all_due(now=now):
            tries += 1
            now = max((result.next_at for result in results if result.next_at), default=now)
        assert states(office) == {"failed"}
        assert tries == 31
        assert now - NOON == pytest.approx(timedelta(days=1), abs=timedelta(minutes=1))

    def test_is_asked_again_when_a_person_wants_it(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.go_down()
        publisher.send_all_due(now=NOON)
        assert {r.verdict for r in publisher.send_all_due(now=later(days=2))} == {
            PingVerdict.GIVEN_UP
        }
        hub.come_up()
        assert publisher.send_all_due(now=later(days=9)) == []
        with office.database.transaction() as tx:
            tx.pings.retry(now=later(days=9))
        publisher.send_all_due(now=later(days=9))
        assert sorted(hub.topics) == TOPICS

    def test_does_not_delay_another_hub_nor_the_caller(
        self, database: Database, hub: HubServer, other_hub: HubServer, publisher: Publisher
    ) -> None:
        """The other hub has heard everything while this one still keeps its first ping waiting."""
        office = newsroom(database, hub, other_hub)
        hub.manner = Manner(hangs=True)
        publisher.send_due(now=NOON)
        other_hub.wait_for(len(TOPICS))
        assert sorted(other_hub.topics) == TOPICS
        assert len(hub.wait_for(1)) == 1
        assert "told" not in {ping.state for ping in listed(office) if ping.hub == hub.url}
        hub.go_down()

    def test_is_not_begun_twice(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        newsroom(database, hub)
        hub.manner = Manner(gate=threading.Event())
        for second in range(5):
            publisher.send_due(now=later(seconds=second))
        hub.wait_for(1)
        assert len(hub.arrivals) == 1
        hub.manner.gate.set()  # type: ignore[union-attr]
        hub.wait_for(len(TOPICS))
        publisher.close()
        assert sorted(hub.topics) == TOPICS


class TestAHubThatSaysNo:
    @pytest.mark.parametrize("status", [500, 404, 410])
    def test_is_asked_for_each_topic_and_again_later(
        self, database: Database, hub: HubServer, publisher: Publisher, status: int
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(status=status, body=b"not today")
        publisher.send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS
        assert states(office) == {"retrying"}
        assert all("not today" in (ping.last_result or "") for ping in listed(office))
        hub.forget()
        hub.manner = WELL
        publisher.send_all_due(now=later(minutes=1))
        publisher.send_all_due(now=later(minutes=2))
        assert sorted(hub.topics) == TOPICS
        assert states(office) == {"told"}

    def test_for_one_topic_hears_of_the_others(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.manners_by_topic = {TOPICS[0]: Manner(status=500)}
        publisher.send_all_due(now=NOON)
        assert sorted(hub.topics) == TOPICS
        assert [ping.state for ping in listed(office)].count("told") == len(TOPICS) - 1

    def test_and_sends_us_elsewhere_is_not_followed(
        self, database: Database, hub: HubServer, other_hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(status=308, headers={"Location": other_hub.url})
        publisher.send_all_due(now=NOON)
        assert other_hub.arrivals == []
        assert states(office) == {"retrying"}

    def test_and_asks_for_time_is_left_alone_even_when_there_is_news(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(status=429, headers={"Retry-After": "600"})
        publisher.send_all_due(now=NOON)
        assert len(hub.arrivals) == 1
        hub.forget()
        hub.manner = WELL
        publish(office, "id:1", now=later(minutes=5))
        assert publisher.send_all_due(now=later(minutes=5)) == []
        publisher.send_all_due(now=later(minutes=11))
        assert sorted(hub.topics) == TOPICS


class TestAHubWithWaysOfItsOwn:
    """Six topics are due; it reads four at once."""

    FOUR = PingFormat(topics_at_once=4)

    @pytest.fixture
    def publisher(self, hub: HubServer, make_publisher: Callable[..., Publisher]) -> Publisher:
        return make_publisher(ping_formats={hub.url: self.FOUR})

    def test_reads_several_topics_in_one_request(
        self, database: Database, hub: HubServer, other_hub: HubServer, publisher: Publisher
    ) -> None:
        """And another hub still gets one in each."""
        office = newsroom(database, hub, other_hub)
        results = publisher.send_all_due(now=NOON)
        named = [arrival.named("hub.url") for arrival in hub.arrivals]
        assert [len(topics) for topics in named] == [4, 2]
        assert sorted(topic for topics in named for topic in topics) == TOPICS
        assert [arrival.named("hub.mode") for arrival in hub.arrivals] == [["publish"]] * 2
        assert sorted(other_hub.topics) == TOPICS
        assert {result.verdict for result in results} == {PingVerdict.ACCEPTED}
        assert states(office) == {"told"}

    def test_is_told_each_topic_once_by_any_number_of_workers(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        """A part of what one wants to send together may be claimed by another."""
        office = newsroom(database, hub)
        hub.manner = Manner(delay_s=0.02)
        ping_formats = [PingFormat(topics_at_once=at_once) for at_once in (1, 2, 3, 4, 6)]
        made = [make_publisher(ping_formats={hub.url: ping_format}) for ping_format in ping_formats]
        for publisher in made:
            publisher.send_due(now=NOON)
        wait_until(lambda: states(office) == {"told"})
        told = [topic for arrival in hub.arrivals for topic in arrival.named("hub.url")]
        assert sorted(told) == TOPICS

    def test_is_told_again_of_all_that_it_refused_together(
        self, database: Database, hub: HubServer, publisher: Publisher
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(status=500)
        refused = publisher.send_all_due(now=NOON)
        assert [len(arrival.named("hub.url")) for arrival in hub.arrivals] == [4, 2]
        assert {result.verdict for result in refused} == {PingVerdict.PUT_OFF}
        assert states(office) == {"retrying"}
        assert {ping.attempts for ping in listed(office)} == {1}
        hub.forget()
        hub.manner = WELL
        publisher.send_all_due(now=NOON + FIRST_PAUSE * 2)
        assert [len(arrival.named("hub.url")) for arrival in hub.arrivals] == [4, 2]
        assert states(office) == {"told"}

    def test_is_tried_once_when_it_is_down(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        office = newsroom(database, hub)
        hub.manner = Manner(hangs=True)
        results = make_publisher(timeout_s=0.3, ping_formats={hub.url: self.FOUR}).send_all_due(
            now=NOON
        )
        assert len(hub.arrivals) == 1
        assert [result.verdict for result in results] == [PingVerdict.PUT_OFF] * len(TOPICS)
        assert len({ping.due_at for ping in listed(office)}) == 1

    def test_gets_the_fields_it_wants(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        newsroom(database, hub)
        ping_format = PingFormat(topic_fields=("hub.topic",), extra_fields=(("source", "a b&c"),))
        make_publisher(ping_formats={hub.url: ping_format}).send_all_due(now=NOON)
        assert sorted(arrival.fields for arrival in hub.arrivals) == [
            [("hub.mode", "publish"), ("hub.topic", topic), ("source", "a b&c")] for topic in TOPICS
        ]


class TestAnEditionThatIsNew:
    """No hub is told of it before every web worker shows it: a hub that fetched got the former."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def publisher(self, make_publisher: Callable[..., Publisher], clock: Clock) -> Publisher:
        return make_publisher(spread=None, monotonic=clock)

    def send(self, publisher: Publisher) -> float | None:
        """Send what may be sent, long after anything is due by the clock of the store."""
        return publisher.send_due(now=later(days=1))

    def test_is_told_when_it_has_been_stored_for_as_long_as_answers_may_be_old(
        self, database: Database, hub: HubServer, publisher: Publisher, clock: Clock
    ) -> None:
        office = newsroom(database, hub)
        spread_s = publisher.spread.total_seconds()
        max_age_s = MAX_AGE_S if database.is_sqlite else REMOTE_MAX_AGE_S
        assert max_age_s < spread_s
        assert self.send(publisher) == pytest.approx(spread_s)
        clock.passes(max_age_s)
        assert self.send(publisher) == pytest.approx(spread_s - max_age_s)
        assert hub.arrivals == []
        clock.passes(spread_s - max_age_s + JUST)
        assert self.send(publisher) is None
        wait_until(lambda: states(office) == {"told"})

    def test_waits_from_its_commit_however_late_that_comes(
        self, database: Database, hub: HubServer, publisher: Publisher, clock: Clock
    ) -> None:
        """Nothing counts that was before: not when the work began, nor when it was written."""
        office = newsroom(database, hub)
        publisher.note_stored(editions(office))
        clock.passes(60.0)
        assert self.send(publisher) is None
        wait_until(lambda: states(office) == {"told"})
        hub.forget()
        office.add(draft("id:1", "Finance"))
        clock.passes(60.0)  # the disk is slow
        assert self.send(publisher) is None
        publish(office, "id:2")
        assert self.send(publisher) == pytest.approx(publisher.spread.total_seconds())
        assert hub.arrivals == []

    def test_waits_from_what_its_maker_said(
        self, database: Database, hub: HubServer, publisher: Publisher, clock: Clock
    ) -> None:
        office = newsroom(database, hub)
        publisher.note_stored(editions(office))
        clock.passes(publisher.spread.total_seconds() + JUST)
        assert self.send(publisher) is None
        wait_until(lambda: states(office) == {"told"})

    def test_waits_anew_when_a_newer_one_comes(
        self, database: Database, hub: HubServer, publisher: Publisher, clock: Clock
    ) -> None:
        office = newsroom(database, hub)
        publisher.note_stored(editions(office))
        publish(office, "id:1")
        clock.passes(publisher.spread.total_seconds())
        assert self.send(publisher) == pytest.approx(publisher.spread.total_seconds())
        assert hub.arrivals == []

    def test_waits_in_a_process_that_has_just_been_started(
        self,
        database: Database,
        hub: HubServer,
        publisher: Publisher,
        make_publisher: Callable[..., Publisher],
        clock: Clock,
    ) -> None:
        """It does not know how long it has been there."""
        newsroom(database, hub)
        self.send(publisher)
        clock.passes(60.0)
        other = make_publisher(spread=None, monotonic=clock)
        assert self.send(other) == pytest.approx(other.spread.total_seconds())

    def test_is_waited_for_by_who_wants_results(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        newsroom(database, hub)
        results = make_publisher(spread=None).send_all_due(now=NOON)
        assert sorted(result.topic for result in results) == TOPICS


class TestAnRssCloudServer:
    def test_is_told_of_rss_by_its_address(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        """With the outbox, the tries and the list of hubs."""
        cloud = Cloud.at("https://cloud.example/pleaseNotify", ping_url=hub.url)
        finance = Category(slug="finance", title="Finance")
        office = Office(database, catalogue([finance], cloud=cloud))
        office.publish(now=NOON)
        hub.manner = Manner(status=500)
        publisher = make_publisher(ping_formats={hub.url: RSSCLOUD})
        publisher.send_all_due(now=NOON)
        assert states(office) == {"retrying"}
        hub.forget()
        hub.manner = WELL
        publisher.send_all_due(now=NOON + FIRST_PAUSE * 2)
        assert sorted(arrival.fields for arrival in hub.arrivals) == [
            [("url", topic)] for topic in TOPICS if topic.endswith(".rss")
        ]
        assert states(office) == {"told"}


class TestAHubThatAsksWhoIsThere:
    SECRET = "open-sesame"

    def test_and_no_other_is_shown_the_credentials(
        self,
        database: Database,
        hub: HubServer,
        other_hub: HubServer,
        make_publisher: Callable[..., Publisher],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Not the one either that it redirects to; and nothing that we say holds the password."""
        caplog.set_level(logging.DEBUG)
        office = newsroom(database, hub, other_hub)
        ping_format = PingFormat(credentials=Credentials("me", self.SECRET))
        publisher = make_publisher(ping_formats={hub.url: ping_format})
        hub.manner = Manner(status=307, headers={"Location": other_hub.url})
        results = publisher.send_all_due(now=NOON)
        shown = {arrival.headers.get("authorization") for arrival in hub.arrivals}
        assert shown == {ping_format.credentials.authorization}  # type: ignore[union-attr]
        assert len(other_hub.arrivals) == len(TOPICS)
        assert {arrival.headers.get("authorization") for arrival in other_hub.arrivals} == {None}
        hub.go_down()
        results += publisher.send_all_due(now=later(hours=1))
        said = f"{results} {listed(office)} {caplog.text} {publisher!r} {ping_format!r}"
        assert self.SECRET not in said
        assert ping_format.credentials.authorization not in said  # type: ignore[union-attr]


class TestAHubAtAForbiddenAddress:
    def test_is_not_asked_and_the_reason_is_shown(
        self, database: Database, hub: HubServer, make_publisher: Callable[..., Publisher]
    ) -> None:
        office = newsroom(database, hub)
        make_publisher(allow="10.0.0.0/8").send_all_due(now=NOON)
        assert hub.arrivals == []
        [reason] = {ping.last_result for ping in listed(office)}
        assert reason is not None
        assert "not sent: 127.0.0.1 is the loopback address 127.0.0.1" in reason
        assert "outbound.allow_networks" in reason


class TestTheLog:
    @staticmethod
    def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
        return [dict(record.msg) for record in caplog.records if isinstance(record.msg, dict)]

    def test_tells_of_each_ping_once(
        self,
        database: Database,
        hub: HubServer,
        publisher: Publisher,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO)
        newsroom(database, hub)
        publisher.send_all_due(now=NOON)
        told = self.events(caplog)
        assert [event["event"] for event in told] == ["ping accepted"] * len(TOPICS)
        assert sorted(event["topic"] for event in told) == TOPICS
        assert {event["hub"] for event in told} == {hub.url}

    def test_tells_of_a_hub_that_is_down_in_two_lines(
        self,
        database: Database,
        hub: HubServer,
        publisher: Publisher,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        newsroom(database, hub)
        hub.go_down()
        publisher.send_all_due(now=NOON)
        failed, rest = self.events(caplog)
        assert failed["event"] == "ping failed"
        assert failed["hub"] == hub.url
        assert (failed["try"], failed["next"]) == (1, "30s")
        assert failed["reason"] == "Connection refused"
        assert (rest["event"], rest["count"], rest["next"]) == ("pings put off", 5, "30s")

    def test_tells_of_a_round_that_broke_and_the_next_one_works(
        self,
        database: Database,
        hub: HubServer,
        make_publisher: Callable[..., Publisher],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A bug ends the round of its hub; its ping is free again when the claim has run out."""
        is_broken, was_asked = True, threading.Event()

        def resolve(host: str, port: int) -> Any:
            was_asked.set()
            if is_broken:
                raise ZeroDivisionError
            return system_resolver(host, port)

        office = newsroom(database, hub)
        publisher = make_publisher(resolve=resolve)
        with pytest.raises(ZeroDivisionError):
            publisher.send_all_due(now=NOON)
        was_asked.clear()
        publisher.send_due(now=NOON)
        assert was_asked.wait(10)
        publisher.close()
        assert [event["event"] for event in self.events(caplog)] == ["pinging failed"]
        is_broken = False
        make_publisher(resolve=resolve).send_all_due(now=later(minutes=5))
        assert sorted(hub.topics) == TOPICS
        assert states(office) == {"told"}
