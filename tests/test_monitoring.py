"""Rules and dashboard for Prometheus and Grafana ask for what ``/metrics`` has."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from feeds.model.alarm import AlarmKind, Condition, changes_of
from feeds.model.token import Action, Token
from feeds.store.state import LastBackup
from service.metrics import METRICS, STORE_MEASURES
from service.tokens import hash_of
from tests.service.web.watched_office import WatchedOffice
from tests.support.newsrooms import NOON, draft, later
from tests.support.running_service import ROOT
from tests.support.services import missing

FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load(
    (FOLDER / "communique.rules.yaml").read_text(encoding="utf-8")
)["groups"][0]["rules"]
DASHBOARD: dict[str, Any] = json.loads(
    (FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8")
)

#: Labels that Prometheus adds to what it scrapes.
OF_PROMETHEUS = {"job", "instance"}


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bcommunique_\w+", expression))


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, str]]:
    """What a newsroom in every kind of trouble answers: to operators, and to all."""
    office = WatchedOffice(tmp_path_factory.mktemp("monitoring"))
    token = Token(name="ops", actions=(Action.OPERATE,), categories=None, made_at=NOON)
    office.office.add(draft("id:9"), now=NOON)
    condition = Condition(kind=AlarmKind.HUB_MUTE, subject="h", since=NOON, words="mute")
    with office.database.transaction() as tx:
        tx.tokens.add(token, hash_hex=hash_of("cq_operator"))
        tx.backups.record(LastBackup(taken_at=NOON, place="here", size_bytes=1))
        tx.alarms.lock()
        begun = changes_of([], [condition], judged=(), now=NOON, again_after=None)
        tx.alarms.record(begun)
        state = tx.alarms.claim("mail", now=NOON, until=later(minutes=1))
        assert state is not None
        tx.alarms.failed(state, now=NOON, due_at=later(minutes=1), result="no answer")
    client = office.app.test_client(use_cookies=False)
    yield {
        is_operator: client.get("/metrics", headers=headers).get_data(as_text=True)
        for is_operator, headers in (
            (True, {"Authorization": "Bearer cq_operator"}),
            (False, {}),
        )
    }
    office.database.close()


def test_every_metric_that_they_ask_for_is_there(answers: dict[bool, str]) -> None:
    exposed = set(re.findall(r"(?m)^# TYPE (\S+)", answers[True]))
    asked = {name for expression in expressions() for name in names_in(expression)}
    assert asked - exposed == set()
    assert len(asked) > 20


def test_trouble_that_operators_alone_may_see_is_shown_to_them(answers: dict[bool, str]) -> None:
    shown = (
        'communique_alarms_open{kind="hub_mute"} 1.0',
        'communique_alarms_open{kind="embargo_missed"} 0.0',
        'communique_alarm_channel_failing_since_timestamp_seconds{channel="mail"} 1.7724528e+09',
        "communique_last_backup_timestamp_seconds 1.7724528e+09",
    )
    for line in shown:
        assert line in answers[True]
        assert line not in answers[False]
    waiting = 'communique_feed_stale_since_timestamp_seconds{feed="all"} 1.7724528e+09'
    assert waiting in answers[False]
    assert NOON.timestamp() == 1772452800


def test_every_label_that_they_ask_for_is_one_of_the_metric() -> None:
    labels = {one.name: set(one.labels) for one in METRICS} | {
        one.name: set() for one in STORE_MEASURES
    }
    for expression in expressions():
        known = set().union(*(labels[name] for name in names_in(expression))) | OF_PROMETHEUS
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression))
        for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
            asked |= {name.strip() for name in grouped.split(",")}
        assert asked <= known, expression


def test_every_state_that_they_ask_for_exists(answers: dict[bool, str]) -> None:
    asked = re.findall(r'standing=~"([^"]+)"', " ".join(expressions()))
    for standing in {each for several in asked for each in several.split("|")}:
        assert f'standing="{standing}"' in answers[True]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_says_what_is_wrong(rule: dict[str, Any]) -> None:
    assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}
    assert re.fullmatch(r"[1-9]\d*m", rule["for"])
    assert [one["alert"] for one in RULES].count(rule["alert"]) == 1


def test_promtool_finds_no_fault(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("promtool", "install the package prometheus")
    for path in FOLDER.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "communique_token").touch()
    command = [promtool, "check", "config", "prometheus.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULES)} rules found" in done.stdout


def test_the_dashboard_is_one_that_grafana_imports() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    sources = {panel["datasource"]["uid"] for panel in panels}
    assert sources == {"${datasource}"}
