"""What subscribers have: nginx, which reads whatever is sent to it and answers 204.

Under many addresses of the loopback network, as there are many hosts among subscribers.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from bench import cores
from bench.figure import Unmeasurable
from bench.ports import free_port
from bench.servers import require_nginx, running

HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 51))

NETWORK = "127.0.0.0/8"

NGINX = """\
daemon off; master_process off; worker_processes 1;
pid {folder}/nginx.pid; error_log {folder}/nginx.log;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000; client_max_body_size 10m;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        {listens}
        location / {{ return 204; }}
        location = /count {{ stub_status; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A server that takes it all."""

    port: int
    process_id: int

    def callback(self, number: int) -> str:
        """The address of the subscriber of this number: at any of the hosts, but always there."""
        host = HOSTS[crc32(str(number).encode()) % len(HOSTS)]
        return f"http://{host}:{self.port}/callbacks/{number}"

    def count(self) -> int:
        """How many requests came since it was started, with this one."""
        connection = HTTPConnection(HOSTS[0], self.port, timeout=30)
        try:
            connection.request("GET", "/count")
            told = connection.getresponse().read().decode()
        finally:
            connection.close()
        found = re.search(r"^\s*\d+\s+\d+\s+(\d+)\s*$", told, re.MULTILINE)
        if found is None:
            raise Unmeasurable(f"nginx said: {told}")
        return int(found[1])

    def stand_back(self) -> None:
        """Take only what everybody else leaves of the core that measures."""
        cores.keep_to({cores.measuring()}, process_id=self.process_id)
        if sys.platform == "linux":
            os.sched_setscheduler(self.process_id, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink, on all cores."""
    require_nginx()
    with TemporaryDirectory(prefix="communique-bench-") as name:
        folder, port = Path(name), free_port()
        written = NGINX.format(
            folder=folder,
            user="user root;" if os.geteuid() == 0 else "",
            listens=" ".join(f"listen {host}:{port};" for host in HOSTS),
        )
        (folder / "nginx.conf").write_text(written)
        command = ["nginx", "-c", str(folder / "nginx.conf")]
        with running(command, port, is_anywhere=True) as process:
            yield Sink(port=port, process_id=process.pid)
