"""The examples of docs/hub-for-subscribers.md, run as they stand against a real service."""

import hashlib
import hmac
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.running_service import ROOT, Service, free_port, running, wait_until

PAGE = (ROOT / "docs" / "hub-for-subscribers.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^```sh\n(.*?)^```\n\n```\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
PROGRAM = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)

TOPIC = "http://localhost:8000/feeds/all.atom"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service with a hub of its own."""
    service = Service(folder=tmp_path / "newsroom")
    service.write_main({"own_hub": {"offered": True}})
    with running(service):
        yield service


def test_the_lines_do_what_they_show(service: Service) -> None:
    examples = EXAMPLE.findall(PAGE)
    assert len(examples) == PAGE.count("```sh") == 4
    for lines, shown in examples:
        script = lines.replace("http://localhost:8000", service.base_url)
        # Nobody is to be asked whose name is not ours.
        script = script.replace("https://you.example", "http://127.0.0.1:9")
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        said = ran.stdout.replace(service.base_url, "http://localhost:8000")
        assert (ran.returncode, said.split()) == (0, shown.split())


@pytest.fixture
def subscriber(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The program of the page; its port, and where it writes."""
    [program] = PROGRAM.findall(PAGE)
    port, said = free_port(), tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(port), TOPIC], stdout=out, stderr=out
        )
        try:
            wait_until(lambda: _answers(port))
            yield port, said
        finally:
            process.kill()
            process.wait()


def test_the_subscriber_confirms_what_it_wants_and_takes_what_is_signed(
    subscriber: tuple[int, Path],
) -> None:
    """Asked as the hub asks, and told as the hub tells."""
    port, said = subscriber
    asked = f"/?for=all&hub.mode=subscribe&hub.topic={TOPIC}&hub.challenge=abc%2B1"
    assert _ask(port, "GET", asked) == (200, b"abc+1")
    assert _ask(port, "GET", asked.replace("all.atom", "other.atom"))[0] == 404
    # WebSub 8.2: what is too long, or holds other characters, is not repeated.
    for challenge in ("", "%3Cscript%3E", "abc%0A", "a" * 201):
        assert _ask(port, "GET", asked.replace("abc%2B1", challenge)) == (404, b"")
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", asked)
        answer = connection.getresponse()
        # WebSub 5.3.1: no browser shows what somebody else has written.
        assert answer.getheader("Content-Type") == "application/octet-stream"
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
    for body, key in ((b"<forged/>", b"a guess"), (b"<feed/>", b"a-secret-of-yours")):
        signature = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
        fields = {"X-Hub-Signature": signature, "Content-Type": "application/atom+xml"}
        assert _ask(port, "POST", "/?for=all", body, fields)[0] == 204
    wait_until(lambda: "7 bytes of application/atom+xml" in said.read_text())
    assert "9 bytes" not in said.read_text()


def _ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    fields: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=fields or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/")[0] == 404
    except OSError:
        return False
