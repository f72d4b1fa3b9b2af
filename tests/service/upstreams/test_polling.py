"""How upstreams are polled: conditions, pace, redirects, and what is no feed, on real sockets."""

import gzip
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from feeds.model.upstream import PollResult, Validators
from service import wiring
from service.upstreams import poller as polling
from service.upstreams.fetching import MAX_BODY_BYTES, MOVED_AFTER
from tests.service.upstreams.conftest import CarryingOffice
from tests.support.newsrooms import NOON, later
from tests.support.upstream_server import Page, UpstreamServer, atom, entry, upstream_server

FEED = atom(entry(1))


def test_both_validators_are_those_of_the_last_document_and_go_to_its_address_alone(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    modified = {"Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
    server.pages["/feed"] = Page(body=FEED, etag='"a"', headers=modified)
    office.poll()
    url = server.url("/feed")
    assert office.state().validators == Validators(
        url=url, etag='"a"', last_modified="Mon, 02 Mar 2026 10:00:00 GMT"
    )
    # The same body with other validators, of which one is missing: nothing of the old ones stays.
    server.pages["/feed"] = Page(body=FEED, etag='"b"')
    office.poll_next()
    assert office.state().validators == Validators(url=url, etag='"b"')
    headers = server.asked("/feed")[1].headers
    assert headers["if-modified-since"] == "Mon, 02 Mar 2026 10:00:00 GMT"
    server.pages["/feed"] = Page(status=302, headers={"Location": "/elsewhere"})
    server.pages["/elsewhere"] = Page(body=FEED, etag='"c"')
    office.poll_next()
    assert "if-none-match" not in server.asked("/elsewhere")[0].headers
    assert office.poll_next().is_not_modified
    assert server.asked("/elsewhere")[1].headers["if-none-match"] == '"c"'


@pytest.mark.parametrize(
    ("page", "why"),
    [
        pytest.param(Page(body=b""), "empty", id="empty"),
        pytest.param(Page(body=b" \n "), "empty", id="blank"),
        pytest.param(
            Page(
                body=b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>",
                headers={"Content-Type": "application/rss+xml"},
            ),
            "page",
            id="challenge",
        ),
        pytest.param(Page(body=b'{"error": "no"}'), "", id="other JSON"),
        pytest.param(Page(body=b"\x00\x01\x02 not text"), "", id="bytes"),
        pytest.param(Page(status=404), "404", id="404 is not gone"),
        pytest.param(Page(status=500), "500", id="500"),
        pytest.param(Page(status=304), "304", id="304 without a condition"),
        pytest.param(Page(status=302), "Location", id="redirect to nowhere"),
        pytest.param(
            Page(status=302, headers={"Location": "ftp://x.example/"}), "no web", id="ftp"
        ),
        pytest.param(Page(status=301, headers={"Location": "/feed"}), "too often", id="loop"),
        pytest.param(
            Page(status=302, headers={"Location": "http://10.0.0.1/feed"}), "private", id="private"
        ),
        pytest.param(
            Page(status=302, headers={"Location": "http://169.254.169.254/"}),
            "metadata",
            id="metadata",
        ),
        pytest.param(Page(body=b"x", headers={"Content-Encoding": "gzip"}), "", id="no gzip"),
        pytest.param(
            Page(
                body=gzip.compress(b"<rss>" + b" " * (4 * MAX_BODY_BYTES)),
                headers={"Content-Encoding": "gzip"},
            ),
            "larger than 10 MiB",
            id="gzip bomb",
        ),
        pytest.param(Page(body=b" " * (MAX_BODY_BYTES + 1)), "larger than 10 MiB", id="large"),
    ],
)
def test_what_is_no_feed_is_an_error_and_nothing_is_forgotten(
    office: CarryingOffice, server: UpstreamServer, page: Page, why: str
) -> None:
    server.pages["/feed"] = Page(body=FEED, etag='"a"', headers={"Content-Type": "text/plain"})
    office.poll()
    before, releases = office.state(), office.releases()
    assert before.state == "ok"
    # The condition would be answered 304.
    server.pages["/feed"] = page
    result = office.poll_next()
    if page.status == 304:
        assert result.is_success
        return
    assert not result.is_success
    assert why in result.result
    after = office.state()
    assert (after.failures, after.state, after.validators) == (1, "failing", before.validators)
    assert office.releases() == releases
    server.pages["/feed"] = Page(body=FEED, etag='"a"')
    assert office.poll_next().is_not_modified
    assert office.state().state == "ok"


def test_a_compressed_feed_is_read(office: CarryingOffice, server: UpstreamServer) -> None:
    server.pages["/feed"] = Page(
        body=gzip.compress(FEED), headers={"Content-Encoding": "gzip"}, etag='"a"'
    )
    assert office.poll()["council"].taken == 1
    assert server.asked("/feed")[0].headers["accept-encoding"] == "gzip, deflate"


def test_a_server_decides_the_pace_from_the_configured_one_up_to_a_day(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    for cache_control, least, most in (
        ("", 60, 66),
        ("max-age=60", 60, 66),
        ("public, max-age=7200", 120, 132),
        ("no-cache, must-revalidate", 60, 66),
        ("max-age=99999999999999999999", 1440, 1584),
        ("max-age=soon", 60, 66),
    ):
        server.pages["/feed"] = Page(body=FEED, headers={"Cache-Control": cache_control})
        result = office.poll("council")["council"]
        minutes = (result.due_at - office.now) / timedelta(minutes=1)
        assert least <= minutes <= most, cache_control


def test_failures_double_the_pause_up_to_a_day_and_the_schedule_outlives_a_restart(
    office: CarryingOffice,
) -> None:
    pauses = []
    for _ in range(8):
        result = office.poll_next()
        assert office.poll() == {}  # by a new poller, as after a restart
        pauses.append((result.due_at - office.now) / timedelta(hours=1))
    assert pauses[0] < 1.2
    assert all(after > 1.5 * before for before, after in pairwise(pauses[:4]))
    assert 24 <= pauses[-1] < 27
    assert office.state().failing_since == NOON


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wished", "until"),
    [
        pytest.param("7200", later(hours=2), id="seconds"),
        pytest.param("Mon, 02 Mar 2026 15:00:00 GMT", later(hours=3), id="date"),
        pytest.param("99999999999", later(days=1), id="too long"),
        pytest.param("", later(hours=1), id="not said"),
    ],
)
def test_a_server_that_is_overloaded_is_left_alone_with_all_its_feeds(
    office: CarryingOffice,
    server: UpstreamServer,
    status: int,
    wished: str,
    until: object,
) -> None:
    office.carry({}, {"slug": "other", "url": server.url("/other")})
    server.pages["/feed"] = Page(status=status, headers={"Retry-After": wished})
    assert str(status) in office.poll("council")["council"].result
    assert office.state("other").due_at == until
    assert office.state("council").due_at >= until  # type: ignore[operator]


def test_what_is_gone_is_polled_no_more_and_its_releases_stay_or_go_as_configured(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    for when_gone in ("keep", "retract"):
        office.carry({"when_gone": when_gone})
        with office.database.transaction() as tx:
            tx.upstreams.resume("council", now=office.now)
        server.pages["/feed"] = Page(body=FEED)
        office.poll("council")
        server.pages["/feed"] = Page(status=410)
        office.poll("council")
        assert office.state().state == "ended"
        office.pass_time(days=9)
        assert office.poll() == {}
        retraction = office.releases()["Decision 1"].retraction
        assert (retraction is not None) == (when_gone == "retract")


def test_a_permanent_redirect_is_stored_when_it_has_held_for_days(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    server.pages["/feed"] = Page(status=301, headers={"Location": "/a"})
    server.pages["/a"] = Page(status=308, headers={"Location": server.url("/b")})
    server.pages["/b"] = Page(body=FEED, etag='"b"')
    office.poll()
    assert (office.state().fetch_url, office.state().move) != (server.url("/b"), None)
    assert office.state().fetch_url == server.url("/feed")
    office.pass_time(days=1)
    assert office.poll()["council"].is_not_modified
    # One hop that is not for good: it begins anew.
    server.pages["/a"].status = 302
    office.pass_time(days=1)
    office.poll()
    assert office.state().move is None
    server.pages["/a"].status = 301
    for _ in range(2):
        office.pass_time(days=1)
        office.poll()
        # Nothing is held against it when the server is down meanwhile.
        assert office.state().fetch_url == server.url("/feed")
    office.now += MOVED_AFTER
    office.poll()
    assert office.state().fetch_url == server.url("/b")
    count = len(server.asked("/feed"))
    office.poll_next()
    assert len(server.asked("/feed")) == count
    assert office.poll_next().is_not_modified


@pytest.mark.parametrize(
    ("charset", "declared", "encoding"),
    [
        pytest.param(None, "windows-1252", "windows-1252", id="windows-1252"),
        pytest.param(None, "iso-8859-1", "windows-1252", id="as latin-1"),
        pytest.param(None, "koi8-r", "koi8-r", id="KOI8-R"),
        pytest.param("gb18030", None, "gb18030", id="GB18030 by the server"),
        pytest.param("iso-8859-1", "utf-8", "utf-8-sig", id="BOM"),
    ],
)
def test_feeds_come_in_all_encodings(
    office: CarryingOffice,
    server: UpstreamServer,
    charset: str | None,
    declared: str | None,
    encoding: str,
) -> None:
    title = {"koi8-r": "Мост открыт", "gb18030": "大桥开通"}.get(encoding, "Brücke „offen“ – 5 €")
    text = atom(entry(1, title=title)).decode()
    prolog = '<?xml version="1.0" encoding="utf-8"?>'
    assert prolog in text
    new = "" if declared is None else f'<?xml version="1.0" encoding="{declared}"?>'
    kind = "application/atom+xml" + ("" if charset is None else f"; charset={charset}")
    body = text.replace(prolog, new).encode(encoding)
    server.pages["/feed"] = Page(body=body, headers={"Content-Type": kind})
    office.poll()
    assert list(office.releases()) == [title]


def test_relative_addresses_are_made_absolute_by_base_link_and_final_address(
    office: CarryingOffice, server: UpstreamServer
) -> None:
    office.carry({"take": "whole"})
    body = '<p><a href="minutes">Minutes</a> <img src="/a.png" alt="A"></p>'
    based = entry(1, body=body).replace("<entry>", '<entry xml:base="https://b.example/x/">')
    server.pages["/feed"] = Page(status=302, headers={"Location": "/dir/feed"})
    server.pages["/dir/feed"] = Page(body=atom(based, entry(2, body=body)))
    office.poll()
    first = office.releases()["Decision 1"].content.body
    assert 'href="https://b.example/x/minutes"' in first
    second = office.releases()["Decision 2"].content.body
    assert 'href="https://council.example.org/minutes"' in second


def test_results_are_stored_together_while_more_is_to_be_asked(
    office: CarryingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 12
    with upstream_server("0.0.0.0") as server:
        server.pages["/feed"] = Page(body=FEED, etag='"a"')
        office.carry(*[
            {"slug": f"u-{n}", "url": server.url("/feed", host=f"127.0.1.{n + 1}")}
            for n in range(number)
        ])  # fmt: skip
        office.pass_time(hours=1)
        assert len(office.poll()) == number
        office.pass_time(days=1)
        # One request at a time: none is under way whenever an answer has come.
        monkeypatch.setattr(wiring, "AT_ONCE", 1)
        monkeypatch.setattr(polling, "RECORD_AFTER_S", 600.0)
        poller, stored = wiring.upstream_poller(office.application, worker="test"), list[int]()
        record = poller.record

        def counted(results: list[PollResult], resting: Mapping[str, datetime]) -> None:
            stored.append(len(results))
            record(results, resting)

        monkeypatch.setattr(poller, "record", counted)
        assert all(one.is_not_modified for one in poller.run())
        assert stored == [number]
