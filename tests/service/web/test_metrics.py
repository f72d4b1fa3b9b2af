"""Numbers for Prometheus: a text that it reads, the same from every process."""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families

from feeds.model.listing import ProcessState
from feeds.model.token import Action, Token
from service.metrics import METRICS, STORE_MEASURES, Snapshot
from service.tokens import hash_of
from service.web.operators import MAX_AGE_S, TimedCache, take_snapshot
from service.web.request_context import request_context
from tests.service.web.watched_office import OTHER, WatchedOffice
from tests.support.hub_books import failed
from tests.support.newsrooms import NOON, SITE, draft, later
from tests.support.running_service import ROOT

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"

OPERATOR = {"Authorization": "Bearer cq_operator"}

Key = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[WatchedOffice]:
    """A newsroom of one's own, with something to count."""
    opened = WatchedOffice(tmp_path)
    token = Token(name="ops", actions=(Action.OPERATE,), categories=None, made_at=NOON)
    with opened.database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of("cq_operator"))
    opened.verify()
    opened.tell(at=later(seconds=1))
    opened.refuse(SITE.hub, at=later(seconds=2), why="500 Internal Server Error")
    with opened.database.transaction() as tx:
        digest = tx.documents.versions(["all"])["all", opened.canary.format].digest
        tx.canaries.arrived(opened.canary, digest=digest, now=later(seconds=1.5))
    first = opened.books.subscribe("https://one.example/")
    opened.books.subscribe("https://two.example/")
    opened.books.ask("https://three.example/")
    opened.books.open(100)
    opened.books.claim(first)
    opened.books.settle(failed(first))
    yield opened
    opened.database.close()


def numbers(office: WatchedOffice) -> dict[Key, float]:
    """All samples of a fresh look."""
    answer = office.app.test_client(use_cookies=False).get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.get_data(as_text=True))
        for sample in family.samples
    }


def key(name: str, **labels: str) -> Key:
    """How a sample is found."""
    return name, frozenset(labels.items())


def test_what_is_counted_is_what_the_store_holds(office: WatchedOffice) -> None:
    seen = numbers(office)
    expected = {
        key("communique_hub_pings_sent_total", hub=OTHER): 1,
        key("communique_hub_pings_accepted_total", hub=OTHER): 1,
        key("communique_hub_pings_accepted_total", hub=SITE.hub): 0,
        key("communique_hub_pushes_expected_total", hub=OTHER): 1,
        key("communique_hub_pushes_seen_total", hub=OTHER): 1,
        key("communique_hub_pushes_missing", hub=OTHER): 0,
        key("communique_hub_push_delay_median_seconds", hub=OTHER): 0.5,
        key("communique_hub_push_delay_worst_seconds", hub=OTHER): 0.5,
        key("communique_hub_last_failure_timestamp_seconds", hub=SITE.hub): (
            later(seconds=2).timestamp()
        ),
        key("communique_hub_standing", hub=OTHER, standing="well"): 1,
        key("communique_hub_standing", hub=OTHER, standing="mute"): 0,
        key("communique_hub_standing", hub=SITE.hub, standing="refusing"): 1,
        key("communique_hub_canary", hub=OTHER, state="verified"): 1,
        key("communique_hub_canary_expires_timestamp_seconds", hub=OTHER): (
            later(days=1).timestamp()
        ),
        key("communique_subscriptions", feed="finance", format="atom", state="active"): 2,
        key("communique_subscribers", state="retrying"): 1,
        key("communique_subscribers", state="due"): 1,
        key("communique_subscription_requests_pending"): 1,
        key("communique_feeds"): 4,
        key("communique_feeds_stale"): 0,
        key("communique_feed_edition", feed="all"): 1,
        key("communique_releases"): 1,
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert key("communique_hub_last_failure_timestamp_seconds", hub=OTHER) not in seen
    assert key("communique_hub_pushes_missing", hub=SITE.hub) not in seen  # nobody watches it


def test_when_processes_did_their_work_is_counted_by_what_they_are_for(
    office: WatchedOffice,
) -> None:
    def proof(host: str, role: str, worked_at: datetime | None) -> ProcessState:
        return ProcessState(
            worker=f"{host}:{role}",
            role=role,
            host=host,
            pid=1,
            started_at=NOON,
            worked_at=worked_at,
            did=None,
            did_at=None,
        )

    with office.database.transaction() as tx:
        for one in (
            proof("one", "jobs", later(seconds=9)),
            proof("two", "jobs", later(seconds=5)),
            proof("one", "hub", None),
        ):
            tx.processes.record(one)
    seen = numbers(office)
    name = "communique_process_worked_timestamp_seconds"
    assert seen[key(name, role="jobs")] == later(seconds=9).timestamp()
    assert key(name, role="hub") not in seen


def test_the_same_in_open_metrics(office: WatchedOffice) -> None:
    plain = numbers(office)
    answer = office.client.get("/metrics", headers={"Accept": OPEN_METRICS})
    assert answer.mimetype == "application/openmetrics-text"
    assert answer.headers["Vary"] == "Accept, Authorization"
    told = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in open_families(answer.get_data(as_text=True))  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    assert told == plain


def test_names_are_as_prometheus_wants_them(office: WatchedOffice) -> None:
    """What ``promtool check metrics`` would say: help for all, units, no type in a name."""
    text = office.client.get("/metrics", headers=OPERATOR).get_data(as_text=True)
    families = list(text_string_to_metric_families(text))
    own = [family.name for family in families[: len(STORE_MEASURES)]]
    assert own == [measure.name for measure in STORE_MEASURES]
    for family, measure in zip(families[len(own) :], METRICS, strict=True):
        assert re.fullmatch(r"communique(_[a-z]+)+", family.name)
        assert family.documentation.endswith(".")
        assert (family.type == "counter") is measure.name.endswith("_total")
        assert not re.search(r"gauge|counter|(milli|micro)seconds|_count$|_ms$", family.name)
        assert not family.name.endswith("_timestamp")
        for sample in family.samples:
            assert set(sample.labels) == set(measure.labels)
    assert len({measure.name for measure in METRICS}) == len(METRICS)


def test_the_table_of_the_documentation_is_the_one_of_the_program() -> None:
    text = (ROOT / "docs" / "hub-proof.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `communique_")]
    written = [(cells[1].strip(" `"), cells[2].strip(), cells[3].strip()) for cells in rows]
    own = [(one.name, "", one.help) for one in STORE_MEASURES]
    assert written == own + [
        (one.name, ", ".join(f"`{label}`" for label in one.labels), one.help) for one in METRICS
    ]


def test_the_store_is_asked_once_a_second_and_for_a_twentieth_of_the_time(
    office: WatchedOffice,
) -> None:
    looked_at = [0.0, 0.0, 0.9, 1.0, 1.5, 10.9, 11.0, 11.0]
    gauge = TimedCache[Snapshot](monotonic=lambda: looked_at.pop(0), max_age_s=MAX_AGE_S)
    with office.app.test_request_context():
        look = partial(take_snapshot, request_context())
        assert gauge.read(look).releases == 1
        office.office.add(draft("id:2"))
        assert gauge.read(look).releases == 1
        assert gauge.read(look).releases == 2  # and that look takes half a second
        office.office.add(draft("id:3"))
        assert gauge.read(look).releases == 2
        assert gauge.read(look).releases == 3
    assert looked_at == []


def test_how_many_documents_were_refused_is_for_operators_alone(office: WatchedOffice) -> None:
    """One of them may be under embargo."""
    assert b"communique_refusals" not in office.client.get("/metrics").data
    assert b"\ncommunique_refusals 0.0\n" in office.client.get("/metrics", headers=OPERATOR).data
    wrong = {"Authorization": "Bearer cq_wrong"}
    assert office.client.get("/metrics", headers=wrong).status_code == 401


def test_they_are_not_kept_and_can_be_switched_off(office: WatchedOffice) -> None:
    answer = office.client.get("/metrics")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    office.configure({"metrics": {"offered": False}})
    assert office.client.get("/metrics").status_code == 404
