"""Releases taken back over HTTP."""

from feeds.model.release import AuditAction
from feeds.model.token import Action
from tests.service.web.api.pressroom import Pressroom
from tests.support.newsrooms import later


def test_a_release_is_taken_back_for_a_reason(room: Pressroom) -> None:
    room.put()
    room.now = later(hours=1)
    answer = room.ask("DELETE", "/releases/2026-17?reason=It+was+wrong")
    assert (answer.status, answer.json["verdict"]) == (200, "retracted")
    assert answer.json["release"]["retraction"]["reason"] == "It was wrong"
    assert answer.json["etag"] == room.etag()
    assert room.newsroom.releases()[0].release.retraction is not None


def test_the_same_once_more_changes_nothing(room: Pressroom) -> None:
    """RFC 9110 section 9.2.2: DELETE is idempotent. Another reason is another thing."""
    room.put()
    path = "/releases/2026-17?reason=It+was+wrong"
    assert room.ask("DELETE", path).json["verdict"] == "retracted"
    etag = room.etag()
    again = room.ask("DELETE", path)
    assert (again.status, again.json["verdict"], room.etag()) == (200, "unchanged", etag)
    other = room.ask("DELETE", "/releases/2026-17?reason=It+was+late")
    assert (other.status, "restore it first" in other.json["detail"]) == (409, True)
    assert room.etag() == etag


def test_who_retracts_is_kept(room: Pressroom) -> None:
    room.put()
    room.ask("DELETE", "/releases/2026-17?reason=It+was+wrong")
    [listed] = room.newsroom.releases()
    assert [(act.action, act.by) for act in room.newsroom.audit_events(listed.release.id)][-1] == (
        AuditAction.RETRACTED,
        "everything",
    )


def test_a_dry_run_takes_nothing_back(room: Pressroom) -> None:
    room.put()
    answer = room.ask("DELETE", "/releases/2026-17?reason=It+was+wrong&dry_run=true")
    assert (answer.status, answer.json["dry_run"]) == (200, True)
    assert room.newsroom.releases()[0].release.retraction is None


def test_nothing_is_taken_back_without_a_reason_or_against_a_condition(room: Pressroom) -> None:
    room.put(categories=["Health"])
    desk = room.make_token("desk", Action.RETRACT, categories=("finance",))
    path = "/releases/2026-17?reason=None"
    assert room.ask("DELETE", "/releases/2026-17").status == 400
    assert room.ask("DELETE", "/releases/none?reason=None").status == 404
    assert room.ask("DELETE", path, If_Match='"x"').status == 412
    assert room.ask("DELETE", path, token=desk).status == 403
    assert room.newsroom.releases()[0].release.retraction is None
    assert room.ask("DELETE", path, If_Match=room.etag()).status == 200
