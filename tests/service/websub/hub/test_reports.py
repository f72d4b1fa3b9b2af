"""What ops hear of deliveries: a line a distribution, failures summed up by host."""

from typing import Any

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import DeliveryResult, DueDelivery, PushProtocol
from feeds.store.database import Database
from service.websub.hub import reports
from service.websub.hub.protocols import TopicContent
from service.websub.hub.reports import Reports
from tests.support.hub_at_work import HubAtWork
from tests.support.newsrooms import NOON, later
from tests.support.subscriber import answers, running_subscriber


def test_a_distribution_is_a_line(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    hub = HubAtWork(sqlite_database)
    with running_subscriber() as reader:
        for number in range(150):
            hub.subscribe(reader.url(f"/{number}"), secret="geheim")
        reader.behave("/7", deliver=answers(500))
        reader.behave("/8", deliver=answers(410))
        hub.publish()
        hub.deliveries().run_until_idle()
    told = events(caplog)
    [line] = [one for one in told if one["event"] == "edition delivered"]
    assert (line["topic"], line["subscribers"], line["failed"]) == (hub.topic(), 148, 1)
    [ended] = [one for one in told if one["event"] == "subscription ended by its callback"]
    assert ended["host"] == "127.0.0.1"
    assert "geheim" not in str(told)
    assert "/7" not in str(told), "of a callback, its host alone"
    assert len(told) <= 3


def test_failures_are_summed_up_by_host(caplog: pytest.LogCaptureFixture) -> None:
    told = _told(caplog, ["a"] * 3 + ["b"] * 2 + list("cdefghij"))
    assert told[:2] == [
        {"host": "a", "count": 3, "reason": "500"},
        {"host": "b", "count": 2, "reason": "500"},
    ]
    assert told[-1] == {"other_hosts": 5, "count": 5}
    assert len(told) == 6


def test_but_not_all_the_time(caplog: pytest.LogCaptureFixture) -> None:
    assert len(_told(caplog, ["a"], ["a"])) == 1


def events(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What was said, above debug, by the room that is asked about."""
    return [
        dict(record.msg)
        for record in caplog.records
        if record.name == reports.__name__ and isinstance(record.msg, dict)
    ]


def _fail(to: Reports, host: str) -> None:
    """A delivery to this host fails."""
    delivery = DueDelivery(
        subscription_id=1,
        feed="finance",
        format=Format.ATOM,
        callback=f"https://{host}/cb",
        host=host,
        wire=PushProtocol.WEBSUB,
        secret=None,
        wanted_edition=1,
        attempts=0,
        first_failed_at=None,
    )
    content = TopicContent(
        feed="finance", format=Format.ATOM, edition=1, topic="t", body=b"", headers=()
    )
    result = DeliveryResult(
        subscription_id=1, at=NOON, result="500", took_ms=1, retry_at=later(seconds=30)
    )
    to.begin([content])
    to.end(delivery, content, result)


def _told(caplog: pytest.LogCaptureFixture, *rows: list[str]) -> list[dict[str, Any]]:
    """What is told of failures at these hosts, row after row."""
    one = Reports("https://news.example.org/hub")
    for row in rows:
        for host in row:
            _fail(one, host)
        one.log_failures()
    named = ("host", "count", "reason", "other_hosts")
    return [
        {name: line[name] for name in named if name in line}
        for line in events(caplog)
        if line["event"] == "deliveries failed"
    ]
