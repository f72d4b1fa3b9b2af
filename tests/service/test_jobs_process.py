"""Which configuration the job process goes by, when reloads, commands and other hosts meet."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds import render
from feeds.errors import StoreUnavailable
from feeds.model.alarm import AlarmKind
from feeds.model.feed import Format
from feeds.newsroom import Newsroom
from feeds.newsstand import claims
from feeds.search import analysis
from feeds.store import migrate
from feeds.store.database import Database
from feeds.store.feeds import Feeds
from service.alarms import store_away
from service.application import Application
from service.processes import background, jobs
from service.processes.active_configuration import ProcessStart, activate
from service.processes.jobs import Jobs
from service.processes.supervisor_line import SupervisorLine
from service.settings import Settings
from service.stores import open_database
from service.websub.hub import dispatcher
from service.wiring import build_application, utc_now
from tests.support.config_files import ConfigFolder
from tests.support.newsrooms import Office, draft
from tests.support.running_service import free_port, wait_until

#: What a process says that goes by another configuration.
OTHERS = "made no editions: the store has another configuration"

MAIN = "site: {{base_url: https://news.example, title: {title}}}\n"
CATEGORIES = "categories: [{{slug: finance, title: Finance{ending}}}]\n"


class Host:
    """A job process over a store, whose timers are called by hand."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._files = ConfigFolder(folder)
        self._database = database
        self.jobs = Jobs(database)

    def settings(self, title: str, *, every_s: float = 0.5, ending: str = "") -> Settings:
        main = f"{MAIN.format(title=title)}schedule: {{regenerate_seconds: {every_s}}}\n"
        return self._files.load(main, CATEGORIES.format(ending=ending and f", {ending}"))

    def installed(self, title: str) -> Application:
        """As a command has it, or a timer that began before a reload."""
        return build_application(self.settings(title), self._database)

    def looks_in_s(self) -> float:
        """When its timer looks for stale feeds, from now on."""
        timer = self.jobs._scheduler._scheduler.get_job(jobs.REGENERATE)
        return float((timer.next_run_time - utc_now()).total_seconds())

    def close(self) -> None:
        """Its timers never began."""
        self.jobs.close()

    def configure(self, title: str, *, every_s: float = 0.5, ending: str = "") -> Application:
        self.jobs.configure(self.settings(title, every_s=every_s, ending=ending))
        application = self.jobs._application
        assert application is not None
        return application


@pytest.fixture
def host(tmp_path: Path, database: Database) -> Iterator[Host]:
    host = Host(tmp_path, database)
    yield host
    host.close()


def author(application: Application) -> str:
    """The newsroom's name in a document that is published."""
    document = application.newsstand.document("finance", Format.JSON)
    assert document is not None
    name: str = json.loads(render.decompress(document.gzip))["authors"][0]["name"]
    return name


def test_claims_are_renewed_by_a_clock_that_goes_on(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[bool] = []
    monkeypatch.setattr(claims, "RENEWED_AFTER_S", 1e-9)
    monkeypatch.setattr(Feeds, "renew", lambda *_, **__: renewed.append(True))
    host.jobs._make_editions(host.configure("Before"))
    assert renewed


@pytest.mark.parametrize(("many", "cached"), [(0, 0), (8, 1)])
def test_many_editions_at_once_leave_no_caches(
    host: Host, database: Database, monkeypatch: pytest.MonkeyPatch, many: int, cached: int
) -> None:
    """They would hold the entries of all feeds; those of a few feeds are used again."""
    monkeypatch.setattr(jobs, "MANY", many)
    application = host.configure("Before")
    Office(database).add(draft("id:1", "Finance"))
    host.jobs._make_editions(application)
    assert author(application) == "Before"
    assert len(application.newsstand._entry_cache._entries) == cached


def test_after_a_commit_editions_are_made_at_once(host: Host, database: Database) -> None:
    """But within the pause after others only at its end, and only where a feed is stale."""
    application = host.configure("Before", every_s=60)
    host.jobs._on_commit()
    assert host.looks_in_s() <= 0
    host.jobs._make_editions(application)
    office = Office(database)
    office.publish()
    for is_stale in (False, True):
        host.jobs._will_look = False  # as the timer leaves it
        host.jobs._on_commit()
        assert host.jobs._will_look is is_stale
        office.add(draft("id:1", "Finance"))
    assert 15 < host.looks_in_s() <= 30, "half of the time between two of the timer's"


def test_pings_are_looked_for_when_every_web_worker_serves_the_editions(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of another process, which are found by the timer."""
    woken: list[float] = []

    def wake(name: str, *, after: timedelta = timedelta(0)) -> None:
        if name == jobs.PING:
            woken.append(after.total_seconds())

    monkeypatch.setattr(host.jobs._scheduler, "wake", wake)
    application = host.configure("Before")
    host.jobs._make_editions(application)
    assert host.jobs._publisher is not None
    whole_s = host.jobs._publisher.spread.total_seconds() + jobs.TIMER_SLACK_S
    assert woken == [pytest.approx(whole_s)]
    host.configure("Before")  # another publisher, to which they are new
    host.jobs.timers[jobs.PING]()
    assert woken[1:] == [pytest.approx(whole_s)]


@pytest.mark.parametrize("many", [30, 29])
def test_words_are_indexed_behind_the_editions(
    host: Host, database: Database, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Soon: their timer is woken. It would look once a second otherwise."""
    monkeypatch.setattr(jobs, "MANY_WORDS", many)
    application = host.configure("Before")
    office = Office(database)
    office.add(*(draft(f"id:{number}", "Finance") for number in range(30)))
    scheduler = host.jobs._scheduler._scheduler
    scheduler.modify_job(jobs.SEARCH, next_run_time=utc_now() + timedelta(hours=1))
    host.jobs._make_editions(application)
    soon = timedelta(seconds=jobs.INDEX_AFTER_S)
    assert scheduler.get_job(jobs.SEARCH).next_run_time <= utc_now() + soon
    for _ in range(2):  # the second time there is nothing to do
        host.jobs.timers[jobs.SEARCH]()
        with database.read() as tx:
            assert (tx.search.count(), tx.search.marked(limit=1)) == (30, {})
    assert (analysis.fold_word.cache_info().currsize > 0) is (
        many == 30
    )  # those of many are not kept


def test_a_process_that_begins_makes_editions_first_and_indexes_words_then(
    host: Host, database: Database
) -> None:
    """Both at once take the memory of both, and readers wait for editions."""
    host.configure("Before")
    office = Office(database)
    office.add(draft("id:1", "Finance"))
    host.jobs._has_begun = False  # as `start` leaves it
    counts = []
    for timer in (jobs.SEARCH, jobs.REGENERATE, jobs.SEARCH):
        host.jobs.timers[timer]()
        with database.read() as tx:
            counts.append(tx.search.count())
    assert counts == [0, 0, 1]


def test_a_feed_ends_in_its_second_though_nothing_is_committed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches keep its documents until a few seconds after that."""
    application = host.configure("Before", ending="ended: {on: 2099-01-01, words: Over}")
    monkeypatch.setattr(dispatcher, "READ_EVERY_S", 0.0)
    host.jobs._make_editions(application)
    host.jobs._make_editions(application)  # its own commit
    before = application.newsstand.version("finance", Format.JSON)
    assert not host.jobs._may_be_due(application)
    monkeypatch.setattr(host.jobs, "_clock", lambda: datetime(2099, 1, 2, tzinfo=UTC))
    host.jobs._make_editions(application)
    assert application.newsstand.version("finance", Format.JSON) != before


def test_commits_are_reported_to_the_process(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To begin with its own, of the first edition."""
    is_called = threading.Event()
    monkeypatch.setattr(jobs.Jobs, "_on_commit", lambda _: is_called.set())
    process = jobs.Jobs(sqlite_database)
    process.start(Host(tmp_path, sqlite_database).settings("One"))
    try:
        assert is_called.wait(30)
    finally:
        process.stop()


def test_a_timer_that_waited_for_a_reload_leaves_the_work_to_its_successor(host: Host) -> None:
    former = host.configure("Before")
    host.jobs._make_editions(former)
    assert author(former) == "Before"
    present = host.configure("After")
    host.jobs._make_editions(former)
    assert author(present) == "Before"
    host.jobs._make_editions(present)
    assert author(present) == "After"


def test_what_a_command_is_configured_with_counts_for_the_command_only(host: Host) -> None:
    present = host.configure("Before")
    host.installed("Slip").newsroom.apply_catalogue(now=utc_now())
    host.jobs._make_editions(present)
    assert author(present) == "Before"
    assert present.newsstand.stale(now=utc_now()) == []


def test_two_hosts_do_not_take_turns_with_two_configurations(
    host: Host, tmp_path: Path, database: Database
) -> None:
    one = host.configure("Before")
    (tmp_path / "other").mkdir()
    other_host = Host(tmp_path / "other", database)
    two = other_host.configure("After")
    for _ in range(2):
        host.jobs._make_editions(one)
        other_host.jobs._make_editions(two)
        assert author(one) == "After"
    edition = two.newsstand.version("finance", Format.JSON)
    host.configure("After")
    host.jobs._make_editions(host.jobs._application)  # type: ignore[arg-type]
    assert two.newsstand.version("finance", Format.JSON) == edition
    other_host.close()


def test_a_configuration_that_comes_while_releases_are_refiled_is_no_failure(
    host: Host, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = host.configure("Before")
    office = Office(database)
    [taken] = office.add(draft("id:1", "Finance"))
    refile = Newsroom.reassign_doubtful

    def refile_too_late(newsroom: Newsroom, *, now: datetime) -> int:
        with database.transaction() as tx:
            tx.feed_entries.mark_for_reassignment([taken.release.id])
            tx.configuration.put_in_force("another", by="another host", now=now)
        return refile(newsroom, now=now)

    monkeypatch.setattr(Newsroom, "reassign_doubtful", refile_too_late)
    assert host.jobs._make_editions(present) == OTHERS


def test_an_embargo_that_was_missed_is_told_before_its_release_comes_out(
    host: Host, database: Database
) -> None:
    """A moment later the release is public, as if nothing had happened."""
    host.configure("Before")
    now = utc_now()
    secret = replace(draft("id:1", "Finance"), embargoed_until=now + timedelta(hours=1))
    Office(database).newsroom.take_in([secret], now=now)
    with database.transaction() as tx:
        [embargo] = tx.embargoes.all()
        tx.embargoes.move(embargo, until=now - timedelta(hours=1), by="test")
    host.jobs.timers[jobs.EMBARGO]()
    with database.read() as tx:
        [alarm] = tx.alarms.open()
        assert tx.releases.count() == 1
    assert alarm.condition.kind is AlarmKind.EMBARGO_MISSED
    assert alarm.condition.since == now - timedelta(hours=1)


def test_a_release_is_published_long_before_the_next_regular_look(
    host: Host, tmp_path: Path, database: Database
) -> None:
    host.jobs._make_editions(host.configure("Office"))
    files, jobs = ConfigFolder(tmp_path), Jobs(database)
    main = "site: {base_url: https://news.example, title: Office}\n"
    settings = files.load(
        main + "schedule: {regenerate_seconds: 3600}\n", CATEGORIES.format(ending="")
    )
    jobs.start(settings)
    try:
        application = build_application(settings, database)
        application.newsroom.take_in([draft("id:1", "Finance")], now=utc_now())
        wait_until(lambda: _edition(application) > 1)
    finally:
        jobs.stop()


def _edition(application: Application) -> int:
    document = application.newsstand.document("finance", Format.JSON)
    return 0 if document is None else document.edition


def test_a_store_that_is_away_when_the_process_starts_is_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when it was replaced while the store did not answer: it cannot work, but tell."""
    monkeypatch.setattr(store_away, "PATIENCE_S", 0.3)
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 0.1)
    told, files = tmp_path / "told.json", ConfigFolder(tmp_path)
    write = f"cat > {told}.part && mv {told}.part {told}"
    files.write(
        f"site: {{base_url: https://news.example, title: News}}\ndata_folder: {tmp_path}\n"
        f"store: {{url: 'postgresql://nobody@127.0.0.1:{free_port()}/none'}}\n"
        f"alarms: {{command: {{argv: [/bin/sh, -c, '{write}']}}}}\n",
        CATEGORIES.format(ending=""),
    )
    active = tmp_path / "active.json"
    activate(files.sources(), active)

    def stop_when_told() -> None:
        try:
            wait_until(told.exists)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    stopping = threading.Thread(target=stop_when_told)
    stopping.start()
    assert jobs.main(ProcessStart.unsupervised(active)) == 0
    stopping.join()
    [alarm] = json.loads(told.read_text(encoding="utf-8"))["alarms"]
    assert (alarm["kind"], alarm["event"]) == ("store_away", "begun")
    assert "nothing is published" in alarm["words"]


def test_a_process_starts_with_what_it_shares_and_tries_again_by_the_active_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor parsed the first one before the fork; it may have applied others since."""
    monkeypatch.setattr(background, "FIRST_PAUSE_S", 0.1)
    files, active = ConfigFolder(tmp_path), tmp_path / "active.json"
    main = f"site: {{{{base_url: https://news.example, title: {{}}}}}}\ndata_folder: {tmp_path}\n"
    shared = files.load(main.format("Shared"), CATEGORIES.format(ending=""))
    files.write(main.format("Active"), CATEGORIES.format(ending=""))
    activate(files.sources(), active)
    tried = []

    class Work(Jobs):
        def start(self, settings: Settings) -> None:
            tried.append(settings.site.title)
            if len(tried) == 1:
                raise StoreUnavailable("away for a moment")
            super().start(settings)
            os.kill(os.getpid(), signal.SIGTERM)

    with closing(open_database(shared)) as store:
        migrate.upgrade(store)
    start = ProcessStart(settings=shared, path=active, line=SupervisorLine())
    code = background.run(
        start, role="jobs", make=lambda store, *_: Work(store), release=lambda _: None
    )
    assert (code, tried) == (0, ["Shared", "Active"])
