"""What is published under embargo over HTTP is nowhere before its minute, in the API either."""

from feeds.model.release import AuditAction
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
    put = room.ask("PUT", "/releases/2026-17", record, token=desk)
    assert (put.status, b"health" in put.body.lower()) == (403, False)
    batch = room.ask("POST", "/releases", [{**record, "source_key": "2026-17"}], token=desk)
    assert batch.json["results"][0]["status"] == 403
    assert b"health" not in batch.body.lower()
    [waiting] = room.newsroom.embargoes.all()
    assert waiting.draft.content.category_names == ("Health",)


def _paths(room: Pressroom, token: str, query: str = "") -> list[str]:
    """The keys that a list of embargoes has for a token, page by page."""
    found, after = [], ""
    while True:
        page = room.ask("GET", f"/embargoes?limit=2{query}{after}", token=token).json
        found += [each["release"]["source_key"] for each in page["embargoes"]]
        if "next" not in page:
            return found
        after = f"&after={page['next']}"


def test_whoever_may_publish_lists_and_reads_what_waits(room: Pressroom) -> None:
    for number, name in enumerate(["Health", "Finance", "Health", "Nobody's", "Finance"]):
        until = later(hours=1 + number).isoformat()
        answer = room.put(
            f"k{number}", title=f"T {number}", embargoed_until=until, categories=[name]
        )
        assert answer.status == 202
    all_of_them = [f"id:k{number}" for number in range(5)]
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance",))
    reader = room.make_token("reader", Action.READ, Action.RETRACT, Action.OPERATE)
    assert _paths(room, room.token) == all_of_them
    assert _paths(room, desk) == ["id:k1", "id:k4"]
    since = later(hours=2).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = later(hours=4).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert _paths(room, room.token, f"&since={since}&before={before}") == ["id:k1", "id:k2"]

    read = room.ask("GET", "/embargoes/k1", token=desk)
    assert read.status == 200
    assert (read.json["by"], read.json["release"]["title"]) == ("everything", "T 1")
    assert read.json["embargoed_until"] == read.json["release"]["published"]
    assert read.json["release"]["feeds"] == ["all", "finance"]
    by_id = room.ask("GET", f"/embargoes/{read.json['release']['id']}", token=desk)
    assert by_id.json == read.json
    same = room.ask("GET", "/embargoes/k1", token=desk, If_None_Match=read.headers["etag"])
    assert same.status == 304

    for method, path, body in (
        ("GET", "/embargoes/{}", None),
        ("PATCH", "/embargoes/{}", {"title": "Mine"}),
        ("DELETE", "/embargoes/{}", None),
        ("POST", "/embargoes/{}/lift", None),
    ):
        there = room.ask(method, path.format("k0"), body, token=desk)
        nowhere = room.ask(method, path.format("k9"), body, token=desk)
        assert there.status == nowhere.status == 404
        assert there.body.replace(b"k0", b"k9") == nowhere.body, "it is as if nothing were there"
        assert room.ask(method, path.format("k0"), body, token=reader).status == 403
        assert room.ask(method, path.format("k0"), body, token=None).status == 401
    assert room.ask("GET", "/embargoes", token=reader).status == 403
    for parameter in ("since=yesterday", "before=0", "limit=0", "after=x", "after=W10", "x=1"):
        assert room.ask("GET", f"/embargoes?{parameter}").status == 400, parameter
    assert _paths(room, room.token) == all_of_them


def test_a_patch_changes_what_waits_and_moves_it(room: Pressroom) -> None:
    room.put(embargoed_until=MINUTE.isoformat(), categories=["Finance"])
    before = room.ask("GET", "/embargoes/2026-17")
    moved = later(hours=5)
    for query, count in (("?dry_run=true", 1), ("", 2)):
        answer = room.ask(
            "PATCH",
            f"/embargoes/2026-17{query}",
            {"title": "Another", "embargoed_until": moved.isoformat()},
            If_Match=before.headers["etag"],
        )
        assert answer.status == 200
        assert answer.json["release"]["title"] == "Another"
        assert answer.json["release"]["body"] == before.json["release"]["body"]
        assert answer.json["embargoed_until"].startswith(moved.strftime("%Y-%m-%dT%H:%M:%S"))
        acts = room.newsroom.audit_events(before.json["release"]["id"])
        assert len(acts) == count
    after = room.ask("GET", "/embargoes/2026-17")
    assert after.json == answer.json
    assert after.headers["etag"] == answer.headers["etag"] != before.headers["etag"]

    late = room.ask(
        "PATCH", "/embargoes/2026-17", {"title": "Mine"}, If_Match=before.headers["etag"]
    )
    assert late.status == 412
    back = room.ask("PATCH", "/embargoes/2026-17", {"embargoed_until": MINUTE.isoformat()})
    assert room.newsroom.embargoes.named("id:2026-17").until == MINUTE, "as it was first"
    assert back.json["release"]["title"] == "Another"
    again = room.put(embargoed_until=MINUTE.isoformat(), categories=["Finance"])
    assert again.status == 202, "the document as it was first is another one than what waits"
    assert room.ask("GET", "/releases/2026-17").status == 404


def test_a_patch_cannot_publish(room: Pressroom) -> None:
    room.put(embargoed_until=MINUTE.isoformat(), categories=["Finance"])
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance",))
    for patch, status, pointer in (
        ({"embargoed_until": None}, 422, "/embargoed_until"),
        ({"embargoed_until": ""}, 422, "/embargoed_until"),
        ({"embargoed_until": later(hours=-1).isoformat()}, 422, "/embargoed_until"),
        ({"embargoed_until": "soon"}, 422, "/embargoed_until"),
        ({"title": ""}, 422, "/title"),
        ([], 422, ""),
        ({"categories": ["Health"]}, 403, None),
    ):
        answer = room.ask("PATCH", "/embargoes/2026-17", patch, token=desk)
        assert answer.status == status, patch
        if pointer is not None:
            assert [each["pointer"] for each in answer.json["errors"]] == [pointer]
    [waiting] = room.newsroom.embargoes.all()
    assert (waiting.until, waiting.version) == (MINUTE, 1)


def test_what_waits_is_lifted_or_dropped_once(room: Pressroom) -> None:
    for key in ("lifted", "dropped"):
        room.put(key, title=key, embargoed_until=MINUTE.isoformat(), categories=["Finance"])
    stale = room.ask("GET", "/embargoes/lifted").headers["etag"]
    room.ask("PATCH", "/embargoes/lifted", {"summary": "In short."})
    assert room.ask("POST", "/embargoes/lifted/lift", If_Match=stale).status == 412
    tag = room.ask("GET", "/embargoes/lifted").headers["etag"]
    lifted = room.ask("POST", "/embargoes/lifted/lift", If_Match=tag)
    assert (lifted.status, lifted.json["verdict"]) == (200, "new")
    assert lifted.json["changed_feeds"] == ["all", "finance"]
    assert room.ask("GET", "/releases/lifted").json["summary"] == "In short."
    assert lifted.json["etag"] == room.etag("lifted")
    dropped = room.ask("DELETE", "/embargoes/dropped")
    assert (dropped.status, dropped.json["release"]["title"]) == (200, "dropped")
    for key in ("lifted", "dropped"):
        assert room.ask("POST", f"/embargoes/{key}/lift").status == 404
        assert room.ask("DELETE", f"/embargoes/{key}").status == 404
    assert room.newsroom.embargoes.all() == []
    events = room.newsroom.audit_events("id:lifted")
    assert [(event.action, event.by) for event in events] == [
        (AuditAction.EMBARGOED, "everything"),
        (AuditAction.EMBARGOED, "everything"),
        (AuditAction.EMBARGO_LIFTED, "everything"),
        (AuditAction.PUBLISHED, "everything"),
    ]


def test_a_correction_that_waits_is_for_those_who_may_change_its_release(room: Pressroom) -> None:
    room.put(categories=["Health"])
    public = room.ask("GET", "/releases/2026-17")
    room.put(title="Corrected", categories=["Finance"], embargoed_until=MINUTE.isoformat())
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance",))
    assert room.ask("GET", "/embargoes/2026-17", token=desk).json["release"]["revision"] == 2
    assert room.ask("PATCH", "/embargoes/2026-17", {"title": "X"}, token=desk).status == 403
    assert room.ask("POST", "/embargoes/2026-17/lift", token=desk).status == 403
    assert room.ask("GET", "/releases/2026-17").json == public.json
    both = room.make_token("both", Action.PUBLISH, categories=("finance", "health"))
    lifted = room.ask("POST", "/embargoes/2026-17/lift", token=both)
    assert (lifted.json["verdict"], lifted.json["release"]["title"]) == ("corrected", "Corrected")
