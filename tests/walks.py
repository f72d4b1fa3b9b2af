"""The files that a release, a request, a subscription and a reload pass.

``python -m tests.walks > docs/walks.md`` makes each walk in this process, over a real store and
real sockets, while a profiler records every module in which a function is entered.
"""

import inspect
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

from feeds.model.feed import Format
from feeds.store.changes import Changes
from feeds.store.database import Database
from service.application import CurrentApplication
from service.processes.active_configuration import active_configuration
from service.processes.jobs import Jobs
from service.processes.supervisor import Supervisor
from service.settings import Settings, parse, read_sources
from service.store_clock import machine_clock
from service.stores import make_ready, open_database
from service.web import (
    CacheMiddleware,
    ChangeDetector,
    DocumentCache,
    create_app,
)
from service.web.change_detector import REMOTE_POLL_EVERY_S
from service.wiring import build_application, deliveries, verifications, worker_name
from tests.support import wire_server
from tests.support.running_service import ROOT, Service, wait_until
from tests.support.subscriber import running_subscriber

RELEASE = """\
{title}

It was signed on Monday.

2026-01-05T09:00:00+00:00 Monday, 5 January 2026|Finance|
"""

CALLBACK = "/callback"

#: After editions: pings wait until all web processes serve them.
PINGED_AFTER_S = 0.5

#: For threads that go on after a walk: they are none of the next one.
AFTERMATH_S = 0.5

PREFACE = """\
# Four walks, file by file

[architecture.md](architecture.md) explains these walks. Each list holds the modules of `feeds/` and
`service/` in which a function is entered, in the order of the first entry. Modules that only lend a
constant, a type or a dataclass are not listed, and neither is what happens while a module is
imported. This page is the output of

    python -m tests.walks > docs/walks.md"""


class Trail:
    """The modules that were entered, in order. Install it before any other thread begins."""

    def __init__(self) -> None:
        self._entered: dict[str, None] = {}
        self._is_recording = False
        self._relative: dict[str, str | None] = {}

    def install(self) -> None:
        """Watch this thread, and all that begin from here on."""
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)

    @contextmanager
    def recording(self) -> Iterator[list[str]]:
        """Fills the list with what is entered until the end of the block."""
        self._entered = {}
        files: list[str] = []
        self._is_recording = True
        try:
            yield files
        finally:
            self._is_recording = False
            files += self._entered

    def _profile(self, frame: FrameType, event: str, _argument: object) -> None:
        if not self._is_recording or event != "call":
            return
        code = frame.f_code
        if not code.co_flags & inspect.CO_OPTIMIZED:
            return  # a module or a class that is being made
        name = code.co_filename
        if name not in self._relative:
            self._relative[name] = _relative(name)
        if (found := self._relative[name]) is not None:
            self._entered.setdefault(found)


def _relative(name: str) -> str | None:
    try:
        path = Path(name).relative_to(ROOT)
    except ValueError:
        return None
    return path.as_posix() if path.parts[0] in {"feeds", "service"} else None


class Walks:
    """A newsroom with a web server, jobs and a hub, each of which works when it is asked to."""

    def __init__(self, trail: Trail, service: Service, callback: str) -> None:
        self._trail = trail
        self._service = service
        self._callback = callback
        self._read = partial(read_sources, service.main, environ={})
        self._settings: Settings = parse(self._read())
        self._database: Database = open_database(self._settings)
        make_ready(self._settings, self._database)
        self._jobs = Jobs(self._database)
        self._jobs.configure(self._settings)
        self._do("regenerate")
        application = build_application(self._settings, self._database, machine_clock)
        self._current = CurrentApplication(application)
        self._changes = Changes(self._database, of_documents=True)
        # Under the profiler two requests are further apart than two polls of a file. The walk is to
        # show how a request is answered between them.
        detector = ChangeDetector(
            self._changes, clock=time.monotonic, poll_every_s=REMOTE_POLL_EVERY_S
        )
        cache = DocumentCache(max_bytes=1 << 26, detector=detector)
        app = create_app(self._current, cache, has_api=True, has_hub=True)
        middleware = CacheMiddleware(app, current=self._current, document_cache=cache)
        self.server = wire_server.make_server(middleware)

    def subscription(self) -> list[str]:
        """A subscriber posts its request, is asked whether it meant it, and is subscribed."""
        form = urlencode(
            {
                "hub.mode": "subscribe",
                "hub.topic": f"{self._service.base_url}/feeds/finance.atom",
                "hub.callback": self._callback,
            }
        )
        verifying = self._hub(verifications)
        with self._trail.recording() as files:
            assert self._ask("POST", "/hub", form) == 202
            verifying()
        with self._database.read() as tx:
            assert len(tx.subscriptions.listed()) == 1
        time.sleep(AFTERMATH_S)
        return files

    def release(self, title: str) -> list[str]:
        """A document is found in a folder, published, and pushed to the subscriber."""
        document = self._service.inbox / f"{title}.txt"
        document.write_text(RELEASE.format(title=title), encoding="utf-8")
        self._do("scan")  # the second scan reads it, if it is the same then
        before = self._edition()
        delivering = self._hub(deliveries)
        with self._trail.recording() as files:
            self._do("scan", "regenerate")
            time.sleep(PINGED_AFTER_S)
            self._do("ping")  # in threads of its own
            wait_until(self._is_told)
            delivering()
        assert self._edition() == before + 1
        time.sleep(AFTERMATH_S)
        return files

    def request(self, *, pause_s: float = AFTERMATH_S) -> list[str]:
        """A reader asks for a feed."""
        with self._trail.recording() as files:
            assert self._ask("GET", "/feeds/finance.atom") == 200
        time.sleep(pause_s)
        return files

    def reload(self) -> list[str]:
        """The supervisor finds another categories.yaml; jobs and web work by it."""
        before = self._edition()
        supervisor = Supervisor(self._read, self._read(), self._settings, roles=())
        text = self._service.categories.read_text(encoding="utf-8")
        self._service.categories.write_text(
            text.replace("title: Finance", "title: Money\n    names: [Finance]"), encoding="utf-8"
        )
        with self._trail.recording() as files:
            supervisor._reload(is_asked=False)
            self._jobs.configure(active_configuration(supervisor._active_file))
            self._current.application = build_application(
                active_configuration(supervisor._active_file), self._database, machine_clock
            )
            self._do("regenerate")
        assert self._edition() == before + 1
        return files

    def _is_told(self) -> bool:
        """Whether our hub knows of all editions."""
        with self._database.read() as tx:
            return all(ping.state == "told" for ping in tx.pings.listed())

    def _edition(self) -> int:
        with self._database.read() as tx:
            version = tx.documents.version("finance", Format.ATOM)
        assert version is not None
        return version.edition

    def _do(self, *names: str) -> None:
        for name in names:
            self._jobs.timers[name]()

    def _hub(self, make: Callable[..., object]) -> Callable[[], None]:
        """What runs the hub's work of one kind once, made beforehand."""
        application = build_application(self._settings, self._database, machine_clock)
        dispatcher = make(application, worker=worker_name())
        return dispatcher.run_until_idle  # type: ignore[attr-defined, no-any-return]

    def _ask(self, method: str, path: str, body: str = "") -> int:
        connection = HTTPConnection("127.0.0.1", wire_server.port_of(self.server), timeout=30)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def walk() -> dict[str, list[str]]:
    """The files of each walk, by its name."""
    trail = Trail()
    trail.install()
    with tempfile.TemporaryDirectory() as folder, running_subscriber() as subscriber:
        service = Service(folder=Path(folder))
        service.write_main({"own_hub": {"offered": True}})
        walks = Walks(trail, service, subscriber.url(CALLBACK))
        with wire_server.running(walks.server):
            walks.release("Before the first subscriber")
            subscription = walks.subscription()
            release = walks.release("A treaty is signed")
            subscriber.wait_for_deliveries(1)
            cold = walks.request()
            hot = min((walks.request(pause_s=0) for _ in range(5)), key=len)
            time.sleep(AFTERMATH_S)
            reload = walks.reload()
    return {
        "One release, from the folder to the subscriber": release,
        "One request, answered from memory": hot,
        "One request, answered from the store": cold,
        "One subscription, from the request to the confirmed lease": subscription,
        "One changed categories.yaml, from the file to the next edition": reload,
    }


def page() -> str:
    """docs/walks.md."""
    lines = [PREFACE]
    for name, files in walk().items():
        lines += ["", f"## {name}: {len(files)} files", ""]
        lines += [f"{number}. `{file}`" for number, file in enumerate(files, 1)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.stdout.write(page())
    sys.stdout.flush()
    os._exit(0)  # the jobs' threads have nothing to finish, and no store any more
