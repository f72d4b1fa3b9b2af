"""The hub process of a running service: when it runs, and by which configuration."""

import json
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from service.processes.hub import NICENESS
from service.websub.hub.dispatcher import STOP_WITHIN_S
from tests.support.priorities import standing_back
from tests.support.running_service import ROOT, Service, document, running, wait_until
from tests.support.subscriber import HANGS, Subscriber, running_subscriber

MODULE = "service.processes.hub"


def configure(service: Service, **own_hub: Any) -> None:
    """Write another configuration of the hub."""
    service.write_main({"own_hub": {"offered": True, **own_hub}})


def subscribe(service: Service, callback: str) -> None:
    """Ask the hub for finance, in Atom, signed."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": f"{service.base_url}/feeds/finance.atom",
        "hub.callback": callback,
        "hub.secret": "geheim",
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("POST", "/hub", urlencode(form), headers)
    assert connection.getresponse().status == 202
    connection.close()


def subscribed(service: Service, reader: Subscriber) -> None:
    """A subscription that was confirmed, to which nothing is owed."""
    service.wait_until_hubs_are_told()
    subscribe(service, reader.url())
    wait_until(lambda: "request confirmed" in service.log)


def events(service: Service, name: str) -> list[dict[str, Any]]:
    """What the log says under this name."""
    lines = [json.loads(line) for line in service.log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def test_a_release_reaches_a_subscriber_signed_and_is_told_in_one_line(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    configure(service)
    with running_subscriber() as reader, running(service):
        subscribed(service, reader)
        service.drop("a.txt", document("A release", "Finance"))
        [call] = reader.wait_for_deliveries(1)
        served = service.get("/feeds/finance.atom")
        assert call.body == served.body
        assert call.is_signed_with("geheim")
        assert call.header("Content-Type") == served.headers["content-type"]
        assert call.header("Link") == served.headers["link"]
        [told] = wait_until(lambda: events(service, "edition delivered"))
        assert (told["subscribers"], told["failed"]) == (1, 0)
        assert told["topic"] == f"{service.base_url}/feeds/finance.atom"
        assert "geheim" not in service.log


def test_it_works_by_the_configuration_of_the_moment(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    configure(service, signature="sha256")
    with running_subscriber() as reader, running(service):
        subscribed(service, reader)
        [process] = service.process_ids("hub")
        configure(service, signature="sha512")
        wait_until(lambda: events(service, "configuration applied"))
        # The processes take it up one by one; an edition after that is signed anew.
        for number in range(20):
            service.drop(f"{number}.txt", document(f"Release {number}", "Finance"))
            call = reader.wait_for_deliveries(number + 1)[-1]
            if call.is_signed_with("geheim", "sha512"):
                break
            assert call.is_signed_with("geheim", "sha256")
        else:
            raise AssertionError("never signed as it is configured now")
        assert service.process_ids("hub") == [process]


def test_the_process_comes_and_goes_with_the_hub(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    with running_subscriber() as reader, running(service):
        assert service.process_ids("hub") == []
        configure(service)
        wait_until(lambda: service.process_ids("hub"))
        wait_until(lambda: service.get("/hub").status == 200)
        subscribed(service, reader)
        [hub], [web] = service.process_ids("hub"), service.process_ids("web")
        assert (standing_back(hub), standing_back(web)) == (NICENESS, 0)
        configure(service, offered=False)
        wait_until(lambda: not service.process_ids("hub"))
        assert not events(service, "process died")


def test_it_can_be_run_alone_and_stops_in_time_whoever_hangs(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    configure(service, timeout_seconds=60)
    with running_subscriber() as reader:
        reader.behave("/callback", verify=HANGS)
        with running(service):
            subscribe(service, reader.url())
            reader.wait_for_verifications(1)
        reader.forget()
        # What was under way when the service stopped is asked again, by whoever comes next.
        process = service.begin("--only", "hub")
        try:
            reader.wait_for_verifications(1)
            assert not service.process_ids("web")
            assert not service.process_ids("jobs")
        finally:
            told_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        assert time.monotonic() - told_at < STOP_WITHIN_S + 10


def test_of_two_hubs_on_one_sqlite_store_the_second_does_not_work(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    configure(service)
    with running(service):
        wait_until((tmp_path / "data" / "run" / "hub.pid").exists)
        [accepted] = (tmp_path / "data" / "run").glob("active-*.json")
        second = subprocess.run(
            [sys.executable, "-m", MODULE, str(accepted)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert second.returncode == 1
        assert "another service" in second.stderr
