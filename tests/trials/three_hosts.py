"""Three hosts over one PostgreSQL: ``python -m tests.trials.three_hosts [--releases 20000]``.

Each host is a network namespace with the whole service in all its processes; PostgreSQL is behind a
proxy that makes a round trip 3 ms longer. Releases, corrections and retractions come in at all
hosts, by API and folder, while the configuration changes eight times. One host loses its store and
finds it again; the clock of another one is 20 s ahead, for a while an hour. In the end each feed on
each host is to be what a fresh store with the same documents and the last configuration publishes.

Needs root, ``ip`` (iproute2), PostgreSQL and a C compiler. Exit code 0 when
all is well, 1 when something is not; what is not is told. See docs/trials.md.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, PriorityQueue
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from sqlalchemy import func, select, text

from bench.slow_wire import slow_wire
from feeds.model.feed import Format
from feeds.store.database import Database
from feeds.store.schema import doubtful_filings, feeds, intake_files, releases
from service.settings import load
from tests.support import postgres
from tests.support.fresh_store import FreshStore, Moments, moments
from tests.support.namespaces import Machine, Network, network
from tests.support.subscriber import Subscriber, running_subscriber
from tests.support.wrong_clock import WrongClock, compiler
from tests.trials.workload import (
    BASE_URL,
    REASON,
    VERSIONS,
    Life,
    categories_file,
    lives,
    main_file,
)

ROUND_TRIP_S = 0.003
PORT = 8000
A_LITTLE_AHEAD_S, AN_HOUR_AHEAD_S = 20, 3600

#: Of the three.
CUT_OFF, WRONG_CLOCK = 1, 2

#: What happens when so much of all has come in.
CUT_AT, AHEAD_AT, AHEAD_UNTIL = 0.3, 0.6, 0.8

#: How releases come in, and how often in a thousand.
WAYS = {"batch": 750, "single": 5, "folder": 245}
A_BATCH, A_FILE = 400, 200
#: In this time the service answers, whatever is wrong: its own limits are shorter.
ANSWER_WITHIN_S = 180.0
#: A file is read by then; not while its host does no jobs.
READ_WITHIN_S = 1800.0
SETTLE_WITHIN_S = 600.0

#: What of a document tells how its feed lived, and not what the feed holds: the moment of its last
#: edition, and how what it does not show is cut into archives.
_LIVED = re.compile(
    rb"  <updated>[^<]*</updated>\n|<updated>[^<]*</updated>|<lastBuildDate>[^<]*</lastBuildDate>"
    rb"|<fh:complete/>| xmlns:fh=\"[^\"]*\"|<(?:atom:)?link [^>]*rel=\"prev-archive\"[^>]*/>"
    rb"|\"next_url\":\"[^\"]*\","
)
_FIRST_ENTRY = re.compile(rb'<(?:entry|item)[ >]|"items":\[')
_ENTRY = re.compile(rb"<entry[ >].*?</entry>", re.DOTALL)
_ID = re.compile(rb"<id>([^<]*)</id>")
_PREVIOUS = re.compile(rb'<link [^>]*rel="prev-archive"[^>]*/>')
_ARCHIVE_NUMBER = re.compile(rb"/archive/(\d+)\.atom")

Op = tuple[float, int, int]
"""When it is its turn, the number of the release, the number of the step."""


def tell(words: str) -> None:
    """Say what happens."""
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {words}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Host:
    """A machine with the service on it."""

    machine: Machine
    folder: Path
    clock: WrongClock | None = None  #: if it is wrong
    process: subprocess.Popen[bytes] | None = None
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """As it calls itself."""
        return f"host-{self.machine.number + 1}"

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.folder / "data" / "inbox"

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def configure(self, version: int, store_url: str) -> None:
        """Write both files; a running service looks for changes by itself."""
        files = {"communique.yaml": main_file(version, store_url=store_url)}
        files["categories.yaml"] = categories_file(version)
        for name, content in files.items():
            hidden = self.folder / f".{name}"
            hidden.write_text(content, encoding="utf-8")
            hidden.replace(self.folder / name)

    def command(self, *words: str) -> list[str]:
        """How to run Communiqué there."""
        script = 'hostname "$0" && exec "$@"'
        service = [
            sys.executable,
            "-m",
            "service",
            "--config",
            str(self.folder / "communique.yaml"),
        ]
        return self.machine.command(
            "unshare", "--uts", "sh", "-c", script, self.name, *service, *words
        )

    def environment(self) -> dict[str, str]:
        """Of its processes."""
        return dict(os.environ) if self.clock is None else os.environ | self.clock.environment

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment(), capture_output=True,
            text=True, timeout=600,
        )  # fmt: skip

    def start(self) -> None:
        """Start the service."""
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                self.command("serve"), cwd=self.folder, env=self.environment(),
                stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self) -> None:
        """End it as an operator does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask it from outside: status, header fields by lower-case name, body."""
        with closing(HTTPConnection(self.machine.address, PORT, timeout=ANSWER_WITHIN_S)) as asked:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            asked.request(method, path, body, {"Host": BASE_URL.removeprefix("http://"), **fields})
            answer = asked.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, named, answer.read()

    def is_ready(self) -> bool:
        """Whether it says that it works."""
        with suppress(OSError, HTTPException):
            return self.ask("GET", "/readyz")[0] == 200
        return False


class Sender:
    """Sends all steps of all lives, each when the one before it was accepted."""

    def __init__(
        self, hosts: Sequence[Host], database: Database, token: str, all_lives: Sequence[Life]
    ) -> None:
        """Have the first step of each release ready to be sent."""
        self._hosts = hosts
        self._database = database
        self._token = token
        self._lives = all_lives
        self._random_fraction = random.Random(3)
        self._lock = threading.Lock()
        self._left = sum(life.steps for life in all_lives)
        self._all = self._left
        self.faults: list[str] = []
        self.again: Counter[str] = Counter()  # what was sent once more, by why
        ways = ("batch", "single", "folder", "retract")
        self._queues: dict[tuple[int, str], PriorityQueue[Op]] = {
            (host, way): PriorityQueue() for host in range(len(hosts)) for way in ways
        }
        for number in range(len(all_lives)):
            self._offer(number, 0, at=number / len(all_lives))
        self._threads = [
            threading.Thread(target=self._work, args=(host, way, queue), daemon=True)
            for (host, way), queue in self._queues.items()
        ]

    @property
    def progress(self) -> float:
        """How much of all is accepted, from 0 to 1."""
        return 1 - self._left / self._all

    @property
    def left(self) -> int:
        """How many steps are left; 0 too when something cannot be sent."""
        return 0 if self.faults else self._left

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def _offer(self, number: int, step: int, *, at: float) -> None:
        """Put a step into a queue: of another host than the step before it."""
        is_retraction = step == len(self._lives[number].records)
        [way] = self._random_fraction.choices([*WAYS], [*WAYS.values()])
        host = (number + step) % len(self._hosts)
        self._queues[host, "retract" if is_retraction else way].put((at, number, step))

    def _accepted(self, ops: Sequence[Op]) -> None:
        with self._lock:
            self._left -= len(ops)
            for at, number, step in ops:
                if step + 1 < self._lives[number].steps:
                    self._offer(number, step + 1, at=at + self._random_fraction.uniform(0.01, 0.2))

    def _work(self, host: int, way: str, queue: "PriorityQueue[Op]") -> None:
        send = {"batch": self._batch, "folder": self._file}.get(way, self._one)
        size = {"batch": A_BATCH, "folder": A_FILE}.get(way, 1)
        while self.left:
            ops = _some(queue, size)
            if not ops:
                continue
            try:
                send(self._hosts[host], ops)
            except Exception as error:
                self.faults.append(f"{self._hosts[host].name}, {way}: {error!r}")
                return
            self._accepted(ops)

    def _record(self, op: Op) -> dict[str, object]:
        return self._lives[op[1]].records[op[2]]

    def _batch(self, host: Host, ops: Sequence[Op]) -> None:
        """Send some by one request; those that were not taken in again, until they are."""
        left = list(ops)
        while left:
            lines = b"\n".join(json.dumps(self._record(op)).encode() for op in left)
            said = self._asked(host, "POST", "/api/v1/releases", lines, "application/x-ndjson")
            results = json.loads(said)["results"]
            bad = [each for each in results if each["status"] not in (200, 201)]
            again = [each for each in bad if each["status"] in (409, 429, 503)]
            if len(again) < len(bad):
                raise AssertionError(bad)
            self.again["one of a batch"] += len(again)
            left = [left[each["index"]] for each in again]

    def _one(self, host: Host, ops: Sequence[Op]) -> None:
        for op in ops:
            life = self._lives[op[1]]
            path = f"/api/v1/releases/{life.key}"
            if op[2] == len(life.records):
                self._asked(host, "DELETE", f"{path}?{urlencode({'reason': REASON})}", None, None)
            else:
                record = {k: v for k, v in self._record(op).items() if k != "id"}
                self._asked(host, "PUT", path, json.dumps(record).encode(), "application/json")

    def _asked(
        self, host: Host, method: str, path: str, body: bytes | None, kind: str | None
    ) -> bytes:
        """The answer to a request; made again while the service says so, or says nothing."""
        deadline = time.monotonic() + READ_WITHIN_S
        fields = {"Authorization": f"Bearer {self._token}"}
        if kind is not None:
            fields["Content_Type"] = kind
        while time.monotonic() < deadline:
            try:
                status, _, answer = host.ask(method, path, body, **fields)
            except (OSError, HTTPException) as error:
                self.again[f"{host.name}: {type(error).__name__}"] += 1
            else:
                if status in (200, 201, 207):
                    return answer
                if status not in (409, 429, 503):
                    raise AssertionError(f"{method} {path}: {status} {answer[:500]!r}")
                self.again[f"{host.name}: {status}"] += 1
            time.sleep(1)
        raise AssertionError(f"{method} {path}: not accepted")

    def _file(self, host: Host, ops: Sequence[Op]) -> None:
        """Put a file into the watched folder, and wait until it was read."""
        name = f"{ops[0][1]}-{ops[0][2]}.jsonl"
        lines = "\n".join(json.dumps(self._record(op)) for op in ops)
        hidden = host.inbox / f".{name}"
        hidden.write_text(lines, encoding="utf-8")
        hidden.replace(host.inbox / name)
        path = str(host.inbox / name)
        deadline = time.monotonic() + READ_WITHIN_S
        while not self._is_read(path):
            if time.monotonic() > deadline or self.faults:
                raise AssertionError(f"{name} was not read")
            time.sleep(0.5)

    def _is_read(self, path: str) -> bool:
        with self._database.read() as tx:
            found = select(intake_files.c.path).where(intake_files.c.path == path)
            return tx.connection.execute(found).first() is not None


def _some(queue: "PriorityQueue[Op]", size: int) -> list[Op]:
    """What is first in the queue, and each release once."""
    ops: list[Op] = []
    with suppress(Empty):
        ops.append(queue.get(timeout=0.2))
        while len(ops) < size:
            ops.append(queue.get_nowait())
    return ops


def _lead(socket: Path, host: str, pipe: Connection) -> None:
    """Be the proxy: a process of its own, so that nobody waits for the senders' threads."""
    with slow_wire(socket, round_trip_s=ROUND_TRIP_S, host=host) as port:
        pipe.send(port)
        with suppress(EOFError):
            pipe.recv()


@contextmanager
def _proxy(socket: Path, host: str) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_lead, args=(socket, host, there))
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        here.close()
        process.join(10)
        process.kill()


class Trial:
    """One trial, from the first release to the last comparison."""

    def __init__(
        self, hosts: Sequence[Host], direct_url: str, store_url: str, all_lives: Sequence[Life]
    ) -> None:
        """Set nothing in motion yet.

        Args:
            hosts: They run.
            direct_url: Of the store, for looking at it.
            store_url: Of the store, by the proxy.
            all_lives: What is to be sent.
        """
        self._hosts = hosts
        self._store_url = store_url
        self._database = Database.open(direct_url)
        self._lives = all_lives
        self.faults: list[str] = []
        self._is_over = threading.Event()

    def run(self, subscriber: Subscriber, *, cut_s: float, seconds: float) -> None:
        """Send everything, let everything happen, and wait until nothing is left to be done."""
        token = self._hosts[0].run(
            "token", "make", "trial", "--action", "publish", "--action", "retract"
        )
        assert token.returncode == 0, token.stderr
        self._subscribe(subscriber)
        sender = Sender(self._hosts, self._database, token.stdout.strip(), self._lives)
        watchers = [threading.Thread(target=self._read, args=(host,)) for host in self._hosts]
        watchers.append(threading.Thread(target=self._watch_moments))
        for thread in watchers:
            thread.start()
        begun = time.monotonic()
        sender.start()
        self._let_happen(sender, cut_s=cut_s, deadline=begun + seconds)
        tell(f"all is sent after {time.monotonic() - begun:.0f} s; again: {dict(sender.again)}")
        self.faults += sender.faults
        self._settle()
        tell(f"settled after {time.monotonic() - begun:.0f} s")
        self._is_over.set()
        for thread in watchers:
            thread.join()
        for host in self._hosts:
            tell(f"{host.name} answered readers: {dict(host.statuses)}")
            if set(host.statuses) != {"200"}:
                self.faults.append(f"{host.name} answered readers {dict(host.statuses)}")

    def _subscribe(self, subscriber: Subscriber) -> None:
        for number, name in enumerate(("all.json", "field-1.atom")):
            form = {
                "hub.mode": "subscribe",
                "hub.topic": f"{BASE_URL}/feeds/{name}",
                "hub.callback": subscriber.url(f"/{name}"),
            }
            host = self._hosts[number]
            body = urlencode(form).encode()
            status, _, said = host.ask(
                "POST", "/hub", body, Content_Type="application/x-www-form-urlencoded"
            )
            assert status == 202, said
        subscriber.wait_for_verifications(2)

    def _let_happen(self, sender: Sender, *, cut_s: float, deadline: float) -> None:
        version, cut_at, mended = 0, None, False
        wrong = self._hosts[WRONG_CLOCK]
        assert wrong.clock is not None
        clock = [(AHEAD_AT, AN_HOUR_AHEAD_S), (AHEAD_UNTIL, A_LITTLE_AHEAD_S)]
        while sender.left:
            time.sleep(0.1)
            now, progress = time.monotonic(), sender.progress
            if now > deadline:
                self.faults.append(f"{sender.left} steps were left when time was over")
                return
            if version + 1 < VERSIONS and progress > (version + 1) / VERSIONS:
                version += 1
                for host in self._hosts:
                    host.configure(version, self._store_url)
                tell(f"{progress:.0%}: configuration {version}")
            if cut_at is None and progress > CUT_AT:
                self._hosts[CUT_OFF].machine.lose_store()
                cut_at = now
                tell(f"{progress:.0%}: {self._hosts[CUT_OFF].name} has lost its store")
            if cut_at is not None and not mended and now > cut_at + cut_s:
                self._hosts[CUT_OFF].machine.find_store()
                mended = True
                tell(f"{progress:.0%}: {self._hosts[CUT_OFF].name} has its store again")
            if clock and progress > clock[0][0]:
                _, ahead_s = clock.pop(0)
                wrong.clock.set(ahead_s)
                tell(f"{progress:.0%}: the clock of {wrong.name} is {ahead_s} s ahead")

    def _read(self, host: Host) -> None:
        """Read a feed again and again, as a reader does."""
        has_items = False
        while not self._is_over.wait(0.5):
            try:
                status, _, body = host.ask("GET", "/feeds/all.json")
                said = str(status)
                if status == 200:
                    is_empty = not json.loads(body)["items"]
                    said = "200, empty again" if is_empty and has_items else said
                    has_items |= not is_empty
            except (OSError, HTTPException) as error:
                said = type(error).__name__
            host.statuses[said] += 1

    def _watch_moments(self) -> None:
        """No moment in the store may be ahead of the store's clock."""
        with self._database.read() as tx:
            tx.connection.execute(select(1))
        while not self._is_over.wait(1):
            now = self._database.now()
            assert now is not None
            with self._database.read() as tx:
                changed = tx.connection.execute(select(func.max(releases.c.changed_at))).scalar()
                claimed = tx.connection.execute(select(func.max(feeds.c.claimed_until))).scalar()
            for what, moment, room_s in (("release", changed, 5), ("claim", claimed, 40)):
                if moment is not None and (moment - now).total_seconds() > room_s:
                    fault = f"a {what} is dated ahead"
                    if fault not in self.faults:
                        tell(f"{fault}: {moment - now}")
                        self.faults.append(fault)

    def _settle(self) -> None:
        """Wait until the last configuration is in force and all editions are made of it."""
        deadline = time.monotonic() + SETTLE_WITHIN_S
        while time.monotonic() < deadline:
            left = self._left()
            if not left and all(host.is_ready() for host in self._hosts):
                time.sleep(5)  # what is told to web workers and hubs
                if not self._left():
                    return
            time.sleep(1)
        self.faults.append(f"not settled: {self._left()}")

    def _left(self) -> dict[str, object]:
        with self._database.read() as tx:
            stale = select(feeds.c.slug).where(
                feeds.c.ended_at.is_(None), feeds.c.stale_seq > feeds.c.rendered_seq
            )
            doubtful = select(func.count()).select_from(doubtful_filings)
            found: dict[str, object] = {
                "stale": list(tx.connection.execute(stale).scalars()),
                "doubtful": tx.connection.execute(doubtful).scalar_one(),
            }
        return {name: each for name, each in found.items() if each}

    # What is looked at in the end.

    def judge(self, subscriber: Subscriber, folder: Path) -> None:
        """Look at everything, and note what is wrong."""
        lived = moments(self._database)
        self._judge_store(lived)
        now = self._database.now()
        assert now is not None
        for host in self._hosts:
            checked = host.run("store", "check")
            tell(f"{host.name}: {checked.stdout.strip()} {checked.stderr.strip()}")
            if checked.returncode:
                self.faults.append(f"{host.name}: {checked.stdout} {checked.stderr}")
        if self.faults:
            return
        settings = load(
            self._hosts[0].folder / "communique.yaml", environ={},
            overrides=["data_folder=/nonexistent"],
        )  # fmt: skip
        tell("making the fresh store")
        with closing(Database.open(f"sqlite:///{folder / 'fresh.db'}")) as database:
            fresh = FreshStore(database, settings, self._database)
            fresh.fill(self._lives, lived, now=now)
            tell("comparing")
            self._compare(fresh, subscriber)
            self._compare_archives(fresh, now)

    def _judge_store(self, lived: Mapping[str, Moments]) -> None:
        """Nothing is lost, nothing doubled, nothing done twice; no deadlocks."""
        if len(lived) != len(self._lives):
            self.faults.append(f"{len(lived)} releases of {len(self._lives)}")
        with self._database.read() as tx:
            columns = (releases.c.source_key, releases.c.title, releases.c.category_names)
            held = {row.source_key: row for row in tx.connection.execute(select(*columns))}
            deadlocks = tx.connection.execute(
                text("SELECT sum(deadlocks) FROM pg_stat_database")
            ).scalar_one()
        wrong = 0
        for life in self._lives:
            row, last = held.get(life.source_key), life.records[-1]
            known = lived.get(life.source_key)
            is_right = (
                row is not None
                and known is not None
                and row.title == last["title"]
                and row.category_names == last["categories"]
                and len(known.corrected) == len(life.records) - 1
                and (known.retracted is not None) is life.is_retracted
            )
            if not is_right:
                wrong += 1
                if wrong <= 5:
                    tell(f"{life.key}: {row}, {known}; sent: {last}")
        tell(f"{len(held)} releases, {wrong} of them wrong; {deadlocks} deadlocks")
        if wrong:
            self.faults.append(f"{wrong} releases are not what was sent")
        if deadlocks:
            self.faults.append(f"{deadlocks} deadlocks")

    def _compare(self, fresh: FreshStore, subscriber: Subscriber) -> None:
        same = 0
        for slug in fresh.slugs:
            for feed_format in Format:
                wanted = _without_life(fresh.document(slug, feed_format))
                address = f"/feeds/{slug}.{feed_format.value}"
                answers = [host.ask("GET", address) for host in self._hosts]
                for host, (status, fields, body) in zip(self._hosts, answers, strict=True):
                    if status != 200 or _without_life(body) != wanted:
                        self.faults.append(f"{host.name}: {address} ({status}) is another one")
                        _keep(f"{host.name}-{slug}.{feed_format.value}", body, wanted)
                    elif (body, fields["etag"], fields["last-modified"]) != (
                        answers[0][2], answers[0][1]["etag"], answers[0][1]["last-modified"]
                    ):  # fmt: skip
                        self.faults.append(f"{host.name}: {address} is not as on the first host")
                    else:
                        same += 1
        tell(f"{same} documents are the same")
        for name in ("all.json", "field-1.atom"):
            delivered = subscriber.deliveries(f"/{name}")
            is_last = (
                delivered and delivered[-1].body == self._hosts[0].ask("GET", f"/feeds/{name}")[2]
            )
            tell(f"the subscriber to {name} got {len(delivered)} documents")
            if not is_last:
                self.faults.append(f"the subscriber to {name} does not have the last document")

    def _compare_archives(self, fresh: FreshStore, now: datetime) -> None:
        """Whoever follows the links has the same entries, to the byte."""
        entries = archives = 0
        for slug in fresh.slugs:
            wanted = _walked(
                fresh.document(slug, Format.ATOM),
                lambda number, slug=slug: fresh.archive(slug, number, now=now),
            )[0]
            for host in self._hosts:
                found, count = _walked(
                    host.ask("GET", f"/feeds/{slug}.atom")[2],
                    lambda number, slug=slug, host=host: host.ask(
                        "GET", f"/feeds/{slug}/archive/{number}.atom"
                    )[2],
                )
                entries, archives = entries + len(found), archives + count
                if found != wanted:
                    other = [
                        key for key in wanted.keys() | found if wanted.get(key) != found.get(key)
                    ]
                    self.faults.append(
                        f"{host.name}: {slug} has {len(other)} other entries: {other[:3]}"
                    )
        tell(f"{entries} entries in documents and {archives} archives")


def _without_life(document: bytes) -> bytes:
    """A document without what tells how its feed lived."""
    first = _FIRST_ENTRY.search(document)
    end = first.start() if first else len(document)
    return _LIVED.sub(b"", document[:end]) + document[end:]


def _walked(document: bytes, archive) -> tuple[dict[bytes, bytes], int]:  # type: ignore[no-untyped-def]
    """The entries of a feed by id, from the document to the oldest archive; the first counts."""
    entries: dict[bytes, bytes] = {}
    count = 0
    while True:
        for entry in _ENTRY.findall(document):
            found = _ID.search(entry)
            assert found is not None
            entries.setdefault(found[1], entry)
        link = _PREVIOUS.search(document)
        number = link and _ARCHIVE_NUMBER.search(link[0])
        if not number:
            return entries, count
        count += 1
        document = archive(int(number[1]))


def _keep(name: str, found: bytes, wanted: bytes) -> None:
    """Keep two documents that should be the same, for whoever looks why they are not."""
    folder = Path(os.environ.get("TRIAL_FOLDER", "/tmp/three-hosts"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(_without_life(found))
    (folder / f"{name}.wanted").write_bytes(wanted)


def _hosts(stack: ExitStack, net: Network, folder: Path, store_url: str) -> list[Host]:
    hosts = []
    for machine in net.machines:
        host = Host(machine, folder / f"host-{machine.number + 1}")
        host.inbox.mkdir(parents=True)
        if machine.number == WRONG_CLOCK:
            host.clock = WrongClock(folder / "clock")
            host.clock.set(A_LITTLE_AHEAD_S)
        host.configure(0, store_url)
        hosts.append(host)
    upgraded = hosts[0].run("store", "upgrade")
    assert upgraded.returncode == 0, upgraded.stderr
    for host in hosts:
        host.start()
        stack.callback(host.stop)
    deadline = time.monotonic() + 300
    while not all(host.is_ready() for host in hosts):
        assert time.monotonic() < deadline, [host.log for host in hosts]
        time.sleep(0.5)
    return hosts


def main(arguments: Sequence[str]) -> int:
    """Make the trial; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials.three_hosts")
    parser.add_argument("--releases", type=int, default=20_000)
    parser.add_argument("--cut-seconds", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=3600.0, help="give up sending after this")
    parser.add_argument("--keep", type=Path, help="copy the hosts' logs into this folder")
    asked = parser.parse_args(arguments)
    programs = postgres.binaries()
    if programs is None or os.geteuid() != 0 or compiler() is None:
        sys.stderr.write("needs root, a PostgreSQL server and a C compiler\n")
        return 2
    # What it has started ends with it, also when it is told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="three-hosts-")))
        net = stack.enter_context(network(3))
        direct_url = stack.enter_context(postgres.server(programs))
        socket = Path(direct_url.partition("?host=")[2]) / ".s.PGSQL.5432"
        port = stack.enter_context(_proxy(socket, net.store_address))
        store_url = f"postgresql://suite@{net.store_address}:{port}/postgres"
        subscriber = stack.enter_context(running_subscriber(net.public_address))
        hosts = _hosts(stack, net, folder, store_url)
        if asked.keep:
            stack.callback(_copy_logs, hosts, socket.parent / "log", asked.keep)
        tell(f"{len(hosts)} hosts are ready")
        trial = Trial(hosts, direct_url, store_url, lives(asked.releases))
        trial.run(subscriber, cut_s=asked.cut_seconds, seconds=asked.seconds)
        trial.judge(subscriber, folder)
        for fault in trial.faults[:40]:
            tell(f"WRONG {fault}")
        tell("all is well" if not trial.faults else f"{len(trial.faults)} things are wrong")
        return int(bool(trial.faults))


def _copy_logs(hosts: Sequence[Host], server_log: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(server_log, folder / "postgresql.log")
    for host in hosts:
        (folder / f"{host.name}.log").write_text(host.log, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
