"""A real Varnish before a service: on a free port of loopback, gone afterwards."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from tests.support.running_service import free_port, wait_until
from tests.support.services import missing

#: Varnish's own rules, and a word on where an answer comes from.
_VCL = """\
vcl 4.1;
backend service {{ .host = "127.0.0.1"; .port = "{port}"; }}
sub vcl_deliver {{
    set resp.http.X-Cache = "MISS";
    if (obj.hits > 0) {{ set resp.http.X-Cache = "HIT"; }}
}}
"""


@contextmanager
def varnish_before(service_port: int) -> Iterator[int]:
    """Run Varnish as it comes before a service; gives the port that it listens at."""
    program = shutil.which("varnishd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        missing("Varnish", "apt-get install varnish")
    home = Path(mkdtemp(prefix="varnish"))
    home.chmod(0o755)
    port = free_port()
    rules = home / "rules.vcl"
    rules.write_text(_VCL.format(port=service_port), encoding="utf-8")
    try:
        process = subprocess.Popen(
            [program, "-F", "-j", "none", "-n", str(home / "run"), "-a", f"127.0.0.1:{port}",
             "-T", "none", "-f", str(rules), "-s", "malloc,16m"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: _listens(process, port))
            yield port
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "varnishd ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
