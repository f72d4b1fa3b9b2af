"""A token for some categories links no release to one that it may not change."""

from datetime import datetime
from itertools import count

import pytest

from feeds.model.token import Action
from tests.service.web.api.pressroom import RECORD, Answer, Pressroom
from tests.support.newsrooms import later

MINUTE = later(hours=1)
#: What a release of the other desk says, and how the desk's own would join its work.
JOINING = [
    pytest.param({}, "fr", {"translation_of": "legal-1"}, id="translation_of"),
    pytest.param({}, "fr", {"work": "legal-1"}, id="work called as a release"),
    pytest.param({"work": "order-77"}, "fr", {"work": "order-77"}, id="work"),
    pytest.param({"work": "order-77"}, "order-77", {}, id="called as a work"),
    pytest.param({"translation_of": "fr"}, "fr", {}, id="named as the original"),
]


_numbers = count()


def finance(room: Pressroom) -> str:
    """The text of a new token for one category."""
    return room.make_token(f"desk-{next(_numbers)}", Action.PUBLISH, categories=("finance",))


def as_desk(room: Pressroom, key: str, **fields: object) -> Answer:
    record = RECORD | {"title": "Un traité", "language": "fr"} | fields
    return room.ask("PUT", f"/releases/{key}", record, token=finance(room))


def translations(room: Pressroom, key: str) -> list[str]:
    return [each.language for each in room.newsroom.release(f"id:{key}").release.translations]


@pytest.mark.parametrize(("theirs", "key", "own"), JOINING)
def test_a_token_links_to_nothing_that_it_may_not_change(
    room: Pressroom, theirs: dict[str, str], key: str, own: dict[str, str]
) -> None:
    room.put("legal-1", categories=["Health"], **theirs)
    before = room.etag("legal-1")
    refused = as_desk(room, key, **own)
    assert refused.status == 403
    assert "may link releases in finance only" in refused.json["detail"]
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert translations(room, "legal-1") == []
    assert room.etag("legal-1") == before


@pytest.mark.parametrize(("theirs", "key", "own"), JOINING)
def test_what_waits_or_was_retracted_is_not_linked_to_either(
    room: Pressroom, theirs: dict[str, str], key: str, own: dict[str, str]
) -> None:
    """Nobody is asked when it comes out, or is restored."""
    waiting = theirs | {"embargoed_until": MINUTE.isoformat()}
    assert room.put("legal-1", categories=["Health"], **waiting).status == 202
    assert as_desk(room, key, **own).status == 403
    room.newsroom.embargoes.release(now=MINUTE)
    room.now = MINUTE
    assert room.ask("DELETE", "/releases/legal-1?reason=No").status == 200
    assert as_desk(room, key, **own).status == 403


def test_what_waits_itself_is_judged_when_it_comes(room: Pressroom) -> None:
    waiting = as_desk(room, "fr", work="order-77", embargoed_until=MINUTE.isoformat())
    assert waiting.status == 202
    other = room.make_token("health", Action.PUBLISH, categories=("health",))
    record = RECORD | {"categories": ["Health"], "work": "order-77"}
    assert room.ask("PUT", "/releases/h", record, token=other).status == 403


def test_a_batch_is_judged_record_by_record(room: Pressroom) -> None:
    room.put("legal-1", categories=["Health"])
    desk = finance(room)
    records = [
        RECORD | {"id": "fr", "language": "fr", "translation_of": "legal-1"},
        RECORD | {"id": "en"},
        RECORD | {"id": "de", "language": "de", "translation_of": "en"},
    ]
    results = room.ask("POST", "/releases", records, token=desk).json["results"]
    assert [result["status"] for result in results] == [403, 201, 201]
    assert "pointer" not in results[0]["errors"][0], "its categories are right"
    assert (translations(room, "legal-1"), translations(room, "en")) == ([], ["de"])


def test_a_part_of_it_joins_nothing_either(room: Pressroom) -> None:
    room.put("legal-1", categories=["Health"])
    desk = finance(room)
    assert as_desk(room, "fr").status == 201
    joined = room.ask("PATCH", "/releases/fr", {"work": "legal-1"}, token=desk)
    assert joined.status == 403
    assert room.ask("PATCH", "/releases/fr", {"work": "mine"}, token=desk).status == 200


def test_own_releases_and_those_that_others_linked_are_corrected(room: Pressroom) -> None:
    room.put("legal-1", categories=["Health"])
    room.put("fr", language="fr", translation_of="legal-1")
    corrected = as_desk(room, "fr", translation_of="legal-1", title="Un autre traité")
    assert corrected.status == 200
    assert translations(room, "legal-1") == ["fr"]
    assert as_desk(room, "de", language="de", translation_of="fr").status == 201, "nobody's work"
    left = room.ask("PATCH", "/releases/fr", {"work": "mine"}, token=finance(room))
    assert left.status == 200, "whoever may take it back may take it out"
    assert translations(room, "legal-1") == []


def test_a_link_that_came_meanwhile_is_judged_too(
    room: Pressroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is looked at once more in the transaction that stores the release."""
    real, other = room.newsroom.take_in, iter([True])

    def take_in(drafts: object, *, now: datetime, by: str) -> object:
        if by.startswith("desk") and next(other, False):
            room.put("legal-1", categories=["Health"], work="order-77")
        return real(drafts, now=now, by=by)  # type: ignore[arg-type]

    monkeypatch.setattr(room.newsroom, "take_in", take_in)
    assert as_desk(room, "fr", work="order-77").status == 403
    assert translations(room, "legal-1") == []
