"""Two Communiqués, one carrying the other: subscribed at its hub, over real sockets."""

from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.running_service import Service, document, running, wait_until


def titles(line: CommandLine) -> list[str]:
    """The titles of the newsroom's releases."""
    return [one["title"] for one in line.results("release", "list")]


def test_what_one_publishes_is_pushed_to_the_other_with_its_id_and_never_comes_back(
    tmp_path: Path,
) -> None:
    first = Service(folder=tmp_path / "first")
    second = Service(folder=tmp_path / "second")
    hub = {"own_hub": {"offered": True, "timeout_seconds": 5}}
    first.hubs = (f"{first.base_url}/hub",)
    second.hubs = (f"{second.base_url}/hub",)
    for one, other in ((first, second), (second, first)):
        one.upstreams = (
            {
                "slug": "other",
                "url": f"{other.base_url}/feeds/all.atom",
                "categories": ["finance"],
                "take": "whole",
                "as_news": True,
            },
        )
        one.write_main(hub)  # type: ignore[arg-type]
    here, there = CommandLine(service=first), CommandLine(service=second)
    (first.inbox / "one.txt").write_text(document("A bridge opens", "Finance"), encoding="utf-8")
    with running(first):
        wait_until(lambda: b"A bridge opens" in first.get("/feeds/all.atom").body)
        with running(second):
            _carry(here, there, first, second)


def _carry(here: CommandLine, there: CommandLine, first: Service, second: Service) -> None:
    wait_until(lambda: "A bridge opens" in titles(there), within_s=60)

    def is_ok() -> bool:
        return bool(there.results("upstream", "show", "other")[0]["state"] == "ok")

    wait_until(is_ok, within_s=60)  # stored behind what was taken

    def is_subscribed() -> bool:
        [shown] = there.results("upstream", "show", "other")
        return bool(shown["push"] and shown["push"]["expires_at"])

    wait_until(is_subscribed, within_s=60)
    (first.inbox / "two.txt").write_text(document("It is closed", "Finance"), encoding="utf-8")
    wait_until(lambda: "It is closed" in titles(there), within_s=60)
    [shown] = there.results("upstream", "show", "other")
    # The next poll is an hour away: it came by push.
    assert shown["push"]["came_by_push"] == 1
    ids = {one["title"]: one["id"] for one in here.results("release", "list")}

    def feed() -> str:
        return second.get("/feeds/all.atom").body.decode()

    # Its edition follows the release.
    wait_until(lambda: all(f"<id>{known}</id>" in feed() for known in ids.values()))
    assert "<source>" in feed()
    # And the other way round, nothing of it is new.
    here.run("upstream", "poll", "other")
    assert sorted(titles(here)) == ["A bridge opens", "It is closed"]
