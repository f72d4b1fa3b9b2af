"""A service's processes, as a whole: how many there are, what they share, and who ends them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.running_service import ROOT, Service, own_name, running, wait_until

#: Forks two processes, and says what they have of each other and of it.
FORKS = """
import os, random, signal, socket, sys
from service.processes.child_processes import fork
from service.processes.supervisor_line import SupervisorLine, Orphaned
from service.processes.signals import STOPS, Signals

def say(*words):
    os.write(1, (" ".join(map(str, words)) + chr(10)).encode())

def told(line):
    say("told", SupervisorLine(line).wait(10))
    return 7

def broken(line):
    raise ValueError("no such thing")

def waits(line):
    say("random", random.random())
    say("handlers", *{signal.getsignal(number).name for number in STOPS})
    say("session", os.getsid(0) == os.getpid())
    try:
        SupervisorLine(line).wait()
    except Orphaned:
        say("orphaned")
    return 0

with Signals():
    random.random()
    first = fork(told, name="communique one")
    first.notify()
    assert first.wait(10)
    say("code", first.poll())
    last = fork(broken, name="communique two")
    assert last.wait(10)
    say("code", last.poll())
    for _ in range(2):
        process = fork(waits, name="communique three")
        process.close_line()
        assert process.wait(10)
    killed = fork(lambda line: signal.pause(), name="communique four")
    killed.signal(signal.SIGTERM)
    assert killed.wait(10)
    say("code", killed.poll())
"""


def test_a_forked_process_has_nothing_of_the_old_one_but_what_it_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    numbers = [line for line in said if line.startswith("random")]
    assert len(set(numbers)) == 2, "each has random numbers of its own"
    assert [line for line in said if line not in numbers] == [
        "told True",
        "code 7",
        "code 1",
        *["handlers SIG_DFL", "session True", "orphaned"] * 2,
        "code -15",
    ]
    assert "no such thing" in done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with all that it has, as it ships."""
    service = Service(folder=tmp_path_factory.mktemp("whole"))
    service.write_main({"http": {"workers": 2, "port": service.port}, "own_hub": {"offered": True}})
    with running(service):
        yield service


def parent_of(process_id: int) -> int:
    """Who started it."""
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[1])


def sockets_of(process_id: int) -> set[str]:
    """The sockets that it has open, by their numbers in the system."""
    links = {str(each.readlink()) for each in Path(f"/proc/{process_id}/fd").iterdir()}
    return {link for link in links if link.startswith("socket:")}


def test_there_are_five_and_one_looks_after_the_others(whole: Service) -> None:
    assert whole.process is not None
    supervisor = whole.process.pid
    wait_until(lambda: len(whole.process_ids()) == 5)
    others = set(whole.process_ids()) - {supervisor}
    names = sorted(own_name(str(each)) for each in others)
    assert names == ["communique hub", "communique jobs", "communique web", "communique web"]
    assert {parent_of(each) for each in others} == {supervisor}


def test_the_supervisor_has_no_thread_when_it_forks(whole: Service) -> None:
    assert whole.process is not None
    assert len(list(Path(f"/proc/{whole.process.pid}/task").iterdir())) == 1


def test_each_has_a_line_of_its_own_and_only_the_web_listens(whole: Service) -> None:
    """What a process has of another one's line would keep that one from hearing that it is over."""
    assert whole.process is not None
    wait_until(lambda: len(whole.process_ids()) == 5)
    [jobs], [hub] = whole.process_ids("jobs"), whole.process_ids("hub")
    one, two = whole.process_ids("web")
    shared = sockets_of(one) & sockets_of(two)
    assert len(shared) == 1, "they accept from one socket"
    assert shared <= sockets_of(whole.process.pid)
    for each in (jobs, hub):
        for other in {one, two, jobs, hub, whole.process.pid} - {each}:
            assert not sockets_of(each) & sockets_of(other)


def test_a_web_process_that_is_killed_is_replaced_at_once(whole: Service) -> None:
    before = set(whole.process_ids("web"))
    for killed in before:
        os.kill(killed, signal.SIGKILL)
    # Connections wait until the next one accepts them: none is refused.
    assert whole.get("/feeds/all.atom").status == 200
    wait_until(lambda: len(whole.process_ids("web")) == 2)
    assert not before & set(whole.process_ids("web"))
    assert '"process died"' in whole.log


def test_a_reload_costs_no_request(whole: Service) -> None:
    web = set(whole.process_ids("web"))
    text = whole.categories.read_text(encoding="utf-8")
    whole.categories.write_text(text.replace("title: Finance", "title: Money"), "utf-8")
    statuses = []
    deadline = time.monotonic() + 30
    while b"Money" not in whole.get("/").body:
        statuses.append(whole.get("/feeds/finance.atom").status)
        assert time.monotonic() < deadline
    assert set(statuses) <= {200}
    assert set(whole.process_ids("web")) == web


def test_what_outlives_the_supervisor_ends(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    service.start()
    assert service.process is not None
    service.process.kill()
    service.process.wait()
    try:
        wait_until(lambda: not service.process_ids())
    finally:
        for left in service.process_ids():
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
