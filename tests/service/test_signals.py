"""Signals come when they like, also while another one is handled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from service.processes.active_configuration import activate
from service.processes.signals import Signals
from service.settings import read_sources
from tests.support.running_service import ROOT, Service, wait_until

#: Answers each lot of signals with a line that names them. Each line of the code that it runs
#: takes a while, so that signals come in the middle of handlers and of those who wait for them.
ANSWERING = """
import signal, sys, time
from service.processes.signals import STOPS, Signals
def at_length(*_):
    time.sleep(LINE_S)
    return at_length
sys.settrace(at_length)
with Signals({*STOPS, signal.SIGHUP}) as signals:
    print("ready", flush=True)
    while signal.SIGINT not in (came := signals.wait()):
        print(*sorted(came), flush=True)
"""

#: From none at all to more than any handler takes.
LINE_S = 5e-4
SPACINGS_S = [number * LINE_S / 2 for number in range(80)]


@pytest.fixture
def answering() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits for signals, as all of ours do."""
    with subprocess.Popen(
        [sys.executable, "-c", f"LINE_S = {LINE_S}\n{ANSWERING}"], cwd=ROOT, stdout=subprocess.PIPE
    ) as child:
        try:
            assert _said(child) == [b"ready"]
            yield child
        finally:
            child.kill()


def _said(child: subprocess.Popen[bytes]) -> list[bytes]:
    out = child.stdout
    assert out is not None
    return _line(out, child).split()


def _line(out: IO[bytes], child: subprocess.Popen[bytes]) -> bytes:
    os.set_blocking(out.fileno(), False)
    line = b""

    def is_whole() -> bool:
        nonlocal line
        line += out.readline() or b""
        return line.endswith(b"\n")

    wait_until(is_whole)
    return line


def _pause(spacing_s: float) -> None:
    """Wait as exactly as a system's own sleep does not."""
    until = time.perf_counter() + spacing_s
    while time.perf_counter() < until:
        pass


@pytest.mark.parametrize(
    ("first", "second"),
    [(signal.SIGTERM, signal.SIGTERM), (signal.SIGTERM, signal.SIGHUP)],
    ids=["twice", "with a reload"],
)
def test_a_pair_of_signals_at_any_spacing_is_heard(
    answering: subprocess.Popen[bytes], first: signal.Signals, second: signal.Signals
) -> None:
    for spacing_s in SPACINGS_S:
        answering.send_signal(first)
        _pause(spacing_s)
        answering.send_signal(second)
        heard: set[int] = set()
        while not {first, second} <= heard:
            heard |= {int(word) for word in _said(answering)}
    answering.send_signal(signal.SIGINT)
    assert answering.wait(20) == 0


def test_what_came_before_somebody_waits_is_not_lost() -> None:
    with Signals({signal.SIGUSR1}) as signals:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert signals.wait(10) == {signal.SIGUSR1}
        assert signals.wait(0) == set()
        signals.send(signal.SIGTERM)
        assert signals.wait(10) == {signal.SIGTERM}
    signals.send(signal.SIGTERM)  # by a thread that is late


def test_afterwards_they_do_what_they_did_before() -> None:
    came: list[int] = []
    former = signal.signal(signal.SIGUSR1, lambda number, _: came.append(number))
    try:
        with Signals({signal.SIGUSR1}):
            os.kill(os.getpid(), signal.SIGUSR1)
        assert came == []
        os.kill(os.getpid(), signal.SIGUSR1)
        assert came == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, former)


def test_processes_that_are_told_twice_to_stop_do(tmp_path: Path) -> None:
    """A supervisor, and the jobs, which it tells once more what a service manager told them."""
    service = Service(folder=tmp_path / "newsroom")
    assert service.run("store", "upgrade").returncode == 0
    accepted = tmp_path / "accepted.json"
    activate(read_sources(service.main, environ={}), accepted)
    jobs = [sys.executable, "-m", "service.processes.jobs", str(accepted)]
    with ExitStack() as closing:
        for number, spacing_s in enumerate((0.0, 2e-5)):
            for command in (service.command("serve", "--only", "hub"), jobs):
                child = closing.enter_context(subprocess.Popen(command, cwd=ROOT))
                closing.callback(child.kill)
                wait_until(partial(_takes_signals, child.pid))
                child.send_signal(signal.SIGTERM)
                _pause(spacing_s)
                child.send_signal(signal.SIGTERM)
                assert child.wait(30) == 0, number


def _takes_signals(process_id: int) -> bool:
    """True once a process handles SIGTERM, as the kernel tells (proc(5), ``SigCgt``)."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    [caught] = [line for line in status.splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
