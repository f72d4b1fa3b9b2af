"""``communique readers``: who reads which feed, from what is in the store."""

from datetime import UTC, datetime, timedelta

from feeds.model.readership import (
    AgentKind,
    AgentTraffic,
    DayCounts,
    ReportKey,
    TopicTraffic,
    poller_digest,
)
from tests.support.command_line import CommandLine

SALT = b"of this day"


def _counted(line: CommandLine) -> None:
    """Three days: two pollers, a hosted reader, and a program that never sends a condition."""
    with line.service.opened_store() as database:
        for ago in (2, 1, 0):
            counts = DayCounts(day=(datetime.now(UTC) - timedelta(days=ago)).date())
            topic = TopicTraffic(requests=40, not_modified=30, bytes_sent=1_000, bytes_saved=9_000)
            for network in ("a", "b"):
                topic.pollers.add(poller_digest(network, "reader", salt=SALT))
            counts.topics["finance", "atom"] = topic
            counts.topics["all", "rss"] = TopicTraffic(requests=10)
            counts.agents["Heedless/1.0"] = AgentTraffic(
                kind=AgentKind.READER, requests=30, bytes_sent=500
            )
            counts.agents["Heeding/1.0"] = AgentTraffic(
                kind=AgentKind.READER, requests=30, conditional=29
            )
            key = ReportKey(
                feed="finance", format="atom", service="feedbin", feed_id="7", poller="p"
            )
            counts.reports[key] = 90
            with database.transaction() as tx:
                tx.readership.add(counts, salt=SALT)


def test_readers_are_shown_with_how_they_were_counted(line: CommandLine) -> None:
    _counted(line)
    answer = line.run("readers", "--days", "2")
    assert answer.code == 0
    text = "\n".join(" ".join(columns) for columns in answer.columns)
    for expected in (
        "finance.atom readers 92 reported 90, credible 90 pollers 2 subscriptions 0",
        "all.rss readers 0 reported 0, credible 0 pollers 0 subscriptions 0",
        "finance.atom feedbin 7 90 counts",
        "requests 50 304 60.0% sent 1000 bytes saved 9000 bytes",
        "never sends a condition Heedless/1.0 requests 90 1500 bytes",
    ):
        assert expected in text
    assert "Heeding" not in text
    of_one = "\n".join(" ".join(each) for each in line.run("readers", "--feed", "all").columns)
    assert "all.rss" in of_one
    assert "finance" not in of_one
    assert line.run("readers", "--feed", "none").code == 1


def test_readers_are_one_object_of_json(line: CommandLine) -> None:
    _counted(line)
    [record] = line.results("readers", "--days", "1")
    assert [(one["feed"], one["readers"]) for one in record["topics"]] == [
        ("all", 0),
        ("finance", 92),
    ]
    assert [(one["feed"], one["requests"], one["pollers"]) for one in record["days"]] == [
        ("all", 10, 0),
        ("finance", 40, 2),
    ]
    assert record["since"] == record["until"]
    assert record["unconditional"] == [
        {"agent": "Heedless/1.0", "requests": 90, "bytes_sent": 1_500}
    ]
