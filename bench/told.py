"""From the commit of a release to its readers: this build, over a former one, in turns.

Each build runs as ``communique serve``: two web processes, jobs and the built-in hub, over an
SQLite file of its own. Another process takes in a release and says when its transaction had ended.
Meanwhile both web processes are asked for the feed, over a connection to each; a subscriber that
the hub has verified awaits the document, signed. One run gives both figures.
"""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.figure import Figure, Ratio, Unmeasurable, tell
from bench.former import ROOT, Turns, former_build
from bench.ports import free_port
from bench.rounds import rounds_at, warm_up_before
from bench.whole_service import until_answered, web_processes

#: The build that both figures are set against: pings waited for 250 ms after a run had begun.
BEFORE = "004521d131c8059eb0ed1460cf2cb6e86d15c06d"

#: Prints when a release was committed.
COMMIT = ROOT / "bench" / "commit_a_release.py"

CATEGORY = "news"
PATH = f"/feeds/{CATEGORY}.atom"
SECRET = "known to both"

ROUNDS = 7
WITHIN_S = 20.0

#: Between two questions to the same web process.
ASK_EVERY_S = 0.001

#: After a turn of either build. With the other one's turn, from a build's document to its next
#: release it is longer than the pause between two runs of editions, and each time another, so that
#: no round begins at the same moment of any timer.
REST_S, REST_MORE_S, REST_STEPS = 0.35, 0.035, 5


@dataclass(slots=True)
class Build:
    """One build, and what was measured of it, in milliseconds after the commit."""

    name: str
    source: Path
    workers_ms: list[float] = field(default_factory=list)  #: until the last worker has it
    subscriber_ms: list[float] = field(default_factory=list)


class Subscriber:
    """A server that confirms what it is asked, and notes when each document has come."""

    def __init__(self) -> None:
        subscriber = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                self._answer(200, asked["hub.challenge"][0].encode())
                subscriber.is_verified.set()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                arrived_at = time.monotonic()
                signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
                is_signed = self.headers["X-Hub-Signature"] == f"sha256={signed}"
                self._answer(204, b"")
                subscriber.arrived.append((arrived_at, is_signed))

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                if body:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.is_verified = threading.Event()
        #: When each document had arrived, and whether its signature is right.
        self.arrived: list[tuple[float, bool]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.callback = f"http://127.0.0.1:{self._server.server_port}/callback"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop to answer."""
        self._server.shutdown()
        self._server.server_close()


class Worker:
    """A connection to one web process, which is asked again and again."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self.etag = ""
        self.etag = self.ask()[0]

    def ask(self) -> tuple[str, float]:
        """Ask for the feed; says which edition is served, and when its first bytes had come."""
        fields = {"Accept-Encoding": "gzip", "If-None-Match": self.etag or '"none"'}
        self._connection.request("GET", PATH, headers=fields)
        answer = self._connection.getresponse()
        came_at = time.monotonic()
        answer.read()
        if answer.status not in {200, 304}:
            raise Unmeasurable(f"a web process answered {answer.status}")
        return answer.headers["ETag"], came_at


@dataclass(frozen=True, slots=True)
class Contender:
    """A build's running service, and who waits for its releases."""

    build: Build
    commit: Callable[[], float]  #: takes in a release; when it was committed, in seconds
    workers: list[Worker]
    subscriber: Subscriber

    def round(self) -> tuple[float, float]:
        """One release; milliseconds until the last worker has it, and until the subscriber has."""
        has_committed = threading.Event()
        moments: list[float] = []

        def commit() -> None:
            moments.append(self.commit())
            has_committed.set()

        arrived = self.subscriber.arrived
        arrived.clear()
        committing = threading.Thread(target=commit)
        committing.start()
        served_at = self._await_news()
        committing.join()
        if len(served_at) < len(self.workers) or not arrived:
            raise Unmeasurable(f"{self.build.name}: a release did not reach everybody")
        [came_at, is_signed], [committed_at] = arrived[0], moments
        if not is_signed:
            raise Unmeasurable(f"{self.build.name}: a document was not signed rightly")
        return (max(served_at) - committed_at) * 1000, (came_at - committed_at) * 1000

    def _await_news(self) -> list[float]:
        """Ask all of them in turn until each has served something new and the document has come."""
        served_at: dict[Worker, float] = {}
        deadline = time.monotonic() + WITHIN_S
        while len(served_at) < len(self.workers) or not self.subscriber.arrived:
            if time.monotonic() > deadline:
                break
            for worker in self.workers:
                is_told = bool(self.subscriber.arrived)
                etag, came_at = worker.ask()
                if etag != worker.etag:
                    worker.etag = etag
                    served_at.setdefault(worker, came_at)
                elif is_told and worker not in served_at:
                    # What no build may do: its document says that there is an edition.
                    raise Unmeasurable(f"{self.build.name}: a worker was older than a document")
            time.sleep(ASK_EVERY_S)
        return list(served_at.values())


@contextmanager
def _running(build: Build) -> Iterator[Contender]:
    port = free_port()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="communique-bench-")))
        main_file = _configured(folder, port)
        turns = stack.enter_context(Turns(build.source, COMMIT, str(main_file), CATEGORY))
        turns.turn()  # the store is filled
        command = [sys.executable, "-m", "service", "--config", str(main_file), "serve"]
        service = subprocess.Popen(command, cwd=build.source)
        try:
            until_answered(port, PATH)
            subscriber = stack.enter_context(closing(Subscriber()))
            _subscribe(port, subscriber)
            workers = [Worker(each) for each in _one_to_each(port, web_processes(service.pid))]
            yield Contender(build, lambda: turns.turn() / 1000, workers, subscriber)
        finally:
            service.terminate()
            service.wait(60)


def _configured(folder: Path, port: int) -> Path:
    """Write the files of a newsroom as it ships, but for what its hub is allowed."""
    main_file = folder / "communique.yaml"
    main = {
        "site": {"title": "Example News", "base_url": f"http://127.0.0.1:{port}"},
        "data_folder": str(folder / "data"),
        "http": {"port": port, "workers": 2},
        "outbound": {"allow_networks": ["127.0.0.0/8"]},
        "log": {"level": "error"},
    }
    main_file.write_text(json.dumps(main), encoding="utf-8")
    categories = {"categories": [{"slug": CATEGORY, "title": "News"}]}
    (folder / "categories.yaml").write_text(json.dumps(categories), encoding="utf-8")
    return main_file


def _subscribe(port: int, subscriber: Subscriber) -> None:
    form = {
        "hub.mode": "subscribe",
        "hub.topic": f"http://127.0.0.1:{port}{PATH}",
        "hub.callback": subscriber.callback,
        "hub.secret": SECRET,
    }
    with closing(HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/hub", urlencode(form), headers)
        status = connection.getresponse().status
    if not subscriber.is_verified.wait(WITHIN_S):
        raise Unmeasurable(f"no subscription: {status}")
    time.sleep(1.0)  # the answer is stored, and all processes are at rest


def _one_to_each(port: int, process_ids: list[int]) -> list[HTTPConnection]:
    """Connections, one to each of these processes: as many are opened as it takes."""
    found: dict[int, HTTPConnection] = {}
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
        connection.request("GET", PATH)
        connection.getresponse().read()
        holder = _holder(port, connection.sock.getsockname()[1], process_ids)
        if holder is None or holder in found:
            connection.close()
        else:
            found[holder] = connection
        if len(found) == len(process_ids):
            return [*found.values()]
    raise Unmeasurable("no connection to each web process")


def _holder(port: int, from_port: int, process_ids: list[int]) -> int | None:
    """Which of these processes has accepted the connection from *from_port*."""
    ends = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = [end[9] for end in ends if _port(end[1]) == port and _port(end[2]) == from_port]
    for process_id in process_ids:
        for descriptor in Path(f"/proc/{process_id}/fd").iterdir():
            if descriptor.is_symlink() and str(descriptor.readlink()) in {
                f"socket:[{inode}]" for inode in inodes
            }:
                return process_id
    return None


def _port(address: str) -> int:
    return int(address.partition(":")[2], 16)


@cache
def _measured(scale: float) -> tuple[Build, Build]:
    """Now, and before."""
    rounds = rounds_at(scale, ROUNDS)
    warm_up = warm_up_before(rounds)
    with former_build(BEFORE) as source:
        builds = Build("now", ROOT), Build("before", source)
        with ExitStack() as stack:
            with ThreadPoolExecutor(len(builds)) as pool:  # nothing is measured of their start
                running = pool.map(lambda build: stack.enter_context(_running(build)), builds)
                contenders = list(running)
            for number in range(warm_up + rounds):
                for contender in contenders:
                    workers_ms, subscriber_ms = contender.round()
                    if number >= warm_up:
                        contender.build.workers_ms.append(workers_ms)
                        contender.build.subscriber_ms.append(subscriber_ms)
                    time.sleep(REST_S + number % REST_STEPS * REST_MORE_S)
    for build in builds:
        tell(
            f"{build.name}: after the commit every web process served it after "
            f"{_spread(build.workers_ms)} ms, the subscriber had it after "
            f"{_spread(build.subscriber_ms)} ms"
        )
    return builds


def _spread(times_ms: list[float]) -> str:
    return f"{median(times_ms):.0f} ({min(times_ms):.0f} to {max(times_ms):.0f})"


def _ratio(what: str, scale: float) -> Ratio:
    return Ratio.between(*(getattr(build, what) for build in _measured(scale)))


FIGURES = (
    Figure(name="told_workers", bound=0.4, measure=partial(_ratio, "workers_ms")),
    Figure(name="told_subscriber", bound=0.4, measure=partial(_ratio, "subscriber_ms")),
)
