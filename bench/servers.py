"""Servers to be measured, each a process on the core that is measured, on a port of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import cores, forked
from bench.figure import Unmeasurable
from bench.installed import Installed, installed
from bench.ports import free_port
from feeds.categories import Catalogue
from feeds.newsroom import Newsroom
from feeds.newsstand import Newsstand
from service.settings import Settings

ROOT = Path(__file__).parent.parent
START_WITHIN_S = 30.0

#: As a person writes it who wants to measure what static files can do: one worker, no log, files
#: looked up anew for each request, as fresh as ours are. ``cached`` keeps them open, and then may
#: serve an old one for a minute.
NGINX = """\
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip_static on; gzip_vary on; types {{ application/atom+xml atom; }}
    root {folder}/public; add_header Cache-Control "public, max-age=3600";
    server {{ listen 127.0.0.1:{port}; }}
    server {{ listen 127.0.0.1:{cached_port}; open_file_cache max=100; }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A newsroom whose web process runs as it ships; its editions are made by whoever measures."""

    port: int
    settings: Settings
    catalogue: Catalogue
    newsroom: Newsroom
    newsstand: Newsstand
    main_file: Path
    process_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """nginx with files, which is one process."""

    port: int
    cached_port: int  #: where it keeps files open
    process_id: int


def ask(port: int, path: str, *, method: str = "GET", **fields: str) -> tuple[int, dict[str, str]]:
    """Ask once; says the status and the fields, by lower-case name."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@contextmanager
def communique(
    slugs: Sequence[str], *, offers_deltas: bool = False, begins_anew: bool = False
) -> Iterator[Served]:
    """The web process of a newsroom with a category for each slug, over a real store."""
    feeds = {"deltas": {"offered": offers_deltas}}
    with (
        installed(slugs, feeds=feeds) as newsroom,
        serving(newsroom, begins_anew=begins_anew) as served,
    ):
        yield served


@contextmanager
def counting(slugs: Sequence[str], *, counted: bool) -> Iterator[Served]:
    """The same, whose readers are counted or not."""
    with installed(slugs, readership={"counted": counted}) as newsroom, serving(newsroom) as served:
        yield served


@contextmanager
def serving(newsroom: Installed, *, begins_anew: bool = False) -> Iterator[Served]:
    """The web process of a newsroom.

    Args:
        newsroom: Over a store and a configuration.
        begins_anew: It is started by hand and has nothing of this process, for who measures memory.
    """
    process = _start("service.processes.web", newsroom, begins_anew=begins_anew)
    with _answering(process, newsroom.port, "a web process"):
        rooms = newsroom.rooms
        yield Served(
            port=newsroom.port,
            settings=rooms.settings,
            catalogue=rooms.catalogue,
            newsroom=rooms.newsroom,
            newsstand=rooms.newsstand,
            main_file=newsroom.main_file,
            process_id=process.pid,
        )


@contextmanager
def distributing(newsroom: Installed, *, begins_anew: bool = False) -> Iterator[forked.Process]:
    """The hub process of a newsroom. It may not have begun to work yet."""
    process = _start("service.processes.hub", newsroom, begins_anew=begins_anew)
    try:
        yield process
    finally:
        _end(process)


def _start(module: str, newsroom: Installed, *, begins_anew: bool) -> forked.Process:
    """As the supervisor starts one where that is possible; else as a person does by hand."""
    if not begins_anew and forked.can_start(module):
        return forked.start(module, newsroom.accepted_file, core=cores.measured())
    command = [sys.executable, "-m", module, str(newsroom.accepted_file)]
    with cores.on(cores.measured()):
        return subprocess.Popen(command, cwd=ROOT, start_new_session=True)


@contextmanager
def plain_flask(document: Path, etag: str) -> Iterator[int]:
    """The same document by a plain Flask view, on the same server. Says its port."""
    port = free_port()
    with running([sys.executable, "-m", "bench.plain_flask", str(port), str(document), etag], port):
        yield port


@contextmanager
def nginx(files: dict[str, bytes]) -> Iterator[Nginx]:
    """Files by path, served by nginx on two ports."""
    require_nginx()
    with TemporaryDirectory(prefix="communique-bench-") as name:
        folder = Path(name)
        for path, body in files.items():
            (folder / "public" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "public" / path).write_bytes(body)
        port, cached_port = free_port(), free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        written = NGINX.format(folder=folder, port=port, cached_port=cached_port, user=user)
        (folder / "nginx.conf").write_text(written)
        with running(["nginx", "-c", str(folder / "nginx.conf")], port) as process:
            yield Nginx(port=port, cached_port=cached_port, process_id=process.pid)


def require_nginx() -> None:
    """See that there is one.

    Raises:
        Unmeasurable: There is none.
    """
    if shutil.which("nginx", path=_PATH) is None:
        raise Unmeasurable("nginx is missing: apt-get install nginx-light")


#: nginx lies where the PATH of an ordinary user does not lead.
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


@contextmanager
def running(
    command: list[str], port: int, *, is_anywhere: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A server, from when it answers on *port* to the end of the block.

    Args:
        command: The server.
        port: Where it will answer.
        is_anywhere: It may run on any core, not on the measured one alone. Then it is in our own
            session, where it can stand back; others have one each, as the supervisor gives them.
    """
    with nullcontext() if is_anywhere else cores.on(cores.measured()):
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PATH": _PATH}, start_new_session=not is_anywhere
        )
    with _answering(process, port, str(command)):
        yield process


@contextmanager
def _answering(process: forked.Process, port: int, name: str) -> Iterator[None]:
    """From when it answers to the end of the block."""
    try:
        _await(process, port, name)
        yield
    finally:
        _end(process)


def _end(process: forked.Process) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await(process: forked.Process, port: int, name: str) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unmeasurable(f"a server ended as it was started: {name}")
        try:
            ask(port, "/")
        except (OSError, HTTPException):
            time.sleep(0.05)
        else:
            return
    raise Unmeasurable(f"a server did not come up: {name}")
