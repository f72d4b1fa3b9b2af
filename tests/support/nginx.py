"""A real nginx with a folder of its own: on a free port of loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

from tests.support.running_service import free_port, wait_until
from tests.support.services import missing

#: No daemon, and nothing outside its own folder.
_MAIN = """\
daemon off;
worker_processes 1;
pid {home}/pid;
error_log {home}/error.log warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    # As Debian has it.
    gzip on;
{http}
    server {{
        listen 127.0.0.1:{port};
{server}
    }}
}}
"""


#: What the service's own server says, and not its application.
OF_THE_CONNECTION = {"Connection", "Date", "Server", "Transfer-Encoding"}


class Nginx:
    """An nginx that runs."""

    def __init__(self, home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.home = home
        self.port = port
        self.process = process

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Ask it over its socket: to a client of WSGI applications it looks like one of them."""
        path = quote(environ["PATH_INFO"].encode("latin-1"))
        query = environ["QUERY_STRING"]
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.putrequest(
                environ["REQUEST_METHOD"],
                f"{path}?{query}" if query else path,
                skip_accept_encoding=True,
            )
            for name, value in environ.items():
                if name.startswith("HTTP_") and name != "HTTP_HOST":
                    connection.putheader(name[5:].replace("_", "-"), value.encode("latin-1"))
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
        fields = [field for field in answer.getheaders() if field[0] not in OF_THE_CONNECTION]
        start_response(f"{answer.status} {answer.reason}", fields)
        return [body]

    @property
    def complaints(self) -> str:
        """What it said of errors and warnings."""
        return (self.home / "error.log").read_text(encoding="utf-8", errors="replace")


def binary() -> str:
    """The installed nginx; without one, the test is skipped or fails."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return found or missing("nginx", "apt-get install nginx")


@contextmanager
def over_export(
    root: Path, *, service_port: int | None = None, before: str = ""
) -> Iterator[Nginx]:
    """Run nginx as docs/export.md says, over an export; before a service, if there is one."""
    folder = root / "nginx"
    http = f'include "{folder}/sizes.conf"; include "{folder}/http.conf";'
    server = f'{before} include "{folder}/server.conf";'
    if service_port is not None:
        http += f"upstream communique {{ server 127.0.0.1:{service_port}; }}"
        server += f'include "{folder}/service.conf";'
    with running_nginx(http=http, server=server) as nginx:
        yield nginx


@contextmanager
def running_nginx(*, http: str, server: str) -> Iterator[Nginx]:
    """Run nginx with these parts of a configuration until the end of the block."""
    program = binary()
    home = Path(mkdtemp(prefix="nginx"))
    home.chmod(0o755)
    port = free_port()
    main = home / "nginx.conf"
    parts = {"http": http, "server": server}
    main.write_text(_MAIN.format(home=home, port=port, **parts), encoding="utf-8")
    try:
        process = subprocess.Popen(
            [program, "-p", str(home), "-e", str(home / "error.log"), "-c", str(main)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        nginx = Nginx(home, port, process)
        try:
            wait_until(lambda: _listens(nginx))
            yield nginx
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _listens(nginx: Nginx) -> bool:
    assert nginx.process.poll() is None, nginx.complaints
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", nginx.port)) == 0
