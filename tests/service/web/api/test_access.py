"""Who comes in, and how often: bearer tokens, scopes, limits; over a real socket."""

import logging

import pytest
from flask import Flask

from feeds.errors import StoreUnavailable
from feeds.model.token import Action
from service.web import create_app
from tests.service.web.api.pressroom import RECORD, ROOT, Pressroom
from tests.support.newsrooms import NOON, later

EVERY_CALL = [
    ("GET", "/releases"),
    ("POST", "/releases"),
    ("GET", "/releases/1"),
    ("PUT", "/releases/1"),
    ("PATCH", "/releases/1"),
    ("DELETE", "/releases/1?reason=None"),
]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_nothing_is_told_without_a_token(room: Pressroom, method: str, path: str) -> None:
    """RFC 6750 3: a challenge, and no error where there were no credentials."""
    room.put("1")
    answer = room.ask(method, path, token=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="communique"'
    assert set(answer.json) == {"type", "title", "status", "detail"}
    assert "treaty" not in answer.body.decode()


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param("Bearer cq_" + "A" * 43, id="unknown"),
        pytest.param("Bearer", id="without a token"),
        pytest.param("Basic dTpw", id="another scheme"),
        pytest.param("Bearer a b", id="two"),
        pytest.param("Bearer " + "x" * 5000, id="long"),
        pytest.param("Bearer caf\xe9", id="not ASCII"),
    ],
)
def test_a_token_that_is_none_is_told_nothing_either(room: Pressroom, credentials: str) -> None:
    answer = room.ask("GET", "/releases", token=None, Authorization=credentials)
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_ends_when_it_expires_and_when_it_is_revoked(room: Pressroom) -> None:
    short = room.make_token("short", expires_at=later(hours=1))
    gone = room.make_token("gone")
    assert room.ask("GET", "/releases", token=short).status == 200
    assert room.ask("GET", "/releases", token=gone).status == 200
    with room.database.transaction() as tx:
        tx.tokens.revoke("gone", now=NOON)
    room.now = later(hours=1)
    answers = [room.ask("GET", "/releases", token=token) for token in (short, gone)]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].body == answers[1].body


def test_the_scheme_is_written_in_any_case(room: Pressroom) -> None:
    """RFC 9110 11.1."""
    answer = room.ask("GET", "/releases", token=None, Authorization=f"bEARER  {room.token}")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        (Action.READ, {("GET", "/releases"), ("GET", "/releases/1")}),
        (Action.PUBLISH, {("POST", "/releases"), ("PUT", "/releases/1"), ("PATCH", "/releases/1")}),
        (Action.RETRACT, {("DELETE", "/releases/1?reason=None")}),
    ],
)
def test_a_token_is_for_its_actions_only(
    room: Pressroom, action: Action, allowed: set[tuple[str, str]]
) -> None:
    room.put("1")
    token = room.make_token("one", action)
    for method, path in EVERY_CALL:
        value: object = [] if method == "POST" else RECORD if method in {"PUT", "PATCH"} else None
        answer = room.ask(method, path, value, token=token)
        assert (answer.status < 400) is ((method, path) in allowed), (method, path)
        if answer.status >= 400:
            assert answer.status == 403
            assert 'error="insufficient_scope", scope="' in answer.headers["www-authenticate"]


def test_a_token_for_categories_sees_only_these(room: Pressroom) -> None:
    room.put("1", categories=["Finance"])
    room.put("2", categories=["Health"])
    room.put("3", categories=["Nobody's"])
    desk = room.make_token("desk", Action.READ, categories=("finance",))
    listed = room.ask("GET", "/releases", token=desk).json["releases"]
    assert [release["source_key"] for release in listed] == ["id:1"]
    assert room.ask("GET", "/releases/1", token=desk).status == 200
    hidden, none = (room.ask("GET", f"/releases/{key}", token=desk) for key in ("2", "9"))
    assert (hidden.status, none.status) == (404, 404)
    assert hidden.body.replace(b"2", b"9") == none.body


def test_who_asks_too_often_is_told_when_to_come_again(room: Pressroom) -> None:
    """RFC 6585 4, RFC 9110 10.2.3."""
    app = create_app(room.office.current, clock=lambda: room.now)
    room.api = room.api.model_copy(update={"burst": 3, "requests_per_minute": 6})
    other = room.make_token("other")
    _with_api(app, room)
    client = app.test_client()

    def ask(token: str) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.get(f"{ROOT}/releases", headers=headers)
        return answer.status_code, answer.headers.get("Retry-After")

    assert [ask(room.token)[0] for _ in range(3)] == [200, 200, 200]
    assert ask(room.token) == (429, "10")
    assert ask(other) == (200, None)
    room.seconds += 9
    assert ask(room.token) == (429, "1")
    room.seconds += 1
    assert [ask(room.token)[0] for _ in range(2)] == [200, 429]
    room.seconds += 3600
    assert [ask(room.token)[0] for _ in range(4)] == [200, 200, 200, 429]


def _with_api(app: Flask, room: Pressroom) -> None:
    from service.web.api import make_blueprint  # noqa: PLC0415

    app.register_blueprint(make_blueprint(monotonic=lambda: room.seconds))


@pytest.mark.parametrize("path", ["/releases", "/releases/1", "/nothing", "/openapi.json"])
def test_nothing_is_open_to_the_pages_of_others_or_kept(room: Pressroom, path: str) -> None:
    """No CORS (Fetch 3.2), no caches (RFC 9111 5.2.2.5), no page for a person."""
    origin, page = "https://evil.example", "text/html"
    shown = room.ask("GET", path, Origin=origin, Accept=page)
    asked = room.ask("OPTIONS", path, Origin=origin, Access_Control_Request_Method="PUT")
    for answer in (shown, asked):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "json" in shown.headers["content-type"]
    assert shown.headers["cache-control"] == "no-store"


def test_the_description_needs_no_token_and_tells_of_no_release(room: Pressroom) -> None:
    room.put("1")
    answer = room.ask("GET", "/openapi.json", token=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["servers"] == [{"url": "https://news.example.org/api/v1"}]
    assert "treaty" not in answer.body.decode().replace(str(RECORD["title"]), "")


def test_other_methods_are_told_which_there_are(room: Pressroom) -> None:
    answer = room.ask("POST", "/releases/1", RECORD)
    assert answer.status == 405
    assert {"GET", "PUT", "PATCH"} <= set(answer.headers["allow"].split(", "))
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_api_that_is_not_offered_is_not_there(room: Pressroom) -> None:
    room.api = room.api.model_copy(update={"offered": False})
    assert room.put().status == 404
    assert room.ask("GET", "/openapi.json").status == 404


def test_a_site_without_an_api_has_none(room: Pressroom) -> None:
    """As the export makes it."""
    client = create_app(room.office.current).test_client()
    assert client.get(f"{ROOT}/openapi.json").status_code == 404


def test_a_store_out_of_reach_asks_for_patience(
    room: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreUnavailable("the disk at /secret is full")

    monkeypatch.setattr(room.database, "read", fail)
    logging.getLogger("service.web.problems").setLevel(logging.CRITICAL)
    answer = room.ask("GET", "/releases")
    logging.getLogger("service.web.problems").setLevel(logging.NOTSET)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert b"secret" not in answer.body
