"""The real service: real processes, a real port, a configuration of its own in a folder."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeVar

from feeds.store.database import Database
from tests.support import fork_server

ROOT = Path(__file__).parents[2]

_Seen = TypeVar("_Seen")

CATEGORIES = """\
categories:
  - slug: cooperation
    title: International, regional, and subregional cooperation
  - slug: finance
    title: Finance
"""


def wait_until(look: Callable[[], _Seen], *, within_s: float = 90.0) -> _Seen:
    """What *look* sees as soon as it is true; AssertionError when it does not become so.

    A look that takes long is taken less often: three quarters of the time are left to what it
    waits for.
    """
    deadline = time.monotonic() + within_s
    while True:
        begun = time.monotonic()
        seen = look()
        if seen:
            return seen
        ended = time.monotonic()
        assert ended < deadline, f"not within {within_s} s: {look}"
        time.sleep(min(max(0.01, 3 * (ended - begun)), 0.5))


def wait_for_end(thread: threading.Thread, *, within_s: float = 10.0) -> None:
    """Wait until *thread* has ended; AssertionError when it does not."""
    thread.join(within_s)
    assert not thread.is_alive(), f"{thread.name} has not ended within {within_s:g} s"


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def command_words(process_id: str) -> list[bytes]:
    """What a process was called by; nothing when it is gone."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def own_name(process_id: str) -> str:
    """What a process calls itself; nothing when it is gone."""
    try:
        return Path(f"/proc/{process_id}/comm").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered."""

    status: int
    headers: dict[str, str]  #: by lower-case name
    body: bytes


@dataclass(slots=True, kw_only=True)
class Service:
    """A configured service: not running, until it is started."""

    folder: Path
    store_url: str | None = None
    hubs: tuple[str, ...] = ()
    upstreams: tuple[dict[str, object], ...] = ()
    port: int = field(default_factory=free_port)
    begins_anew: bool = False  #: it is started as by an operator; see `fork_server`
    process: subprocess.Popen[bytes] | fork_server.Process | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.categories.write_text(CATEGORIES, encoding="utf-8")
        self.write_main({})

    @property
    def base_url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.folder / "data" / "inbox"

    @property
    def main(self) -> Path:
        """``communique.yaml``."""
        return self.folder / "communique.yaml"

    @property
    def categories(self) -> Path:
        """``categories.yaml``."""
        return self.folder / "categories.yaml"

    @property
    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def write_main(self, changes: dict[str, dict[str, object]]) -> None:
        """Write the main file: fit for a test, with *changes* by section. JSON is YAML."""
        store = {"url": self.store_url} if self.store_url else {}
        sections: dict[str, dict[str, object]] = {
            "site": {"title": "Test newsroom", "base_url": self.base_url},
            "store": dict(store),
            "schedule": {
                "scan_seconds": 0.1,
                "regenerate_seconds": 0.1,
                "ping_seconds": 0.1,
                "config_seconds": 0.1,
            },
            "intake": {"settle_seconds": 0.0},
            "websub": {"timeout_seconds": 1, "first_retry_seconds": 0.2},
            "own_hub": {"offered": False},
            "canary": {"watches": False},
            "outbound": {"allow_networks": ["127.0.0.0/8"]},
            "http": {"port": self.port, "workers": 1, "threads": 2},
            "log": {"format": "json"},
        }
        for name, section in changes.items():
            sections[name] = {**sections.get(name, {}), **section}
        document = {
            **sections,
            "data_folder": str(self.folder / "data"),
            "hubs": list(self.hubs),
            "upstreams": list(self.upstreams),
        }
        self.main.write_text(json.dumps(document, indent=2), encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        """A call of the command line on this service."""
        return [sys.executable, "-m", "service", "--config", str(self.main), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = self.command(*arguments)
        if not fork_server.can_start(command):
            return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)
        with TemporaryFile() as out, TemporaryFile() as talk:
            process = fork_server.start(command, stdout=out.fileno(), stderr=talk.fileno())
            code = process.wait(180)
            said = [_read(each) for each in (out, talk)]
        return subprocess.CompletedProcess(command, code, *said)

    def start(self, *arguments: str) -> None:
        """Start it, and wait until it watches its folders and every feed has an edition."""
        self.begin(*arguments)
        wait_until(self._is_up)
        wait_until(lambda: self.get("/readyz").status == HTTPStatus.OK)

    def begin(self, *arguments: str) -> subprocess.Popen[bytes] | fork_server.Process:
        """Start it, and wait for nothing."""
        command = self.command("serve", *arguments)
        with (self.folder / "log").open("wb") as log:
            if self.begins_anew or not fork_server.can_start(command):
                self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            else:
                self.process = fork_server.start(command, stdout=log.fileno(), stderr=log.fileno())
        return self.process

    def stop(self) -> int:
        """End it as an operator does; says its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """``kill -9`` on the supervisor, and wait until its orphans are gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        wait_until(lambda: not self.process_ids())

    def process_ids(self, role: str = "") -> list[int]:
        """The processes that serve from this folder, or those of them that have this *role*."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_mine(entry, role)
        ]

    def get(self, path: str, **headers: str) -> Answer:
        """Ask it, over a socket."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers=names)
            answer = connection.getresponse()
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=fields, body=answer.read())
        finally:
            connection.close()

    def titles(self, slug: str = "all") -> list[str]:
        """The titles in a feed, as a reader of its JSON document sees them."""
        return [str(item["title"]) for item in self.items(slug)]

    def items(self, slug: str = "all") -> list[dict[str, object]]:
        """The items of a feed's JSON document."""
        items: list[dict[str, object]] = json.loads(self.get(f"/feeds/{slug}.json").body)["items"]
        return items

    @contextmanager
    def opened_store(self) -> Iterator[Database]:
        """Its own store, to look into."""
        database = Database.open(
            self.store_url or f"sqlite:///{self.folder / 'data' / 'communique.db'}"
        )
        try:
            yield database
        finally:
            database.close()

    def wait_until_hubs_are_told(self) -> None:
        """Wait until all hubs were told of all there is.

        Who subscribes at our own between the first edition of a feed and its ping gets that
        edition, as is right.
        """
        with self.opened_store() as database:
            wait_until(lambda: _are_told(database))

    def drop(self, name: str, text: str) -> Path:
        """Put a document into the watched folder, whole at once."""
        path = self.inbox / name
        hidden = self.inbox / f".{name}"
        hidden.write_text(text, encoding="utf-8")
        hidden.replace(path)
        return path

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        return "watching for documents" in self.log

    def _is_mine(self, entry: Path, role: str) -> bool:
        words = command_words(entry.name)
        is_ours = any(str(self.folder).encode() in word for word in words)
        return is_ours and (not role or own_name(entry.name) == f"communique {role}")


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _are_told(database: Database) -> bool:
    with database.read() as store:
        return all(ping.state == "told" for ping in store.pings.listed())


@contextmanager
def running(service: Service, *arguments: str) -> Iterator[Service]:
    """The service, running until the end of the block."""
    service.start(*arguments)
    try:
        yield service
    finally:
        if service.process is not None and service.process.poll() is None:
            service.stop()


def document(title: str, *cells: str, published: str = "2026-01-05T09:00:00+00:00") -> str:
    """A document in the form of the user's own."""
    end = "".join(f"{cell}|" for cell in cells)
    return f"{title}\n\nA paragraph about it.\n\n{published} Monday, 5 January 2026|{end}"
