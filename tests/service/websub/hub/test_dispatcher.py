"""The rounds: what ended is told to the books until they have it, and nothing is begun twice."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from ipaddress import ip_network
from typing import Any

import pytest

from feeds.errors import StoreUnavailable
from feeds.store.changes import Changes, Waiting
from feeds.store.database import Database
from service.commit_signal import CommitSignal
from service.outbound import BulkHttpClient, BulkRequest, BulkResponse
from service.websub.hub import dispatcher as module
from service.websub.hub.dispatcher import (
    ChangePoller,
    Completed,
    ConcurrencyLimit,
    Dispatcher,
    Job,
    NextJobs,
    SendWindow,
)
from tests.support.hub_at_work import AGENT
from tests.support.newsrooms import Office, draft
from tests.support.running_service import wait_for_end, wait_until
from tests.support.subscriber import HANGS, Manner, Subscriber, running_subscriber


class Errands:
    """Books of some errands, that fail when they are told to."""

    def __init__(self, reader: Subscriber, *paths: str) -> None:
        self.left = [Job(path, "a", BulkRequest(url=reader.url(path))) for path in paths]
        self.page_size = 0  #: if not all
        self.make: Callable[[Job[str]], Job[str]] = lambda job: job
        self.troubles: list[Exception] = []  #: of the next calls that are told of an end
        self.written: list[str] = []
        self.lost: list[str] = []
        self.is_closed = False

    def record(self, ended: Sequence[Completed[str]], *, begins: bool) -> NextJobs[str]:
        """All at once, or by pages."""
        if ended and self.troubles:
            raise self.troubles.pop()
        assert all(isinstance(one.result, BulkResponse) and one.took_s > 0 for one in ended)
        self.written += [one.job.subject for one in ended]
        size = (self.page_size or len(self.left)) if begins else 0
        begun, self.left = self.left[:size], self.left[size:]
        return NextJobs(map(self.make, begun), has_more=begins and bool(self.left))

    def may_have_work(self) -> bool:
        return True

    def abandon(self, ended: Sequence[Completed[str]]) -> None:
        """A bug of theirs."""
        self.lost += [one.job.subject for one in ended]

    def close(self) -> None:
        """At the end."""
        self.is_closed = True


def rounds_of(books: Errands, *, timeout_s: float = 5.0) -> Dispatcher[Any]:
    """A dispatcher over a real HTTP client."""
    bulk_client = BulkHttpClient([ip_network("127.0.0.0/8")], timeout_s, AGENT, at_once=8)
    return Dispatcher(bulk_client, books, name="test")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)


def test_all_that_is_given_out_is_told_of_once() -> None:
    with running_subscriber() as reader:
        books = Errands(reader, "/a", "/b", "/c")
        rounds_of(books).run_until_idle()
        assert sorted(books.written) == ["/a", "/b", "/c"]
        assert len(reader.calls) == 3
    assert books.is_closed


def test_ends_are_told_again_while_the_store_cannot_be_used() -> None:
    with running_subscriber() as reader:
        books = Errands(reader, "/a", "/b")
        books.troubles = [StoreUnavailable("down"), StoreUnavailable("down")]
        dispatcher = rounds_of(books)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        wait_until(lambda: sorted(books.written) == ["/a", "/b"])
        dispatcher.stop()
        wait_for_end(thread)
        assert (books.lost, len(reader.calls)) == ([], 2)


def test_a_bug_costs_what_it_met_and_no_more() -> None:
    with running_subscriber() as reader:
        books = Errands(reader, "/a")
        books.troubles = [LookupError("a bug")]
        dispatcher = rounds_of(books)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        wait_until(lambda: books.lost == ["/a"])
        books.left = [Job("/b", "a", BulkRequest(url=reader.url("/b")))]
        wait_until(lambda: books.written == ["/b"])
        dispatcher.stop()
        wait_for_end(thread)


def test_errands_are_made_on_and_on_while_the_network_is_waited_for() -> None:
    """To sign is the longest part of it: page follows page without waiting for a turn."""
    with running_subscriber() as reader:
        books = Errands(reader, *(f"/{number}" for number in range(12)))
        books.page_size = 4
        bulk_client = StuckClient(until=lambda: not books.left)
        Dispatcher(bulk_client, books, name="test").run_until_idle()
        assert len(books.written) == len(reader.calls) == 12


class StuckClient(BulkHttpClient):
    """A network that is busy with itself."""

    def __init__(self, until: Callable[[], bool]) -> None:
        super().__init__([ip_network("127.0.0.0/8")], 5.0, AGENT, at_once=16)
        self._until = until

    def poll(self, wait_s: float) -> None:
        """Comes late."""
        wait_until(self._until, within_s=5)
        super().poll(wait_s)


def test_after_the_last_end_of_all_the_books_are_looked_into_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "POLL_EVERY_S", 5.0)
    with running_subscriber() as reader:
        books = Errands(reader, "/a")
        begun = time.monotonic()
        rounds_of(books).run_until_idle()
        assert books.written == ["/a"]
        assert time.monotonic() - begun < 5.0


def test_after_a_reported_commit_the_books_are_looked_into_at_once(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_EVERY_S", 60.0)
    signal = CommitSignal(sqlite_database)
    signal.start()
    with closing(signal), running_subscriber() as reader:
        wait_until(lambda: signal._is_known)
        commit(sqlite_database, 1)
        wait_until(lambda: signal.is_reliable)
        books = Errands(reader)
        monkeypatch.setattr(books, "may_have_work", lambda: bool(books.left))
        bulk_client = BulkHttpClient([ip_network("127.0.0.0/8")], 5.0, AGENT, at_once=8)
        dispatcher = Dispatcher(bulk_client, books, name="test", signal=signal)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        wait_until(lambda: dispatcher._polls_at > time.monotonic() + 30)
        books.left = [Job("/a", "a", BulkRequest(url=reader.url("/a")))]
        commit(sqlite_database, 2)
        wait_until(lambda: books.written == ["/a"])
        dispatcher.stop()
        wait_for_end(thread)


def commit(database: Database, number: int) -> None:
    with database.transaction() as tx:
        tx.connection.exec_driver_sql(f"PRAGMA user_version = {number}")


def test_the_store_is_read_by_the_clock_only_where_something_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_EVERY_S", 0.0)
    office = Office(database)
    office.publish()
    poller = ChangePoller(Changes(database), waiting=Waiting.EDITIONS)
    with closing(poller):
        assert poller.is_due()  # the first time
        assert not poller.is_due()
        office.add(draft())
        assert [poller.is_due() for _ in range(3)] == [True] * 3  # a commit, then a stale feed
        office.publish()
        assert [poller.is_due() for _ in range(3)] == [True, False, False]
        monkeypatch.setattr(poller, "_idle_until", 0.0)
        assert poller.is_due()


def test_a_commit_after_which_nothing_of_it_waits_is_no_reason_to_read(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_EVERY_S", 3600.0)
    office = Office(sqlite_database)
    office.publish()
    waiting = Waiting.EDITIONS
    poller = ChangePoller(Changes(sqlite_database), waiting=waiting, reads_only_for_it=True)
    with closing(poller):
        assert poller.may_be_due()
        assert poller.is_due()  # the first time
        commit_something(sqlite_database)
        assert not poller.may_be_due()
        office.add(draft())
        assert poller.may_be_due()
        assert poller.is_due()


def commit_something(database: Database) -> None:
    """A commit that brings no work."""
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("PRAGMA user_version = 7")


def test_a_commit_while_the_books_are_looked_into_has_them_looked_into_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have been read before it; they are not looked into by the clock for an hour."""
    monkeypatch.setattr(module, "READ_EVERY_S", 3600.0)
    signal = CommitSignal(sqlite_database)
    monkeypatch.setattr(signal, "_is_reliable", True)
    is_read, may_end = threading.Event(), threading.Event()

    class Slow(Errands):
        """Reads, and takes its time."""

        def record(self, ended: Sequence[Completed[str]], *, begins: bool) -> NextJobs[str]:
            found = super().record(ended, begins=begins)
            is_read.set()
            assert may_end.wait(10)
            return found

    with running_subscriber() as reader:
        books = Slow(reader)
        bulk_client = BulkHttpClient([ip_network("127.0.0.0/8")], 5.0, AGENT, at_once=8)
        dispatcher = Dispatcher(bulk_client, books, name="test", signal=signal)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        assert is_read.wait(10)
        books.left = [Job("/a", "a", BulkRequest(url=reader.url("/a")))]
        signal._call()
        time.sleep(0.1)  # for the turns of a dispatcher that forgets it
        may_end.set()
        wait_until(lambda: books.written == ["/a"])
        dispatcher.stop()
        wait_for_end(thread)


def test_what_was_written_is_not_lost_with_an_errand_that_cannot_be_made() -> None:
    with running_subscriber() as reader:
        books = Errands(reader, "/a")
        made = []

        def make(job: Job[str]) -> Job[str]:
            made.append(job.subject)
            if job.subject == "/b":
                raise LookupError("a bug")
            books.left = [Job("/b", "a", BulkRequest(url=reader.url("/b")))]
            return job

        books.make = make
        dispatcher = rounds_of(books)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        wait_until(lambda: made == ["/a", "/b"] and books.written == ["/a"])
        dispatcher.stop()
        wait_for_end(thread)
        assert books.lost == []


def test_by_hand_trouble_is_told_to_who_asked() -> None:
    with running_subscriber() as reader:
        books = Errands(reader, "/a")
        books.troubles = [StoreUnavailable("down")]
        with pytest.raises(StoreUnavailable, match="down"):
            rounds_of(books).run_until_idle()
    assert books.is_closed


def test_a_stop_begins_nothing_and_writes_down_what_ends() -> None:
    with running_subscriber() as reader:
        reader.behave("/hangs", verify=HANGS)
        books = Errands(reader, "/a", "/hangs")
        dispatcher = rounds_of(books, timeout_s=60.0)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        reader.wait_for_verifications(2)
        dispatcher.stop(within_s=0.3)
        wait_for_end(thread)
        assert books.written == ["/a"]
        books.left = [Job("/late", "a", BulkRequest(url=reader.url("/late")))]
        assert len(reader.calls) == 2
    assert books.is_closed


def test_a_stop_sends_what_was_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would be sent when its claim has expired, minutes later."""
    monkeypatch.setattr(module, "SendWindow", always_busy(1, monkeypatch))
    gate = threading.Event()
    with running_subscriber() as reader:
        reader.behave("/a", verify=Manner(gate=gate))
        books = Errands(reader, "/a", "/b", "/c")
        dispatcher = rounds_of(books)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        reader.wait_for_verifications(1)
        dispatcher.stop()
        gate.set()
        wait_for_end(thread)
        assert books.written == ["/a", "/b", "/c"]


def always_busy(least: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], SendWindow]:
    """Makes windows of a process that cannot keep up with the answers."""
    monkeypatch.setattr(module, "LEAST_IN_FLIGHT", least)
    return lambda: SendWindow(worked=time.monotonic)


class CountingClient(BulkHttpClient):
    """A network that knows how much was in flight at most."""

    most = 0

    def poll(self, wait_s: float) -> None:
        """As ever."""
        self.most = max(self.most, self.in_flight)
        super().poll(wait_s)


def test_while_the_process_is_busy_no_more_than_a_few_are_in_flight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SendWindow", always_busy(3, monkeypatch))
    with running_subscriber() as reader:
        books = Errands(reader, *(f"/{number}" for number in range(40)))
        client = CountingClient([ip_network("127.0.0.0/8")], 5.0, AGENT, at_once=64)
        Dispatcher(client, books, name="test").run_until_idle()
        assert len(books.written) == 40
        assert client.most == 3


def test_hosts_that_hang_leave_room_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_IN_FLIGHT", 2)
    with running_subscriber() as reader:
        hanging = [f"/hangs/{number}" for number in range(6)]
        for path in hanging:
            reader.behave(path, verify=HANGS)
        books = Errands(reader, *hanging, "/a", "/b")
        dispatcher = rounds_of(books, timeout_s=60.0)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        wait_until(lambda: sorted(books.written) == ["/a", "/b"], within_s=5)
        dispatcher.stop(within_s=0)
        wait_for_end(thread)


def test_more_is_claimed_when_little_is_left_to_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing has ended by then, and the clock is far off."""
    monkeypatch.setattr(module, "STOCK", 1)
    monkeypatch.setattr(module, "POLL_EVERY_S", 3600.0)
    with running_subscriber() as reader:
        hanging = [f"/hangs/{number}" for number in range(6)]
        for path in hanging:
            reader.behave(path, verify=HANGS)
        books = Errands(reader, *hanging)
        books.page_size = 2
        dispatcher = rounds_of(books, timeout_s=60.0)
        thread = threading.Thread(target=dispatcher.run, daemon=True)
        thread.start()
        reader.wait_for_verifications(6)
        dispatcher.stop(within_s=0)
        wait_for_end(thread)


def test_while_enough_is_left_to_send_more_results_are_recorded_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SendWindow", always_busy(4, monkeypatch))
    monkeypatch.setattr(module, "POLL_EVERY_S", 3600.0)
    monkeypatch.setattr(module, "STOCK", 8)
    monkeypatch.setattr(module, "WRITE_AT", 1)
    monkeypatch.setattr(module, "WRITE_STOCKED_AT", 16)
    monkeypatch.setattr(module, "WRITE_STOCKED_AFTER_S", 3600.0)
    with running_subscriber() as reader:
        books = Counted(reader, *(f"/{number}" for number in range(64)))
        rounds_of(books).run_until_idle()
        assert len(books.written) == 64
        # The first call began it. Fewer are told of when less than eight are left to send, so that
        # all but these and the four in flight have ended.
        small = [told for told, count in books.calls[1:] if count < 16]
        assert all(told > 64 - 8 - 4 for told in small), books.calls


class Counted(Errands):
    """Books that know of how many ends they were told in all by each call, and by it alone."""

    calls: Sequence[tuple[int, int]] = ()

    def record(self, ended: Sequence[Completed[str]], *, begins: bool) -> NextJobs[str]:
        """As ever."""
        before = self.calls[-1][0] if self.calls else 0
        self.calls = [*self.calls, (before + len(ended), len(ended))]
        return super().record(ended, begins=begins)


class Clocks:
    """A clock, and what the process has worked by then."""

    def __init__(self) -> None:
        self.now = self.worked = 0.0
        self.window = SendWindow(monotonic=lambda: self.now, worked=lambda: self.worked)
        self.window.adapt()

    def pass_s(self, elapsed_s: float, busy_part: float) -> int:
        """The size after this time."""
        self.now += elapsed_s
        self.worked += elapsed_s * busy_part
        self.window.adapt()
        return self.window.size


def test_a_window_grows_while_the_process_is_idle_and_shrinks_while_it_is_busy() -> None:
    clocks = Clocks()
    assert [clocks.pass_s(0.01, 0.2) for _ in range(3)] == [64, 128, 256]
    assert clocks.pass_s(0.01, 0.5) == 256  # neither
    assert [clocks.pass_s(0.01, 1.4) for _ in range(4)] == [128, 64, 32, 32]


def test_a_window_does_not_count_time_in_which_nothing_waited_for_it() -> None:
    clocks = Clocks()
    clocks.window.rest()
    assert clocks.pass_s(60.0, 0.0) == 32
    assert clocks.pass_s(0.001, 0.0) == 32  # too short to tell
    assert clocks.pass_s(0.01, 0.0) == 64
    clocks.window.reset()
    assert clocks.window.size == 32
    assert clocks.pass_s(60.0, 0.0) == 32


def test_a_load_that_failed_was_never_there() -> None:
    load = ConcurrencyLimit(limit=3, limit_per_host=2)
    assert load.acquire("a")
    with pytest.raises(StoreUnavailable):
        fill_in_vain(load)
    assert (load.count, load.room, load.full_hosts) == (1, 2, [])
    load.release("a")
    assert load.count == 0


def fill_in_vain(load: ConcurrencyLimit) -> None:
    """As a transaction that is not committed."""
    with load.undone_on_error():
        load.release("a")
        may = [load.acquire(host) for host in ("b", "b", "b", "c", "d")]
        assert may == [True, True, False, True, False]
        assert (load.full_hosts, load.room) == (["b"], 0)
        raise StoreUnavailable("down")
