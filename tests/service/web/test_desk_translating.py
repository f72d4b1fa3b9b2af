"""Translations at the desk: begun as drafts, linked when they are published, never too early."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from feeds.model.release import Release
from feeds.model.user import UserRole
from tests.service.web.desk_room import Desk
from tests.support.desk_browser import DeskBrowser
from tests.support.newsrooms import COOPERATION, draft, later

UNTIL = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def desk(room: Desk) -> Desk:
    room.add("anna")
    return room


def released(desk: Desk) -> dict[str, Release]:
    """What is public, by language."""
    found = [one.release for one in desk.office.newsroom.releases()]
    return {one.content.language: one for one in found}


def publish(browser: DeskBrowser, path: str, **fields: str) -> int:
    """Publish a draft as its page offers it; gives the status."""
    [version] = re.findall(
        r'id="publish".*?name="version" value="(\d+)"', browser.get(path).text, re.DOTALL
    )
    answer = browser.send(f"{path}/publish", {"version": version, "when": "now", **fields})
    return answer.status_code


def test_a_translation_is_a_draft_of_the_same_work_in_another_language(desk: Desk) -> None:
    made = draft("id:1", COOPERATION, title="A bridge", url="https://example.org/1")
    desk.office.add(made)
    desk.now = later(hours=1)
    anna, original = desk.signed_in("anna"), released(desk)["en"]
    here = f"/desk/releases/{original.slug}"
    page = anna.get(here).text
    assert re.findall(r'<option value="([^"]+)"', page) == ["ar"], "not the one that it is in"
    path = anna.send(f"{here}/translate", {"language": "ar"}).headers["Location"]
    form = anna.get(path).text
    assert "It was signed today." in form, "the original, to write over"
    assert re.findall(r'<option value="([^"]+)"[^>]* selected>', form) == ["ar"]
    assert re.findall(r'value="(\w+)" checked> <bdi>', form) == ["cooperation"]
    assert [*released(desk)] == ["en"]
    assert publish(anna, path) == 303
    found = released(desk)
    assert {*found} == {"en", "ar"}
    assert [each.language for each in found["en"].translations] == ["ar"]
    assert [each.language for each in found["ar"].translations] == ["en"]
    assert found["ar"].content.published == desk.now
    assert found["ar"].content.url != original.content.url
    # Once is enough, and what it is in is no translation.
    anna.get(here)
    for language in ("ar", "en", "", "xx"):
        answer = anna.send(f"{here}/translate", {"language": language})
        assert answer.status_code == 422
        assert "Choose a language" in answer.text


def test_a_translation_of_what_waits_is_not_published_before_by_mistake(desk: Desk) -> None:
    made = replace(draft("id:1", COOPERATION, title="A secret"), embargoed_until=UNTIL)
    desk.office.add(made)
    anna = desk.signed_in("anna")
    [embargo] = desk.office.newsroom.embargoes.all()
    here = f"/desk/waiting/{embargo.release_id}"
    anna.get(here)
    path = anna.send(f"{here}/translate", {"language": "ar"}).headers["Location"]
    page = anna.get(path).text
    assert "What this translates waits until" in page
    assert 'name="when" value="later" checked' in page
    assert ('value="2026-03-09"' in page, 'value="08:00"' in page) == (True, True)
    assert publish(anna, path, when="later", day="2026-03-09", time="08:00") == 303
    assert released(desk) == {}
    desk.office.newsroom.embargoes.release(now=UNTIL)
    assert [one.language for one in released(desk)["ar"].translations] == ["en"]


def test_nobody_links_to_what_is_in_categories_of_others(desk: Desk) -> None:
    desk.add("carla", UserRole.PUBLISH, categories=("lessons",))
    desk.office.add(draft("id:1", COOPERATION))
    theirs = released(desk)["en"]
    desk.office.add(replace(draft("id:w", COOPERATION), embargoed_until=UNTIL))
    [embargo] = desk.office.newsroom.embargoes.all()
    carla = desk.signed_in("carla")
    for path in (f"releases/{theirs.slug}", f"waiting/{embargo.release_id}"):
        assert carla.send(f"/desk/{path}/translate", {"language": "ar"}).status_code == 403
    assert "Begin a translation" not in carla.get(f"/desk/releases/{theirs.slug}").text
    # Nor by a draft of her own that has come to name their work.
    record = {"title": "Hers", "body": "x", "language": "ar", "categories": ["دروس"],
              "translation_of": "1"}  # fmt: skip
    key = draft("id:desk-hers").source_key
    begun = desk.office.newsroom.drafts
    begun.begin("hers", record, source_key=key, by="carla", now=desk.now)
    assert publish(carla, "/desk/drafts/hers") == 403
    begun.begin("free", {**record, "translation_of": ""}, source_key=key, by="carla", now=desk.now)
    assert publish(carla, "/desk/drafts/free") == 303
    assert released(desk)["en"].translations == ()


def test_of_two_who_translate_the_same_the_second_is_told_and_sees_the_first(desk: Desk) -> None:
    desk.add("berta")
    desk.add("carla", UserRole.PUBLISH, categories=("lessons",))
    desk.office.add(draft("id:1", COOPERATION, title="A bridge"))
    desk.office.add(replace(draft("id:2", COOPERATION), embargoed_until=UNTIL))
    [embargo] = desk.office.newsroom.embargoes.all()
    desk.now = later(hours=1)
    anna, berta = desk.signed_in("anna"), desk.signed_in("berta")
    for here in (f"releases/{released(desk)['en'].slug}", f"waiting/{embargo.release_id}"):
        into = {"language": "ar"}
        anna.get(f"/desk/{here}")
        first = anna.send(f"/desk/{here}/translate", into).headers["Location"]
        assert "begun already" not in anna.get(first).text
        anna.get(f"/desk/{here}")
        berta.get(f"/desk/{here}")
        second = berta.send(f"/desk/{here}/translate", into).headers["Location"]
        assert second == f"{first}?begun=yes"
        told = berta.get(second).text
        assert "This was begun already, by anna." in told
        assert f'action="{first}"' in told
        # When it waits, or is public, none is begun any more.
        assert publish(berta, first, when="later", day="2026-03-10", time="09:00") == 303
        assert 'name="language"' not in anna.get(f"/desk/{here}").text
        anna.get(f"/desk/{here}")
        assert anna.send(f"/desk/{here}/translate", into).status_code == 422
    assert len(desk.office.newsroom.embargoes.all()) == 3


def test_a_draft_of_others_is_not_told_to_who_may_not_see_it(desk: Desk) -> None:
    desk.add("carla", UserRole.PUBLISH, categories=("lessons",))
    desk.office.add(draft("id:1", "دروس", title="A lesson"))
    here = f"/desk/releases/{released(desk)['en'].slug}"
    anna, carla = desk.signed_in("anna"), desk.signed_in("carla")
    anna.get(here)
    first = anna.send(f"{here}/translate", {"language": "ar"}).headers["Location"]
    [saved] = desk.office.newsroom.drafts.listed(is_wanted=lambda _: True)
    moved = {**saved.record, "categories": [COOPERATION]}
    desk.office.newsroom.drafts.save(saved, moved, seen=1, by="anna", now=desk.now)
    carla.get(here)
    hers = carla.send(f"{here}/translate", {"language": "ar"}).headers["Location"]
    assert "begun" not in hers
    assert hers != first
