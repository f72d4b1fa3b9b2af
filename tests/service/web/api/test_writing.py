"""Releases in over HTTP: put, patched, in batches; over a real socket."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from feeds.model.token import Action
from service import logs
from tests.service.web.api.pressroom import RECORD, Answer, Pressroom
from tests.support.newsrooms import NOON, later

PATCH = "application/merge-patch+json"


def pointers(problem: Any) -> set[str]:
    return {error["pointer"] for error in problem["errors"]}


def test_the_same_put_twice_is_one_release(room: Pressroom) -> None:
    first, second = room.put(), room.put()
    assert (first.status, first.json["verdict"]) == (201, "new")
    assert (second.status, second.json["verdict"]) == (200, "unchanged")
    assert first.headers["location"] == "https://news.example.org/api/v1/releases/2026-17"
    assert "location" not in second.headers
    assert second.json["changed_feeds"] == []
    assert first.json["release"] == second.json["release"]
    assert len(room.newsroom.releases()) == 1


def test_a_put_that_differs_is_a_correction(room: Pressroom) -> None:
    first = room.put().json["release"]
    room.now = later(hours=1)
    answer = room.put(title="The treaty is signed", categories=["Health"])
    second = answer.json["release"]
    assert (answer.status, answer.json["verdict"]) == (200, "corrected")
    assert (second["id"], second["revision"]) == (first["id"], 2)
    assert answer.json["changed_feeds"] == ["all", "finance", "health"]
    assert second["feeds"] == ["all", "health"]
    assert room.ask("GET", "/releases/2026-17").json == second


def test_no_answer_to_a_put_has_an_entity_tag(room: Pressroom) -> None:
    """RFC 9110 9.3.4: what was sent is cleaned, so the client does not hold what is stored."""
    answer = room.put()
    assert "etag" not in answer.headers
    assert answer.json["etag"] == room.etag()


@pytest.mark.parametrize(
    ("key", "own"),
    [
        pytest.param("a%2Fb", "a/b", id="a slash"),
        pytest.param("a/b", "a/b", id="a slash as it is"),
        pytest.param("%2E%2E%2Fx", "../x", id="dots"),
        pytest.param("100%25", "100%", id="a percent sign"),
        pytest.param("caf%C3%A9", "café", id="composed"),
        pytest.param("cafe%CC%81", "café", id="decomposed"),
        pytest.param("a%20%20b", "a b", id="spaces"),
        pytest.param("%22%27%3B--", "\"';--", id="quotes"),
    ],
)
def test_a_key_may_be_anything_that_a_record_in_a_file_may_have(
    room: Pressroom, key: str, own: str
) -> None:
    assert room.put(key).status == 201
    assert room.put(key).json["verdict"] == "unchanged"
    shown = room.ask("GET", f"/releases/{key}").json
    assert shown["source_key"] == f"id:{own}"
    assert room.ask("PUT", f"/releases/{key}", shown).json["verdict"] == "unchanged"
    in_a_file = room.ask("POST", "/releases", [RECORD | {"id": own}])
    assert in_a_file.json["results"][0]["verdict"] == "unchanged"


@pytest.mark.parametrize("key", ["a%00b", "a%0Ab", "x" * 501, "", "%20"])
def test_what_is_no_key_is_not_stored(room: Pressroom, key: str) -> None:
    assert room.put(key).status in {404, 422}
    assert room.newsroom.releases() == []


def test_a_release_of_another_origin_goes_by_its_permanent_id(room: Pressroom) -> None:
    [item] = room.ask("POST", "/releases", [RECORD | {"url": "https://a.example/1"}]).json[
        "results"
    ]
    assert item["source_key"] == "url:https://a.example/1"
    assert room.ask("GET", f"/releases/{item['id']}").json["source_key"] == item["source_key"]
    patched = room.ask("PATCH", f"/releases/{item['id']}", {"title": "New"}, Content_Type=PATCH)
    assert patched.json["release"]["source_key"] == item["source_key"]
    put = room.put(item["id"], title="Newer")
    assert (put.status, put.json["release"]["id"]) == (200, item["id"])
    shown = room.ask("GET", f"/releases/{item['id']}").json
    again = room.ask("PUT", f"/releases/{item['id']}", shown)
    assert (again.status, again.json["verdict"]) == (200, "unchanged")
    other = room.ask("PUT", f"/releases/{item['id']}", shown | {"source_key": "id:other"})
    assert (other.status, pointers(other.json)) == (422, {"/source_key"})
    assert len(room.newsroom.releases()) == 1


def test_a_batch_of_what_a_list_shows_is_the_same_releases(room: Pressroom) -> None:
    room.put()
    room.ask("POST", "/releases", [RECORD | {"url": "https://a.example/1", "title": "Other"}])
    shown = room.ask("GET", "/releases").json["releases"]
    again = room.ask("POST", "/releases", shown).json["results"]
    assert [one["verdict"] for one in again] == ["unchanged", "unchanged"]
    assert {one["source_key"] for one in again} == {"id:2026-17", "url:https://a.example/1"}
    own = room.ask("POST", "/releases", [RECORD | {"id": "id:new"}]).json["results"]
    assert [one["source_key"] for one in own] == ["id:id:new"]
    assert len(room.newsroom.releases()) == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"title": ...}, {"/title"}, id="missing"),
        pytest.param({"title": 5}, {"/title"}, id="of another type"),
        pytest.param({"title": "\ud800"}, {"/title"}, id="a lone surrogate"),
        pytest.param({"published": "2026-13-01"}, {"/published"}, id="impossible"),
        pytest.param({"published": "2026-03-01T10:00:00"}, {"/published"}, id="without zone"),
        pytest.param({"published": "2027-01-01"}, {"/published"}, id="in the future"),
        pytest.param({"body": "<script>x</script>"}, {"/body"}, id="nothing left"),
        pytest.param({"categories": ["a", 5]}, {"/categories/1"}, id="inside a list"),
        pytest.param(
            {"enclosures": [{"url": "https://a.example/a.png", "type": "image/png", "length": 0}]},
            {"/enclosures/0/length"},
            id="inside an object",
        ),
        pytest.param(
            {"enclosures": [{"url": "javascript:x", "type": "image/png", "length": 1}]},
            {"/enclosures/0/url"},
            id="a bad address",
        ),
        pytest.param({"authors": [{"name": 5}]}, {"/authors/0/name"}, id="inside a union"),
        pytest.param(
            {"language": "english", "published": "never"}, {"/language", "/published"}, id="two"
        ),
        pytest.param({"source_key": "2026-18"}, {"/source_key"}, id="another key"),
    ],
)
def test_every_fault_is_told_with_the_place_of_the_field(
    room: Pressroom, changes: dict[str, object], expected: set[str]
) -> None:
    """RFC 9457 with errors; RFC 6901 pointers."""
    answer = room.put("2026-17", **changes)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointers(answer.json) == expected
    assert all(error["detail"] for error in answer.json["errors"])
    assert room.newsroom.releases() == []


def test_what_the_intake_refuses_is_kept_for_ops_until_it_is_accepted(room: Pressroom) -> None:
    room.put(language="english")
    [kept] = room.newsroom.refusals()
    assert (kept.refusal.origin.document, kept.refusal.field) == ("api:2026-17", "language")
    room.put(language="en")
    assert room.newsroom.refusals() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"{", 400, id="cut off"),
        pytest.param(b"\xff\xfe{\x00}\x00", 400, id="UTF-16"),
        pytest.param(b'{"title": NaN}', 400, id="NaN"),
        pytest.param(b"[" * 100_000, 400, id="deep"),
        pytest.param(b"1" * 5000, 400, id="a long number"),
        pytest.param(b"[]", 422, id="a list"),
        pytest.param(b"null", 422, id="null"),
    ],
)
def test_a_body_that_is_no_record_is_refused(room: Pressroom, body: bytes, status: int) -> None:
    assert room.ask("PUT", "/releases/1", body=body).status == status


def test_a_body_of_another_media_type_is_told_which_are_taken(room: Pressroom) -> None:
    """RFC 9110 15.5.16, RFC 5789 2.2."""
    put = room.ask("PUT", "/releases/1", RECORD, Content_Type="text/plain")
    assert (put.status, put.headers["accept"]) == (415, "application/json")
    room.put()
    patch = room.ask("PATCH", "/releases/2026-17", {}, Content_Type="application/json-patch+json")
    assert (patch.status, patch.headers["accept-patch"]) == (415, f"{PATCH}, application/json")


def test_a_large_body_is_refused_with_the_limit(room: Pressroom) -> None:
    room.api = room.api.model_copy(update={"max_body_bytes": 2000})
    answer = room.put(body="x" * 2000)
    assert answer.status == 413
    assert "2000" in answer.json["detail"]
    huge = room.ask("PUT", "/releases/1", body=b" " * (17 * 1024 * 1024))
    assert huge.status == 413
    room.api = room.api.model_copy(update={"max_body_bytes": 8_000_000})
    assert room.put(body="x" * 3_000_000).status == 413  # larger than a document may be
    assert room.newsroom.releases() == []


def test_a_dry_run_tells_all_and_stores_nothing(room: Pressroom) -> None:
    tried = room.ask("PUT", "/releases/1?dry_run=true", RECORD)
    assert (tried.status, tried.json["verdict"], tried.json["dry_run"]) == (200, "new", True)
    assert "id" not in tried.json["release"]
    assert tried.json["changed_feeds"] == ["all", "finance"]
    assert room.newsroom.releases() == []
    assert room.ask("PUT", "/releases/1?dry_run=true", {"title": ""}).status == 422
    assert room.newsroom.refusals() == []
    room.put("1")
    patch = room.ask("PATCH", "/releases/1?dry_run=true", {"title": "B"}, Content_Type=PATCH)
    assert (patch.json["verdict"], patch.json["release"]["title"]) == ("corrected", "B")
    batch = room.ask("POST", "/releases?dry_run=true", [RECORD | {"id": "2"}, {}])
    assert [item["verdict"] for item in batch.json["results"]] == ["new", "refused"]
    [only] = room.newsroom.releases()
    assert only.release.content.title == RECORD["title"]
    assert room.newsroom.refusals() == []


# Lost updates


def test_if_match_stops_who_has_not_seen_the_last_change(room: Pressroom) -> None:
    """RFC 9110 13.1.1: strong comparison."""
    room.put()
    seen = room.etag()
    first = room.ask("PUT", "/releases/2026-17", RECORD | {"title": "A"}, If_Match=seen)
    assert first.status == 200
    late = room.ask("PUT", "/releases/2026-17", RECORD | {"title": "B"}, If_Match=seen)
    assert late.status == 412
    assert room.newsroom.releases()[0].release.content.title == "A"
    weak = f"W/{room.etag()}"
    assert room.ask("PUT", "/releases/2026-17", RECORD, If_Match=weak).status == 412
    assert room.ask("PUT", "/releases/none", RECORD, If_Match="*").status == 412
    listed = f'"x", {room.etag()}'
    patched = room.ask("PATCH", "/releases/2026-17", {"title": "C"}, If_Match=listed)
    assert patched.status == 200


def test_if_none_match_makes_sure_that_a_release_is_new(room: Pressroom) -> None:
    assert room.ask("PUT", "/releases/1", RECORD, If_None_Match="*").status == 201
    again = room.ask("PUT", "/releases/1", RECORD | {"title": "B"}, If_None_Match="*")
    assert again.status == 412
    assert room.newsroom.releases()[0].release.revision == 1


def test_of_many_who_correct_one_state_at_once_one_succeeds(room: Pressroom) -> None:
    room.put()
    seen, statuses = room.etag(), []
    gate = threading.Barrier(6)

    def correct(number: int) -> None:
        gate.wait()
        record = RECORD | {"title": f"Title {number}"}
        statuses.append(room.ask("PUT", "/releases/2026-17", record, If_Match=seen).status)

    threads = [threading.Thread(target=correct, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412, 412, 412, 412, 412]
    assert room.newsroom.releases()[0].release.revision == 2


def test_patches_of_different_fields_at_once_are_all_kept(room: Pressroom) -> None:
    room.put()
    patches = [{"title": "New"}, {"summary": "Short"}, {"language": "fr"}]
    threads = [
        threading.Thread(
            target=room.ask,
            args=["PATCH", "/releases/2026-17", patch],
            kwargs={"Content_Type": PATCH},
        )
        for patch in patches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = room.newsroom.releases()[0].release.content
    assert (content.title, content.summary, content.language) == ("New", "Short", "fr")


# Patches


def test_a_patch_changes_what_it_names_and_nothing_else(room: Pressroom) -> None:
    room.put(
        title="Use &amp;amp; in HTML",
        authors=[{"name": "A", "email": "a@example.org", "url": "https://a.example/"}],
        enclosures=[
            {"url": "https://a.example/a.png", "type": "image/png", "length": 5, "title": "T"}
        ],
        url="https://a.example/1",
    )
    held = room.newsroom.releases()[0].release.content
    assert held.title == "Use &amp; in HTML"
    patched = room.ask("PATCH", "/releases/2026-17", {"categories": ["Health"]}, Content_Type=PATCH)
    assert patched.status == 200
    after = room.newsroom.releases()[0].release.content
    assert after.category_names == ("Health",)
    assert after.title == held.title
    assert (after.authors, after.enclosures, after.url) == (
        held.authors,
        held.enclosures,
        held.url,
    )
    assert (after.body, after.summary, after.published) == (
        held.body,
        held.summary,
        held.published,
    )


def test_null_in_a_patch_takes_a_field_out(room: Pressroom) -> None:
    """RFC 7396 section 1."""
    room.put(url="https://a.example/1", authors=["A", "B"])
    room.ask("PATCH", "/releases/2026-17", {"url": None, "authors": None}, Content_Type=PATCH)
    content = room.newsroom.releases()[0].release.content
    assert (content.url, content.authors) == (None, ())
    broken = room.ask("PATCH", "/releases/2026-17", {"title": None}, Content_Type=PATCH)
    assert (broken.status, pointers(broken.json)) == (422, {"/title"})


def test_a_patch_of_nothing_changes_nothing(room: Pressroom) -> None:
    room.put(title="AT&amp;amp;T", body="<p>a &amp; b</p><h2>c</h2>")
    answer = room.ask("PATCH", "/releases/2026-17", {}, Content_Type=PATCH)
    assert answer.json["verdict"] == "unchanged"


def test_a_summary_that_was_made_of_the_body_goes_with_it(room: Pressroom) -> None:
    room.put(body="<p>Old words.</p>")
    body = {"body": "<p>New words.</p>"}
    room.ask("PATCH", "/releases/2026-17", body, Content_Type=PATCH)
    assert room.newsroom.releases()[0].release.content.summary == "New words."
    room.put(summary="Given")
    room.ask("PATCH", "/releases/2026-17", body, Content_Type=PATCH)
    assert room.newsroom.releases()[0].release.content.summary == "Given"


def test_only_what_is_there_can_be_patched(room: Pressroom) -> None:
    assert room.ask("PATCH", "/releases/1", {}, Content_Type=PATCH).status == 404


# Batches


def test_each_of_a_batch_is_answered_for_itself(room: Pressroom) -> None:
    room.put("1")
    batch = [
        RECORD | {"id": "1"},
        RECORD | {"id": "1", "title": "Twice in one"},
        RECORD | {"id": "2", "published": "soon"},
        "nothing",
        RECORD | {"id": "3"},
    ]
    answer = room.ask("POST", "/releases", batch)
    assert answer.status == 207
    results = answer.json["results"]
    assert [item["status"] for item in results] == [200, 422, 422, 422, 201]
    assert [item["index"] for item in results] == [0, 1, 2, 3, 4]
    assert pointers(results[2]) == {"/published"}
    assert len(room.newsroom.releases()) == 2
    assert [kept.refusal.origin.document for kept in room.newsroom.refusals()] == [
        "api:everything"
    ] * len(room.newsroom.refusals())
    assert room.ask("POST", "/releases", batch[:1]).status == 200
    assert room.newsroom.refusals() == []


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
def test_a_batch_may_be_json_lines(room: Pressroom, media_type: str) -> None:
    lines = [json.dumps(RECORD | {"id": "1"}), "", "{", json.dumps(RECORD | {"id": "2"})]
    answer = room.ask("POST", "/releases", body="\n".join(lines).encode(), Content_Type=media_type)
    assert [item["status"] for item in answer.json["results"]] == [201, 422, 201]


def test_a_batch_is_an_array_of_no_more_than_agreed(room: Pressroom) -> None:
    assert room.ask("POST", "/releases", RECORD).status == 422
    assert room.ask("POST", "/releases", body=b"[{}").status == 400
    assert room.ask("POST", "/releases", []).json["results"] == []
    room.api = room.api.model_copy(update={"max_batch_releases": 2})
    batch = [RECORD | {"id": str(number)} for number in range(3)]
    answer = room.ask("POST", "/releases", batch)
    assert (answer.status, answer.json["detail"]) == (413, "a batch may have 2 releases")
    assert room.newsroom.releases() == []


# Categories


def test_a_token_for_categories_publishes_in_nothing_else(room: Pressroom) -> None:
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance", "health"))

    def put(names: list[str]) -> Answer:
        return room.ask("PUT", "/releases/1", RECORD | {"categories": names}, token=desk)

    for names, named in (
        (["Finance", "Health", "International, regional, and subregional cooperation"],
         "cooperation"),
        (["Finance", "Unheard of"], "'Unheard of'"),
        ([], "no category"),
    ):  # fmt: skip
        answer = put(names)
        assert answer.status == 403
        assert named in answer.json["detail"]
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert put(["Finance"]).status == 201
    assert put(["Health", "Money"]).status == 200


def test_a_token_for_categories_takes_no_release_from_others(room: Pressroom) -> None:
    desk = room.make_token("desk", Action.PUBLISH, categories=("finance",))
    room.put("1", categories=["Health"])
    mine = RECORD | {"categories": ["Finance"]}
    assert room.ask("PUT", "/releases/1", mine, token=desk).status == 403
    patch = {"categories": ["Finance"]}
    answer = room.ask("PATCH", "/releases/1", patch, token=desk, Content_Type=PATCH)
    assert answer.status == 403
    batch = room.ask("POST", "/releases", [mine | {"id": "1"}, mine | {"id": "2"}], token=desk)
    assert [item["status"] for item in batch.json["results"]] == [403, 201]
    assert room.ask("GET", "/releases/1").json["categories"] == ["Health"]


def test_what_is_put_is_taken_in_at_the_moment_of_the_clock(room: Pressroom) -> None:
    room.now = later(hours=3)
    assert room.put().json["release"]["changed_at"] == "2026-03-02T15:00:00Z"
    assert later(hours=3) > NOON


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as a service writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    logs.configure("info", "json", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_the_log_says_who_did_what_to_which_release(room: Pressroom, log: io.StringIO) -> None:
    desk = room.make_token("press-desk")
    room.ask("PUT", "/releases/1", RECORD | {"title": "A treaty"}, token=desk)
    room.ask("POST", "/releases", [RECORD | {"id": "2", "title": "Two"}], token=desk)
    room.ask("DELETE", "/releases/1?reason=Wrong", token=desk)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    said = [
        (one["event"], one["by"], one.get("slug", "").rpartition("-")[0], one.get("title"))
        for one in lines
    ]
    accepted, retracted = "release accepted by API", "release retracted by API"
    assert said == [
        (accepted, "press-desk", "a-treaty", "A treaty"),
        (accepted, "press-desk", "two", "Two"),
        ("batch accepted by API", "press-desk", "", None),
        (retracted, "press-desk", "a-treaty", "A treaty"),
    ]
    assert desk not in log.getvalue()


def test_the_log_says_of_a_release_under_embargo_only_that_there_is_one(
    room: Pressroom, log: io.StringIO
) -> None:
    secret = RECORD | {"title": "Secret merger", "embargoed_until": "2026-03-09T12:00:00Z"}
    assert room.ask("PUT", "/releases/1", secret).status == 202
    batch = [secret | {"id": "2", "title": "Another secret merger"}]
    assert room.ask("POST", "/releases", batch).status == 200
    assert log.getvalue().count("embargoed") == 2
    assert "merger" not in log.getvalue().lower()
