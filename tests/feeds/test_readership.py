"""What user agents say, sketches of how many different ones there were, and credible numbers."""

from datetime import date, timedelta

import pytest

from feeds.model.readership import (
    AgentKind,
    DistinctSketch,
    ReportedNumber,
    ReportKey,
    assess,
    poller_digest,
    read_agent,
)

TODAY = date(2026, 3, 9)

#: By what is sent: service, feed id, subscribers. As public logs have them.
HOSTED = {
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 1,024 subscribers; like FeedFetcher)": (
        "feedly",
        "",
        1024,
    ),
    "Feedly/1.0 (poller; 17 subscribers;)": ("feedly", "", 17),
    "Inoreader/1.0 (+http://www.inoreader.com/feed-fetcher; 12 subscribers; )": (
        "inoreader",
        "",
        12,
    ),
    "Mozilla/5.0 (compatible; inoreader.com; 12 subscribers)": ("inoreader", "", 12),
    "Feedbin feed-id:1524967 - 40 subscribers": ("feedbin", "1524967", 40),
    "NewsBlur Feed Fetcher - 9 subscribers - https://www.newsblur.com/site/9124/x (Mozilla/5.0)": (
        "newsblur feed fetcher",
        "9124",
        9,
    ),
    "Mozilla/5.0 (compatible; BazQux/2.4; +https://bazqux.com/fetcher; 3 subscribers)": (
        "bazqux",
        "",
        3,
    ),
    "Mozilla/5.0 (compatible; theoldreader.com; 8 subscribers; feed-id=ab12)": (
        "theoldreader",
        "ab12",
        8,
    ),
    "LionReader/1.0-abc feed:abc123 (+https://lionreader.com; x; 5 subscribers)": (
        "lionreader",
        "abc123",
        5,
    ),
    "Overcast/1.0 Podcast Sync (7 subscribers; feed-id=554901; +http://overcast.fm/)": (
        "overcast",
        "554901",
        7,
    ),
    "PlayerFM/1.0 Podcast Sync (6 subscribers; url=https://a.example/f)": (
        "playerfm",
        "https://a.example/f",
        6,
    ),
    "Castro 2 Episode Download (4 subscribers)": ("castro 2 episode download", "", 4),
    "Feedfetcher-Google; (+http://x; 2 subscribers; feed-id=77)": ("feedfetcher-google", "77", 2),
    "Netvibes (http://www.netvibes.com/; 11 subscribers; feedId: 5404723)": (
        "netvibes",
        "5404723",
        11,
    ),
    "livedoor FeedFetcher/0.01 (http://reader.livedoor.com/; 1 subscriber)": (
        "livedoor feedfetcher",
        "",
        1,
    ),
    "YahooFeedSeeker/2.0 (compatible; Mozilla 4.0; users 3; views 40)": ("yahoofeedseeker", "", 3),
}

OTHERS = {
    AgentKind.READER: (
        "FreshRSS/1.24.1 (Linux; https://freshrss.org)",
        "Mozilla/5.0 (compatible; Miniflux/2.1; +https://miniflux.app)",
        "Tiny Tiny RSS/21 (https://tt-rss.org/)",
        "NetNewsWire (RSS Reader; https://netnewswire.com/)",
        "Reeder/5050001 CFNetwork/1410 Darwin/22.6.0",
        "NextCloud-News/1.0",
        "Liferea/1.15 (Linux; https://lzone.de/liferea/)",
        "feedparser/6.0.11 +https://github.com/kurtmckee/feedparser/",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.6.0",
    ),
    AgentKind.BROWSER: (
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML) Chrome/120.0.0.0 Safari/537.36",
    ),
    AgentKind.BOT: (
        "",
        "curl/8.5.0",
        "python-requests/2.31.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "facebookexternalhit/1.1",
        "NewsBlur Feed Fetcher - 999999999999 subscribers",
        "Feedbin feed-id:1 - 0 subscribers",
    ),
}


def test_hosted_readers_say_how_many_they_read_for() -> None:
    read = {sent: read_agent(sent) for sent in HOSTED}
    assert {
        sent: (one.service, one.feed_id, one.subscribers) for sent, one in read.items()
    } == HOSTED
    assert {one.kind for one in read.values()} == {AgentKind.HOSTED}


def test_readers_browsers_and_bots_are_told_apart() -> None:
    for kind, agents in OTHERS.items():
        assert {sent: read_agent(sent).kind for sent in agents} == dict.fromkeys(agents, kind)


def test_the_name_of_an_agent_has_neither_its_number_nor_its_feed() -> None:
    assert read_agent("Feedbin feed-id:1524967 - 1,040 subscribers").name == (
        "Feedbin feed-id:… - N subscribers"
    )
    long = read_agent("x\n\x00" * 1000)
    assert (len(long.name), long.name.isprintable()) == (134, True)


@pytest.mark.parametrize("number", [0, 1, 30, 1_000, 50_000])
def test_a_sketch_counts_different_things(number: int) -> None:
    """Whatever comes twice, here or in a sketch that is merged, is counted once."""
    one, other = DistinctSketch(), DistinctSketch()
    for each in range(number):
        digest = poller_digest(f"10.0.{each}", "agent", salt=b"salt")
        one.add(digest)
        (other if each % 2 else one).add(digest)
    one.merge(DistinctSketch(other.pack()))
    assert DistinctSketch(one.pack()).count() == pytest.approx(number, rel=0.05, abs=0.5)
    assert len(one.pack()) < 3_500


def _report(
    day: int, subscribers: int, poller: str = "a", service: str = "feedly"
) -> ReportedNumber:
    key = ReportKey(feed="all", format="atom", service=service, feed_id="", poller=poller)
    return ReportedNumber(day=TODAY - timedelta(days=day), key=key, subscribers=subscribers)


@pytest.mark.parametrize(
    ("reports", "subscribers", "fault"),
    [
        ([(2, 100), (1, 104), (0, 103)], 103, None),
        ([(5, 100), (4, 104), (3, 103)], 103, None),  # not asked since
        ([(1, 100), (0, 100)], 100, "reported on 2 of 7 days; 3 are needed"),
        ([(9, 100), (8, 100), (7, 100), (0, 100)], 100, "reported on 1 of 7 days; 3 are needed"),
        ([(2, 100), (1, 100), (0, 1_000_000)], 1_000_000, "implausible: 100 was usual"),
        ([(2, 100), (1, 100), (0, 1)], 1, "implausible: 100 was usual"),
        ([(2, 1), (1, 2), (0, 8)], 8, None),  # small numbers double soon
        ([(2, 100), (1, 100), (0, 100, "b"), (0, 1_000_000, "c")], 100, None),
        ([(2, 99), (1, 99), (0, 5_000, "b"), (0, 9_000, "c")], 5_000, "implausible: 99 was usual"),
    ],
)  # fmt: skip
def test_a_number_counts_when_it_is_steady_and_plausible(
    reports: list[tuple[int, int]], subscribers: int, fault: str | None
) -> None:
    [judged] = assess([_report(*one) for one in reports], today=TODAY)
    assert (judged.subscribers, judged.fault) == (subscribers, fault)


def test_each_service_and_feed_id_counts_by_itself() -> None:
    reports = [_report(day, 10, service=name) for name in ("feedly", "feedbin") for day in range(3)]
    assert [(one.service, one.fault) for one in assess(reports, today=TODAY)] == [
        ("feedbin", None),
        ("feedly", None),
    ]
