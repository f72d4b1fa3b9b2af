"""The whole service as it runs in production: real processes, a real hub, real documents."""

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import requests

from service.processes.locks import role_lock
from service.processes.supervisor import FORMER_STOPS_WITHIN_S, supervise
from service.settings import read_sources
from tests.support.command_line import CommandLine
from tests.support.desk_browser import TOKEN
from tests.support.hub_server import HubServer, Manner, running_hub
from tests.support.running_service import (
    ROOT,
    Service,
    document,
    free_port,
    running,
    wait_until,
)

SEED = ROOT / "config" / "samples" / "000_e053d2e383822934.txt"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """A hub that is well."""
    with running_hub() as hub:
        yield hub


@pytest.fixture
def service(tmp_path: Path, hub: HubServer) -> Iterator[Service]:
    """A service with that hub, running."""
    with running(Service(folder=tmp_path, hubs=(hub.url,))) as service:
        yield service


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service, with what tests before put into it."""
    folder = tmp_path_factory.mktemp("shared")
    with running(Service(folder=folder, begins_anew=True)) as service:
        yield service


def topics(service: Service, *slugs: str) -> set[str]:
    """The addresses of feeds in all formats."""
    formats = ("atom", "rss", "json")
    return {f"{service.base_url}/feeds/{slug}.{suffix}" for slug in slugs for suffix in formats}


def test_a_document_dropped_into_the_folder_is_in_the_feed_and_at_the_hub_within_a_second(
    service: Service, hub: HubServer
) -> None:
    wait_until(lambda: set(hub.topics) == topics(service, "all", "cooperation", "finance"))
    hub.forget()
    began = time.monotonic()
    service.drop(SEED.name, SEED.read_text(encoding="utf-8"))
    arrivals = hub.wait_for(6)
    took_s = max(arrival.at for arrival in arrivals) - began
    # At the moment of the ping the topic serves the new edition: the hub fetches it at once.
    assert service.titles("cooperation") == ["CTED participates in Dushanbe Process Conference"]
    assert {arrival.topic for arrival in arrivals} == topics(service, "all", "cooperation")
    assert took_s < 1, took_s


def test_the_users_own_document_comes_out_whole(shared: Service) -> None:
    shared.drop(SEED.name, SEED.read_text(encoding="utf-8"))
    wait_until(lambda: shared.titles("cooperation"))
    [item] = json.loads(shared.get("/feeds/cooperation.json").body)["items"]
    assert item["date_published"] == "2019-05-21T16:38:50Z"
    assert item["tags"] == ["International, regional, and subregional cooperation"]
    paragraphs = SEED.read_text(encoding="utf-8").split("\n\n")[1:-1]
    assert item["content_html"].count("<p>") == len(paragraphs)
    for paragraph in paragraphs:
        assert paragraph in item["content_html"]
    page = shared.get(item["url"].removeprefix(shared.base_url))
    assert "“threats to international peace and security" in page.body.decode()


def test_a_file_is_left_alone_while_it_is_being_written(shared: Service) -> None:
    before = shared.titles()
    text = document("Written slowly", "Finance|")
    with (shared.inbox / "slow.txt").open("w", encoding="utf-8") as file:
        for piece in (text[:20], text[20:40], text[40:]):
            file.write(piece)
            file.flush()
            time.sleep(0.2)
            assert shared.titles() == before
    wait_until(lambda: set(shared.titles()) - set(before) == {"Written slowly"})
    refused = [line for line in shared.log.splitlines() if "document refused" in line]
    assert not any("slow.txt" in line for line in refused)


def test_a_document_that_is_refused_is_told_and_the_others_are_published(
    shared: Service,
) -> None:
    before = shared.titles()
    shared.drop("bad.txt", "No last line\n\nOnly a paragraph.")
    shared.drop("good.txt", document("Good", "Finance"))
    wait_until(lambda: set(shared.titles()) - set(before) == {"Good"})
    listed = shared.run("release", "refusals", "--json")
    [refusal] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert refusal["document"] == "bad.txt"
    shared.drop("bad.txt", document("Mended", "Finance"))
    wait_until(lambda: "Mended" in shared.titles())
    assert shared.run("release", "refusals").stdout == ""


def test_a_release_added_by_command_is_published_by_the_running_service(
    service: Service, tmp_path: Path, hub: HubServer
) -> None:
    wait_until(lambda: len(hub.topics) == 9)
    hub.forget()
    path = tmp_path / "by-hand.txt"
    path.write_text(document("By hand", "Finance"), encoding="utf-8")
    assert service.run("release", "add", str(path), "--by", "alice").returncode == 0
    wait_until(lambda: service.titles("finance") == ["By hand"])
    assert {arrival.topic for arrival in hub.wait_for(6)} == topics(service, "all", "finance")
    # The command has no log of its own: its line is in that of the service.
    wait_until(lambda: '"done by command"' in service.log)
    lines = [json.loads(line) for line in service.log.splitlines()]
    [done] = [line for line in lines if line["event"] == "done by command"]
    assert (done["action"], done["by"], done["title"]) == ("added", "alice", "By hand")
    assert service.get(f"/releases/{done['slug']}").status == 200


def test_a_good_configuration_takes_effect_without_a_lost_request(service: Service) -> None:
    service.drop("a.txt", document("Unfiled at first", "Health"))
    wait_until(lambda: service.titles() == ["Unfiled at first"])
    assert service.get("/feeds/health.atom").status == 404
    with service.categories.open("a", encoding="utf-8") as file:
        file.write("  - slug: health\n    title: Health\n")
    statuses = []

    def is_there() -> bool:
        statuses.append(service.get("/feeds/all.atom").status)
        return service.get("/feeds/health.json").status == 200

    wait_until(is_there)
    assert set(statuses) == {200}
    assert service.titles("health") == ["Unfiled at first"]


def test_a_bad_configuration_is_reported_and_the_running_one_stays(service: Service) -> None:
    good = service.categories.read_text(encoding="utf-8")
    service.categories.write_text(good.replace("title: Finance", "titel: Finance"), "utf-8")
    wait_until(lambda: "configuration rejected" in service.log)
    faults = [json.loads(line) for line in service.log.splitlines() if "titel" in line]
    assert any("categories.yaml:5" in fault.get("fault", "") for fault in faults)
    assert service.get("/feeds/finance.atom").status == 200
    # A process that is started anew in the meantime works by the good one.
    [jobs] = service.process_ids("jobs")
    os.kill(jobs, signal.SIGKILL)
    service.drop("a.txt", document("After the restart", "Finance"))
    wait_until(lambda: service.titles("finance") == ["After the restart"])


def test_a_faulty_template_is_reported_and_the_last_good_one_stays(tmp_path: Path) -> None:
    """Also by a process that is started anew in the meantime."""
    folder = tmp_path / "own"
    folder.mkdir()
    own = folder / "problem.html"
    own.write_text("<p>Ours: {{ heading }}</p>", encoding="utf-8")
    service = Service(folder=tmp_path)
    service.write_main({"site": {"templates": str(folder)}})

    def shown() -> str:
        return service.get("/nowhere", Accept="text/html").body.decode()

    with running(service):
        assert shown().startswith("<p>Ours: There is nothing")
        own.write_text("<p>{{ headline }}</p>", encoding="utf-8")
        wait_until(lambda: "configuration rejected" in service.log)
        assert f"{own}:1: site.templates: 'headline' is undefined" in service.log
        checked = service.run("config", "check")
        assert (checked.returncode, "'headline' is undefined" in checked.stderr) == (1, True)
        [process] = service.process_ids("web")
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: service.process_ids("web") not in ([], [process]))
        assert shown() == "<p>Ours: There is nothing at this address</p>"
        own.write_text("<p>Better: {{ heading }}</p>", encoding="utf-8")
        wait_until(lambda: shown().startswith("<p>Better"))
    own.write_text("{% if %}", encoding="utf-8")
    refused = service.run("serve")
    assert (refused.returncode, f"{own}:1: site.templates" in refused.stderr) == (1, True)


def test_sighup_reloads_at_once(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    service.write_main({"schedule": {"config_seconds": 3600}})
    with running(service):
        wait_until(lambda: service.get("/feeds/all.atom").status == 200)
        assert service.process is not None
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "configuration unchanged" in service.log)
        service.write_main({"site": {"title": "Renamed"}, "schedule": {"config_seconds": 3600}})
        service.process.send_signal(signal.SIGHUP)
        wait_until(lambda: b"Renamed" in service.get("/").body)
        wait_until(lambda: b"Renamed" in service.get("/feeds/all.atom").body)


def test_a_bad_configuration_does_not_start(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    service.write_main({"site": {"base_url": "not an address", "titel": "x"}})
    refused = service.run("serve")
    assert refused.returncode == 1
    assert "site.base_url" in refused.stderr
    assert "site.titel" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_port_that_is_taken_is_told_in_a_sentence(shared: Service, tmp_path: Path) -> None:
    other = Service(folder=tmp_path / "other", port=shared.port)
    refused = other.run("serve")
    assert refused.returncode == 1
    assert "cannot listen on" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_it_makes_is_for_its_own_user_alone(shared: Service) -> None:
    """Embargoed texts and subscribers' secrets stand in the store and beside it."""
    data = shared.folder / "data"
    made = [data / "communique.db", *data.glob("communique.db-*"), data / "run"]
    made += (data / "run").iterdir()
    assert {"communique.db-wal", "jobs.lock", "jobs.pid"} <= {path.name for path in made}
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_it_stops_in_order_and_leaves_nothing_behind(service: Service) -> None:
    assert service.stop() == 0
    assert service.process_ids() == []


def test_a_worker_that_dies_is_replaced_and_no_new_request_is_lost(tmp_path: Path) -> None:
    service = Service(folder=tmp_path)
    service.write_main({"http": {"workers": 2, "port": service.port}})
    with running(service):
        before = _workers(service)
        assert len(before) == 2
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(_workers(service) - before) == 1)
        for _ in range(50):
            assert service.get("/feeds/all.atom").status == 200
        wait_until(lambda: "died" in service.log)


def _workers(service: Service) -> set[int]:
    """The processes that answer."""
    return set(service.process_ids("web"))


def test_a_hub_that_is_down_slow_and_failing_gets_exactly_what_it_should(
    service: Service, hub: HubServer
) -> None:
    wait_until(lambda: len(hub.topics) == 9)
    hub.forget()
    hub.go_down()
    service.drop("a.txt", document("While the hub was down", "Finance"))
    wait_until(lambda: service.titles("finance"))
    hub.manner = Manner(status=500)
    hub.come_up()
    hub.wait_for(1)
    hub.manner = Manner(status=204, delay_s=0.1)
    wait_until(lambda: not _unfinished(service))
    told = hub.arrivals[-6:]
    assert {arrival.topic for arrival in told} == topics(service, "all", "finance")
    count = len(hub.arrivals)
    time.sleep(0.5)
    assert len(hub.arrivals) == count, "a hub that was told is left alone"


def _unfinished(service: Service) -> list[str]:
    """Pings that are not told yet, as an operator sees them."""
    listed = service.run("hub", "pings", "--json").stdout.splitlines()
    return [line for line in listed if json.loads(line)["state"] != "told"]


def test_a_service_on_postgres_does_the_same(
    tmp_path: Path, postgres_url: str, hub: HubServer
) -> None:
    service = Service(folder=tmp_path, store_url=postgres_url, hubs=(hub.url,))
    with running(service):
        service.drop("a.txt", document("On PostgreSQL", "Finance"))
        wait_until(lambda: service.titles("finance") == ["On PostgreSQL"])
        wait_until(lambda: not _unfinished(service))


def test_a_reload_that_cannot_be_carried_out_does_not_end_the_service(service: Service) -> None:
    service.write_main({"intake": {"folders": ["/proc/nowhere/inbox"], "settle_seconds": 0.0}})
    wait_until(lambda: "configuration rejected" in service.log)
    assert service.get("/livez").status == 200
    service.drop("a.txt", document("Still there", "Finance"))
    wait_until(lambda: service.titles("finance") == ["Still there"])


def test_a_data_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    refused = Service(folder=tmp_path).run("--set", "data_folder=/proc/nowhere", "serve")
    assert refused.returncode == 1
    assert "cannot create" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_two_services_do_not_share_a_data_folder(shared: Service) -> None:
    read = partial(read_sources, shared.main, environ={}, overrides=[f"http.port={free_port()}"])
    began = time.monotonic()
    assert supervise(read) == 1
    assert time.monotonic() - began < FORMER_STOPS_WITHIN_S / 2, "refused at once"
    assert shared.get("/livez").status == 200


def test_a_service_that_is_ending_is_waited_for_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("service.processes.supervisor.FORMER_STOPS_WITHIN_S", 0.2)
    service = Service(folder=tmp_path)
    with role_lock(tmp_path / "data", "jobs", wait_s=0):
        assert supervise(partial(read_sources, service.main, environ={})) == 1
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    waited, refused = said[-2:]
    assert waited["event"] == "waiting for a former service to end"
    assert waited["process"] == str(os.getpid())
    assert f"process {os.getpid()}" in refused["reason"]


def test_what_a_running_service_cannot_change_is_not_taken(service: Service) -> None:
    service.write_main({"http": {"workers": 2}, "site": {"title": "Renamed"}})
    wait_until(lambda: "needs" in service.log and "a restart" in service.log)
    assert b"Renamed" not in service.get("/").body
    service.write_main({"site": {"title": "Renamed"}})
    wait_until(lambda: b"Renamed" in service.get("/").body)


def test_editions_come_out_while_a_long_file_is_read(service: Service) -> None:
    lines = (
        json.dumps(
            {
                "id": f"{number}",
                "title": f"Release {number}",
                "body": "Text.",
                "published": "2026-01-05T09:00:00Z",
                "categories": ["Finance"],
            }
        )
        for number in range(20_000)
    )
    service.drop("long.jsonl", "\n".join(lines))
    wait_until(lambda: service.titles("finance"))
    assert "documents taken in" not in service.log, "the file was read to its end before"
    assert service.stop() == 0
    assert "process did not stop, killed" not in service.log
    assert "documents taken in" not in service.log, "a stop does not wait for the file's end"


def test_a_feed_moves_ends_and_goes_while_the_service_runs(service: Service) -> None:
    """RFC 9110 15.4.2 and 15.5.11; each by a reload, the end itself by the clock."""
    service.drop("a.txt", document("Money", "Finance"))
    wait_until(lambda: service.titles("finance") == ["Money"])
    [before] = service.items("finance")
    end = datetime.now(UTC) + timedelta(seconds=4)
    text = service.categories.read_text(encoding="utf-8")

    def describe(on: datetime) -> None:
        moved = "slug: money\n    was: [finance]\n"
        moved += f"    ended: {{on: '{on:%Y-%m-%dT%H:%M:%SZ}', words: Over, moved_to: all}}"
        service.categories.write_text(text.replace("slug: finance", moved), encoding="utf-8")

    describe(end)
    wait_until(lambda: service.get("/feeds/finance.json").status == 301)
    led_to = service.get("/feeds/finance.json").headers["location"]
    assert led_to == f"{service.base_url}/feeds/money.json"
    [renamed] = [line for line in service.log.splitlines() if '"feed renamed"' in line]
    assert '"feed": "money", "was": "finance"' in renamed
    assert "no longer configured" not in service.log, "it goes on, under another name"
    wait_until(lambda: service.get("/feeds/money.json").status == 200)
    wait_until(lambda: service.titles("money") == ["Over", "Money"])
    assert datetime.now(UTC) >= end.replace(microsecond=0)
    assert service.items("money")[1]["id"] == before["id"]
    describe(end - timedelta(days=91))
    wait_until(lambda: {service.get("/feeds/money.json").status for _ in range(8)} == {410})
    assert service.get("/feeds/finance.atom").status == 410
    assert b"/feeds/money" not in service.get("/feeds.opml").body
    assert service.titles() == ["Money"]


def test_somebody_signs_in_to_the_desk_until_a_command_ends_it(shared: Service) -> None:
    line, desk = CommandLine(service=shared), f"{shared.base_url}/desk"
    password = "correct horse battery"
    with requests.Session() as browser:
        assert browser.get(desk).status_code == 404
        typed = f"{password}\n".encode()
        added = line.run("user", "add", "anna", "--role", "write", "--stdin", typed=typed)
        assert added.code == 0, added
        found = TOKEN.search(browser.get(desk).text)
        assert found is not None
        fields = {"form_token": found[1], "name": "anna", "password": password}
        signed_in = browser.post(f"{desk}/sign-in", data=fields)
        assert signed_in.url == desk
        assert signed_in.headers["Cache-Control"] == "no-store"
        assert "Account of anna" in signed_in.text
        assert "Account of anna" not in requests.get(desk).text
        assert wait_until(lambda: "signed in at the desk" in shared.log)
        assert password not in shared.log
        assert line.run("user", "disable", "anna").code == 0
        assert browser.get(desk).url == f"{desk}/sign-in"
