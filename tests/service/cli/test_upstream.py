"""``communique upstream``: what is carried, and polling by hand, from a real server."""

from collections.abc import Iterator

import pytest

from tests.support.command_line import CommandLine
from tests.support.upstream_server import Page, UpstreamServer, atom, entry, upstream_server


@pytest.fixture
def council(line: CommandLine) -> Iterator[UpstreamServer]:
    """A server whose feed is configured as ``council``."""
    with upstream_server() as server:
        line.service.upstreams = (
            {
                "slug": "council",
                "url": server.url("/feed"),
                "categories": ["finance"],
                "without": {"titles": ["vacancy"]},
            },
        )
        line.service.write_main({})
        line.run("store", "upgrade")
        yield server


def test_upstreams_are_polled_by_hand_and_shown_with_what_was_taken_and_left(
    line: CommandLine, council: UpstreamServer
) -> None:
    council.pages["/feed"] = Page(body=atom(entry(1), entry(2, title="Vacancy")), etag='"a"')
    answer = line.run("upstream", "poll", "council")
    assert answer.code == 0, answer
    assert answer.columns == [["ok", "council", "2 items: 1 taken, 1 left out"]]
    [record] = line.run("--json", "upstream", "poll", "council").records
    assert (record["is_success"], record["result"]) == (True, "unchanged")
    [record] = line.run("--json", "upstream", "list").records
    assert (record["state"], record["polls"], record["not_modified"]) == ("ok", 2, 1)
    assert record["left_out"] == {"not wanted by the filters": 1}
    rows = dict(line.run("upstream", "show", "council").columns)
    assert rows["title"] == "City Council"
    assert rows["unchanged"] == "50%"
    assert rows["left out"] == "1 not wanted by the filters"
    assert line.run("upstream", "poll").columns == []  # nothing is due
    listed = line.run("release", "list").columns
    assert any("Decision 1" in column for row in listed for column in row)


def test_a_failing_poll_says_so_by_its_exit_code(
    line: CommandLine, council: UpstreamServer
) -> None:
    council.pages["/feed"] = Page(status=500)
    answer = line.run("upstream", "poll", "council")
    assert answer.code == 1
    assert answer.columns == [["failed", "council", "answered 500 Internal Server Error"]]
    rows = dict(line.run("upstream", "show", "council").columns)
    assert rows["failing since"].endswith(", 1 time")
    line.run("upstream", "poll", "council")
    rows = dict(line.run("upstream", "show", "council").columns)
    assert rows["failing since"].endswith(", 2 times")


def test_the_state_of_the_service_has_upstreams(line: CommandLine, council: UpstreamServer) -> None:
    """Who looked there for a day found nothing of a feed that had never come."""
    council.pages["/feed"] = Page(status=500)
    line.run("upstream", "poll", "council")
    [record] = line.run("--json", "status").records
    assert record["upstreams"] == {"failing": 1}
    assert ["upstreams", "1 failing", "(communique upstream list)"] in line.run("status").columns
    council.pages["/feed"] = Page(body=atom(entry(1)))
    line.run("upstream", "poll", "council")
    assert ["upstreams", "1 ok"] in line.run("status").columns


def test_an_upstream_is_paused_and_resumed(line: CommandLine, council: UpstreamServer) -> None:
    council.pages["/feed"] = Page(status=410)
    line.run("upstream", "poll")
    [record] = line.run("--json", "upstream", "list").records
    assert (record["state"], record["next_poll_at"]) == ("ended", None)
    [row] = line.run("upstream", "resume", "council").columns
    assert row[:2] == ["new", "council"]
    assert line.run("upstream", "pause", "council").columns == [["paused", "council", "never"]]
    assert line.run("upstream", "poll").columns == []
    assert line.run("upstream", "list").columns[0][:3] == ["paused", "council", "never"]
    [record] = line.run("--json", "upstream", "resume", "council").records
    assert record["state"] == "new"
    assert line.run("upstream", "poll").columns[0][:2] == ["failed", "council"]


@pytest.mark.parametrize("command", ["show", "poll", "pause", "resume"])
def test_an_unknown_slug_is_told(line: CommandLine, council: UpstreamServer, command: str) -> None:
    assert council.requests == []
    answer = line.run("upstream", command, "counsil")
    assert answer.code == 1
    assert "no upstream has the slug 'counsil'" in answer.talk
