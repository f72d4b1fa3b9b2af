"""The jobs process: intake, editions, embargoes and pings, by timers."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from feeds.errors import ConfigurationSuperseded, StoreConflict, StoreUnavailable
from feeds.model.alarm import AlarmKind
from feeds.model.edition import Edition
from feeds.model.release import Release
from feeds.newsroom import COMMAND, FOLDER, PendingWork
from feeds.search.analysis import forget_words
from feeds.store.changes import Changes, Waiting
from feeds.store.database import Database, Transaction
from feeds.store.search_upkeep import index_marked
from feeds.store.state import InForce
from service import logs
from service.alarms import CHECK_EVERY_S, AlarmKeeper, AlarmRounds, StoreAwayAlarm
from service.application import Application
from service.commit_signal import POLL_EVERY_S, CommitSignal
from service.failures import Failures
from service.jobs.backups import back_up_when_due
from service.jobs.folders import Folders
from service.jobs.forgetting import Forgetting
from service.jobs.regular import (
    AUDIT_POLL_EVERY_S,
    EMBARGO_POLL_EVERY_S,
    WAL_POLL_EVERY_S,
    CommandLog,
    WalCheckpointer,
    regenerate,
    release_due,
    wait_for_embargo_end,
)
from service.liveness import Liveness
from service.memory import release_free_memory, release_libraries
from service.processes import background
from service.processes.active_configuration import ProcessStart
from service.processes.status import answer_status
from service.processes.status_line import Question, StatusLine
from service.scheduler import Scheduler, Timer
from service.settings import Settings
from service.store_clock import StoreClock, machine_clock
from service.stores import record_known, record_state
from service.upstreams.poller import UpstreamPoller
from service.websub import Publisher
from service.websub.hub.dispatcher import ChangePoller
from service.websub.hub_monitor import RUN_EVERY_S as MONITOR_HUBS_EVERY_S
from service.wiring import (
    alarm_keeper,
    build_application,
    hub_monitor,
    publisher,
    upstream_poller,
    worker_name,
)

#: After more editions at once than this, caches are emptied and memory is returned to the system.
MANY = 8

#: The same, after the words of more releases at once than this were indexed.
MANY_WORDS = 200

_log = logs.get_logger("service.jobs_process")  # not __name__: it is run as a program

SCAN, REGENERATE, PING, EMBARGO, CANARY = "scan", "regenerate", "ping", "embargo", "canary"
STORE_LOG, STORE_NOTE, BACKUP = "store log", "store note", "backup"
FORGET, ALARMS = "forget", "alarms"
COMMANDS = "commands"
SEARCH = "search"
UPSTREAMS, UPSTREAM_PUSHES = "upstreams", "upstream pushes"

#: How often old rows are deleted.
FORGET_EVERY_S = 3600.0

#: How often the note beside a store on a server is brought up to date: a file, and no query.
NOTE_EVERY_S = 1.0

#: How often to look for upstreams that are due; each is polled at most once in five minutes.
POLL_UPSTREAMS_EVERY_S = 5.0

#: How often to look for what the hubs of upstreams have pushed.
READ_PUSHES_EVERY_S = 1.0

#: How often to look for releases whose words are to be indexed. After editions they are soon.
INDEX_EVERY_S = 1.0

#: Pings are looked for so long after they may be sent, because timers go by another clock.
TIMER_SLACK_S = 0.002

#: How long after editions the words of their releases are indexed: web processes fetch the editions
#: meanwhile, and each has a processor to itself on small machines.
INDEX_AFTER_S = 0.03

#: How often to check whether a scheduled backup is due.
BACKUP_POLL_EVERY_S = 60.0


class Jobs:
    """The timers of one process, for the current configuration."""

    def __init__(
        self,
        database: Database,
        liveness: Liveness | None = None,
        failures: Failures | None = None,
        store_away: StoreAwayAlarm | None = None,
    ) -> None:
        self._database = database
        self._liveness = liveness or Liveness()
        self._worker = worker_name()
        self._clock = StoreClock(database)
        self._signal = CommitSignal(database, poll_every_s=POLL_EVERY_S)
        self._stale = Changes(database)  #: for editions after a commit; used by the signal's thread
        #: When a commit may have editions made again, and whether one has asked for them already.
        self._looks_at, self._will_look = 0.0, False
        self._has_begun = True  #: False from `start` until the first look for stale feeds is over
        self._store_log = WalCheckpointer(database)
        self._failures = failures
        self._scheduler = Scheduler(now=machine_clock, failures=failures)
        # Each lock is held by one kind of work, and both by a reload: it waits until they end, so
        # that none uses the former application afterwards. There are two, because editions must
        # be published while a file with a million documents is read.
        self._scan_lock = threading.Lock()
        self._edition_lock = threading.Lock()
        self._publisher: Publisher | None = None
        self._application: Application | None = None
        self._upstreams: UpstreamPoller | None = None
        #: For editions; used while `_edition_lock` is held.
        self._change_poller = ChangePoller(Changes(database), waiting=Waiting.EDITIONS)
        #: For pings, and for words to be indexed; used while the lock is held.
        self._outbox, self._outbox_lock = Changes(database), threading.Lock()
        #: Digest of a configuration of other services that was logged.
        self._warned_of: str | None = None
        self._is_over = threading.Event()
        self._forgetting = Forgetting(database, self._is_over.is_set)
        self._command_log = CommandLog(database)
        away = store_away or _store_away_alarm()
        self._alarms = AlarmRounds(monotonic=time.monotonic, store_away=away)
        self._started_at = self._clock()
        self._status: StatusLine | None = None  #: while it works

    def start(self, settings: Settings) -> None:
        """Starts to work."""
        with suppress(StoreUnavailable):
            self._clock.compare()
        self.configure(settings)
        self._clock.follow()
        self._has_begun = False
        self._scheduler.start()
        self._signal.subscribe(self._on_commit)
        self._signal.start()
        if settings.sources is not None:
            config = Path(settings.sources.working_folder, settings.sources.main.path)
            self._status = StatusLine(config, self._answer_status)
            self._status.start()

    def configure(self, settings: Settings) -> None:
        """Replaces the configuration."""
        with self._scan_lock, self._edition_lock, self._liveness.busy():
            former = self._publisher
            self._set_timers(settings)
        if former is not None:
            former.close()

    @property
    def timers(self) -> dict[str, Callable[[], object]]:
        """The jobs of the timers by name, for callers that run one directly."""
        return self._scheduler.jobs

    def now(self) -> datetime:
        """Returns the current time, by the store's clock."""
        return self._clock()

    def stop(self) -> None:
        """Finishes the current work; a long file is left half read, for the next start."""
        self._is_over.set()
        if self._status is not None:
            self._status.stop()
        self._signal.close()
        self._scheduler.stop()
        self._clock.stop()
        self.close()

    def close(self) -> None:
        """Releases connections and threads, for callers that ran the jobs without `start`."""
        self._stale.close()
        self._store_log.close()
        self._change_poller.close()
        self._outbox.close()
        if self._publisher is not None:
            self._publisher.close()

    def _answer_status(self, question: Question) -> dict[str, Any] | None:
        try:
            application = self._application
            return None if application is None else answer_status(question, application)
        except Exception:
            _log.exception("status not answered", effect="the command reads the store itself")
            return None

    def _set_timers(self, settings: Settings) -> None:
        application = build_application(settings, self._database, self._clock)
        self._apply(application)
        self._application = application
        folders = Folders(
            self._database,
            application.newsroom,
            application.rules,
            folders=settings.intake.folders,
            settle_s=settings.intake.settle_seconds,
            now=self._clock,
            is_over=self._is_over.is_set,
            measure=application.measure,
            keep_picture=application.media.keeper(FOLDER),
            keep_file=application.media.file_keeper(FOLDER),
            # SQLite's file is used by one machine only, whose name may change.
            host="" if self._database.is_sqlite else os.uname().nodename,
        )
        self._publisher = sender = publisher(application, self._failures)
        self._upstreams = upstreams = upstream_poller(application, worker=self._worker)
        keeper = alarm_keeper(application, watching_since=self._started_at)

        def scan() -> None:
            with self._scan_lock:
                has_news = folders.scan()
            if has_news:
                self._scheduler.wake(REGENERATE)

        schedule = settings.schedule
        editing = self._liveness.part(REGENERATE, every_s=schedule.regenerate_seconds)
        ending = self._liveness.part(EMBARGO, every_s=EMBARGO_POLL_EVERY_S)

        def make_editions() -> None:
            self._will_look = False
            try:
                with editing.round():
                    editing.worked(self._make_editions(application, progress=editing.worked))
            finally:
                self._has_begun = True

        def end_embargoes() -> None:
            with ending.round():
                is_news = self._end_embargoes(application, sender, keeper)
                ending.worked()
            # Called directly: if the timer were busy, waking it would have no effect for now.
            if is_news:
                make_editions()

        timers = (
            Timer(name=SCAN, job=scan, every_s=schedule.scan_seconds),
            Timer(name=REGENERATE, job=make_editions, every_s=schedule.regenerate_seconds),
            Timer(name=PING, job=partial(self._ping, sender), every_s=schedule.ping_seconds),
            Timer(name=EMBARGO, job=end_embargoes, every_s=EMBARGO_POLL_EVERY_S),
            Timer(
                name=CANARY,
                job=partial(hub_monitor(application).run, now=self._clock),
                every_s=MONITOR_HUBS_EVERY_S,
            ),
            Timer(
                name=BACKUP,
                job=partial(
                    back_up_when_due,
                    settings,
                    self._database,
                    now=self._clock,
                    should_stop=self._is_over.is_set,
                ),
                every_s=BACKUP_POLL_EVERY_S,
            ),
            Timer(name=SEARCH, job=self._index, every_s=INDEX_EVERY_S),
            Timer(name=FORGET, job=partial(self._forget, application), every_s=FORGET_EVERY_S),
            Timer(
                name=UPSTREAMS,
                job=partial(self._poll_upstreams, upstreams),
                every_s=POLL_UPSTREAMS_EVERY_S,
            ),
            Timer(
                name=UPSTREAM_PUSHES,
                job=partial(self._read_pushes, upstreams),
                every_s=READ_PUSHES_EVERY_S,
            ),
            Timer(name=COMMANDS, job=self._command_log.run, every_s=AUDIT_POLL_EVERY_S),
            Timer(
                name=ALARMS,
                job=partial(self._alarms.run, keeper, now=self._clock),
                every_s=CHECK_EVERY_S,
            ),
        )
        if self._database.is_sqlite:
            record = partial(record_state, settings, self._database)
            job = partial(self._store_log.run, record)
            self._scheduler.set(Timer(name=STORE_LOG, job=job, every_s=WAL_POLL_EVERY_S))
        else:
            note = partial(record_known, settings, self._database)
            self._scheduler.set(Timer(name=STORE_NOTE, job=note, every_s=NOTE_EVERY_S))
        for timer in timers:
            self._scheduler.set(replace(timer, job=partial(self._do, timer.job)))

    def _ping(self, sender: Publisher) -> None:
        """Sends what is due. Reading it takes fifty times as long as asking whether anything is."""
        if self._has(Waiting.PINGS):
            self._ping_after(sender.send_due(now=self._clock()))

    def _ping_after(self, wait_s: float | None) -> None:
        """Has pings sent after so many seconds; None if none has to wait for web workers."""
        if wait_s is not None:
            self._scheduler.wake(PING, after=timedelta(seconds=wait_s + TIMER_SLACK_S))

    def _index(self) -> None:
        """Indexes the words of all new and corrected releases, a few at a time."""
        # A service that begins makes its first editions first: readers wait for them, and the
        # memory that they took is taken again.
        if not self._has_begun or not self._has(Waiting.WORDS):
            return
        count = 0
        while not self._is_over.is_set() and (done := index_marked(self._database)):
            count += done
        if count > MANY_WORDS:
            forget_words()
            self._release_memory()

    def _poll_upstreams(self, poller: UpstreamPoller) -> None:
        """Polls other people's feeds that are due. A reload lets it end, and not wait."""

        def should_stop() -> bool:
            return self._is_over.is_set() or self._upstreams is not poller

        if not should_stop():
            poller.run(should_stop=should_stop)

    def _read_pushes(self, poller: UpstreamPoller) -> None:
        if self._upstreams is poller:
            poller.subscriber.run(should_stop=self._is_over.is_set)

    def _has(self, waiting: Waiting) -> bool:
        with self._outbox_lock:
            return self._outbox.has(waiting)

    def _on_commit(self) -> None:
        """Has editions made if feeds are stale: at once, or when the pause after the last is over.

        During a bulk intake there are many commits a second, and one edition for many of them. The
        pause is shorter than that of the timer: releases that came at its rate would all wait.
        """
        application, is_stale = self._application, False
        with suppress(StoreUnavailable):  # the timer reports it
            is_stale = not self._will_look and self._stale.has(Waiting.EDITIONS)
        if application is None or not is_stale:
            return
        self._will_look = True
        now_s = time.monotonic()
        at_s = max(now_s, self._looks_at)
        self._looks_at = at_s + application.settings.schedule.regenerate_seconds / 2
        self._scheduler.wake(REGENERATE, after=timedelta(seconds=at_s - now_s))

    def _do(self, job: Callable[[], object]) -> None:
        """Runs a job, unless this machine's clock is so wrong that it should run none."""
        if self._clock.is_trusted:
            job()
        else:
            self._liveness.rest()

    def _forget(self, application: Application) -> None:
        settings = application.settings
        self._forgetting.run(
            application.catalogue,
            settings.retention,
            now=self._clock(),
            media_days=settings.media.unused_days,
            readership_days=settings.readership.days,
        )

    def _apply(self, application: Application) -> None:
        try:
            with self._liveness.busy():
                count = application.newsroom.apply_catalogue(now=self._clock(), by=self._worker)
        except ConfigurationSuperseded:
            return  # logged when the next editions are made
        if count:
            _log.info("releases reassigned", count=count)

    def _make_editions(
        self, application: Application, *, progress: Callable[[], object] = lambda: None
    ) -> str | None:
        """Makes the editions that are due; returns the result if it is worth reporting."""
        with self._edition_lock:
            # If a reload came during the wait for the lock, its own timer runs at once.
            if self._application is not application or not self._may_be_due(application):
                return None
            pending = application.newsroom.pending(now=self._clock())
            if not self._is_in_force(application, pending):
                return "made no editions: the store has another configuration"
            ended = application.newsroom.closures.announce(now=self._clock())
            expired = []
            if pending.has_old_notices:
                expired = application.newsroom.notices.expire(now=self._clock())
            made = regenerate(
                application.newsstand, now=self._clock, worker=self._worker, progress=progress
            )
            sender = self._publisher
        _log_ends(ended, expired)
        editions = [one for one in made if isinstance(one, Edition) and one.changed]
        published = len(editions)
        if not published:
            return None
        if sender is not None:
            sender.note_stored(editions)
            self._ping_after(sender.spread.total_seconds())
        self._scheduler.wake(SEARCH, after=timedelta(seconds=INDEX_AFTER_S))
        if published > MANY:
            # Many feeds at once fill the caches with entries of all feeds. The next editions are of
            # those few feeds that have news.
            application.newsstand.forget()
            self._release_memory()
        return f"published editions of feeds: {published}"

    def _release_memory(self) -> None:
        with suppress(StoreUnavailable):
            self._database.release_memory()
        release_free_memory()
        release_libraries()

    def _may_be_due(self, application: Application) -> bool:
        """Whether feeds may be stale, or one has ended, which no commit says."""
        closures = application.newsroom.closures
        return self._change_poller.is_due() or closures.are_due(now=self._clock())

    def _is_in_force(self, application: Application, pending: PendingWork) -> bool:
        """Makes sure that the store has the configuration of *application*; returns whether it has.

        A configuration that a command applied is replaced: it counts for that command only. Another
        service's configuration stays: the service that was started or reloaded last takes
        precedence, and two that took turns would publish every feed again and again.
        """
        newsroom = application.newsroom
        known, is_doubtful = pending.in_force, pending.is_doubtful
        if known is None or (known.applied_by == COMMAND and not newsroom.is_in_force(known)):
            _log.info("configuration applied again", reason="a command had another one, or none")
            self._apply(application)
            known, is_doubtful = newsroom.in_force(), True
        if not newsroom.is_in_force(known):
            self._warn_of(known)
            return False
        self._warned_of = None
        if not is_doubtful:
            return True
        try:
            count = newsroom.reassign_doubtful(now=self._clock())
        except ConfigurationSuperseded:
            return False  # logged by the next call
        if count:
            reason = "assigned by another configuration"
            _log.info("releases reassigned", count=count, reason=reason)
        return True

    def _warn_of(self, known: InForce | None) -> None:
        if known is None or known.digest == self._warned_of:
            return
        self._warned_of = known.digest
        _log.warning(
            "no editions are made here: the store has another configuration",
            applied_by=known.applied_by,
            since=f"{known.since:%Y-%m-%dT%H:%M:%SZ}",
            remedy="give both services the same configuration, or reload this one",
        )

    def _end_embargoes(
        self, application: Application, sender: Publisher, keeper: AlarmKeeper
    ) -> bool:
        """Publishes releases whose embargo ends before the next poll; returns whether any did."""
        newsroom = application.newsroom
        if not wait_for_embargo_end(newsroom, now=self._clock, is_over=self._is_over):
            return False
        end, now = newsroom.embargoes.next_end(), self._clock()
        if end is not None and now - end > keeper.embargo_patience:
            # Found now or never: in a moment it will be public, as if nothing had happened.
            with suppress(StoreUnavailable, StoreConflict):
                keeper.check(now=now, kinds=[AlarmKind.EMBARGO_MISSED])
        with self._edition_lock:
            # If a reload came during the wait for the lock, its own timer runs at once.
            return self._publisher is sender and release_due(newsroom, now=self._clock()) > 0


def _log_ends(ended: Sequence[str], expired: Sequence[Release]) -> None:
    """Logs the feeds and notices whose time is over."""
    for slug in ended:
        _log.info("feed ended", feed=slug)
    for release in expired:
        title = release.content.title
        _log.info("retraction notice expired", release=release.slug, title=title)


def _release(tx: Transaction) -> None:
    tx.feeds.release_claims()
    tx.pings.release_claims()
    tx.upstreams.release_claims()


def _store_away_alarm() -> StoreAwayAlarm:
    return StoreAwayAlarm(host=os.uname().nodename, monotonic=time.monotonic)


def main(start: ProcessStart) -> int:
    """Works until a signal asks to stop, or until the supervisor is gone."""
    away = _store_away_alarm()  # one for all tries to start, and for the work after them
    rounds = AlarmRounds(monotonic=time.monotonic, store_away=away)

    def tell(error: StoreUnavailable, settings: Settings, database: Database) -> None:
        keeper = alarm_keeper(build_application(settings, database))
        rounds.store_failed(error, keeper, now=machine_clock)

    make = partial(Jobs, store_away=away)
    return background.run(start, role="jobs", make=make, release=_release, on_away=tell)


if __name__ == "__main__":
    sys.exit(main(ProcessStart.unsupervised(Path(sys.argv[1]))))
