"""What is published under embargo over HTTP is nowhere before its minute, in the API either."""

from feeds.model.token import Action
from tests.service.web.api.pressroom import RECORD, Pressroom
from tests.support.newsrooms import later

MINUTE = later(hours=1)


def test_it_is_accepted_and_cannot_be_seen(room: Pressroom) -> None:
    answer = room.put(embargoed_until=MINUTE.isoformat())
    assert (answer.status, answer.json["verdict"]) == (202, "embargoed")
    assert answer.json.get("etag") is None
    assert room.ask("GET", "/releases/2026-17").status == 404
    assert room.ask("GET", "/releases").json["releases"] == []
    [waiting] = room.newsroom.embargoes.all()
    assert (waiting.until, waiting.by) == (MINUTE, "everything")


def test_the_same_once_more_is_unchanged_and_still_waits(room: Pressroom) -> None:
    room.put(embargoed_until=MINUTE.isoformat())
    again = room.put(embargoed_until=MINUTE.isoformat())
    assert (again.status, again.json["verdict"]) == (200, "unchanged")
    assert again.json.get("etag") is None, "there is nothing that it could be a tag of"
    assert room.ask("GET", "/releases/2026-17").status == 404


def test_at_its_minute_it_is_there(room: Pressroom) -> None:
    room.put(embargoed_until=MINUTE.isoformat())
    room.newsroom.embargoes.release(now=MINUTE)
    answer = room.ask("GET", "/releases/2026-17")
    assert answer.status == 200
    assert answer.json["published"].startswith(MINUTE.strftime("%Y-%m-%dT%H:%M:%S"))


def test_another_desk_does_not_overwrite_what_waits(room: Pressroom) -> None:
    room.put(embargoed_until=MINUTE.isoformat(), categories=["Health"])
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance",))
    record = RECORD | {"embargoed_until": MINUTE.isoformat(), "categories": ["Finance"]}
    assert room.ask("PUT", "/releases/2026-17", record, token=desk).status == 403
    batch = room.ask("POST", "/releases", [{**record, "source_key": "2026-17"}], token=desk)
    assert batch.json["results"][0]["status"] == 403
    [waiting] = room.newsroom.embargoes.all()
    assert waiting.draft.content.category_names == ("Health",)
