"""What waits, at the desk: its calendar, and how it is changed."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.categories import Catalogue
from feeds.model.intake import Embargo
from feeds.model.release import Correction, Weight
from feeds.model.user import UserRole
from tests.feeds.ingest.word_files import PNG
from tests.service.web.desk_room import Desk
from tests.service.web.offices import CATALOGUE
from tests.support.desk_browser import DeskBrowser
from tests.support.newsrooms import COOPERATION, NOON, draft


@pytest.fixture
def desk(room: Desk) -> Desk:
    """Anna's, in Paris."""
    site = replace(CATALOGUE.site, time_zone=ZoneInfo("Europe/Paris"))
    described = Catalogue(site, [*CATALOGUE.categories.values()], [*CATALOGUE.feeds.values()])
    room.office.configure(described, now=NOON)
    room.add("anna")
    return room


def hold(desk: Desk, name: str, until: datetime, *categories: str) -> str:
    """Put a document under embargo; gives its page."""
    made = draft(f"id:{name}", *(categories or (COOPERATION,)), title=f"Waiting {name}")
    desk.office.add(replace(made, embargoed_until=until))
    embargo = desk.office.newsroom.embargoes.named(f"id:{name}")
    return f"/desk/waiting/{embargo.release_id}"


def days_in(browser: DeskBrowser, month: str) -> dict[str, list[str]]:
    """The days of a month's page on which something comes out, and what."""
    page = browser.get(f"/desk/waiting/{month}")
    assert page.status_code == 200
    rows = re.findall(r'<time datetime="([\d-]{10})">.*?</tr>', page.text, re.DOTALL)
    cells = re.findall(r"<td>(.*?)</td>", page.text, re.DOTALL)
    found = {
        day: re.findall(r"Waiting (\w+)</a>", cell) for day, cell in zip(rows, cells, strict=True)
    }
    assert [*found] == sorted(found)
    return {day: names for day, names in found.items() if names}


def test_a_month_shows_each_day_of_the_newsrooms_zone_and_what_comes_out(desk: Desk) -> None:
    for name, until in (
        ("last", datetime(2026, 3, 31, 21, 59, tzinfo=UTC)),  # 23:59 in Paris
        ("next", datetime(2026, 3, 31, 22, 0, tzinfo=UTC)),  # the first of April there
        ("first", datetime(2026, 3, 2, 23, 30, tzinfo=UTC)),  # half past midnight on the third
        ("second", datetime(2026, 3, 3, 8, 0, tzinfo=UTC)),
    ):
        path = hold(desk, name, until)
    anna = desk.signed_in("anna")
    assert days_in(anna, "2026/03") == {"2026-03-03": ["first", "second"], "2026-03-31": ["last"]}
    assert days_in(anna, "2026/04") == {"2026-04-01": ["next"]}
    assert days_in(anna, "2026/05") == {}
    page = anna.get("/desk/waiting/2026/03").text
    assert len(re.findall(r'<th scope="row"', page)) == 31, "days on which nothing comes out, too"
    assert "Mon 2</time>" in page
    assert "09:00 CET</time>" in page
    assert "23:59 CEST</time>" in page
    assert path.replace(":", "%3A") in page
    [today] = re.findall(r'aria-current="date"><time datetime="([\d-]+)"', page)
    assert today == f"{NOON:%Y-%m-%d}"
    for other in ("2026/02", "2026/04"):
        assert f'href="/desk/waiting/{other}"' in page
    assert 'href="/desk/waiting/2026/03"' in anna.get("/desk/waiting").text
    assert 'href="/desk/waiting/2026/03"' in anna.get("/desk/waiting/2026/07").text
    # The calendar has a beginning and an end.
    for month in ("0001/01", "9999/12"):
        assert days_in(anna, month) == {}
    for none in ("2026/13", "0000/01", "2026/3"):
        assert anna.get(f"/desk/waiting/{none}").status_code in (403, 404)


def test_a_month_with_more_than_a_page_shows_ends_where_it_knows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.desk.waiting.ROWS_A_MONTH", 2)
    for day in (3, 4, 5, 6):
        hold(desk, f"n{day}", datetime(2026, 3, day, 8, 0, tzinfo=UTC))
    anna = desk.signed_in("anna")
    assert days_in(anna, "2026/03") == {"2026-03-03": ["n3"], "2026-03-04": ["n4"]}
    page = anna.get("/desk/waiting/2026/03").text
    assert "2026-03-05" not in page, "a day is not shown as empty that is not"
    [rest] = re.findall(r'href="(/desk/waiting\?after=[^"]+)"', page)
    assert re.findall(r"Waiting (\w+)</a>", anna.get(rest).text) == ["n5", "n6"]


def test_a_calendar_has_only_what_one_may_see(desk: Desk) -> None:
    desk.add("carla", UserRole.WRITE, categories=("lessons",))
    hold(desk, "theirs", datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    hold(desk, "hers", datetime(2026, 3, 4, 8, 0, tzinfo=UTC), "دروس")
    assert days_in(desk.signed_in("carla"), "2026/03") == {"2026-03-04": ["hers"]}


def form_in(browser: DeskBrowser, path: str, **changed: Any) -> dict[str, Any]:
    """The form of what waits, as it was opened, with some fields changed."""
    page = browser.get(f"{path}/change").text
    [seen] = re.findall(r'name="seen" value="([^"]+)"', page)
    [title] = re.findall(r'name="title" value="([^"]*)"', page)
    [body] = re.findall(r'name="body"[^>]*>\n([^<]*)</textarea>', page)
    boxes = re.findall(r'name="category" value="([^"]+)" checked', page)
    language = re.findall(r'<option value="([^"]+)"[^>]* selected>', page)
    return {
        "seen": seen, "title": html.unescape(title), "body": html.unescape(body),
        "body_format": "html", "summary": "", "language": language, "category": boxes, **changed,
    }  # fmt: skip


UNTIL = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


def waiting(desk: Desk) -> Embargo:
    [embargo] = desk.office.newsroom.embargoes.all()
    return embargo


def test_what_waits_is_changed_under_the_same_embargo_and_keeps_what_is_not_touched(
    desk: Desk,
) -> None:
    made = draft("id:1", COOPERATION, title="Waiting", url="https://example.org/1")
    desk.office.add(replace(made, embargoed_until=UNTIL))
    before, anna = waiting(desk), desk.signed_in("anna")
    path = f"/desk/waiting/{before.release_id}"
    assert f"{path}/change" in anna.get(path).text.replace("%3A", ":")
    new = "<p>It was signed yesterday.</p><script>alert(1)</script>"
    look = anna.send(f"{path}/change", form_in(anna, path, body=new, do="look"))
    assert look.status_code == 200
    for shown in ("<del>today. </del>", "<ins>yesterday. </ins>", "&lt;script&gt;alert"):
        assert shown in look.text
    assert "changed or left out" in look.text
    assert waiting(desk) == before, "to look at a change stores nothing"
    unchanged = anna.send(f"{path}/change", form_in(anna, path, do="look"))
    assert "Nothing is changed." in unchanged.text
    saved = anna.send(f"{path}/change", form_in(anna, path, body=new, do="save"))
    assert saved.headers["Location"] == path
    after = waiting(desk)
    assert after.draft.content.body == "<p>It was signed yesterday.</p>"
    assert after.draft.content.summary == "It was signed yesterday."
    assert after.draft.content.url == made.content.url
    assert after.draft.source_key == made.source_key
    assert (after.until, after.by, after.release_id) == (UNTIL, before.by, before.release_id)
    assert desk.office.newsroom.releases() == []
    events = desk.office.newsroom.audit_events(before.release_id)
    assert [(each.action.value, each.by) for each in events][-1] == ("embargoed", "anna")
    assert events[-1].detail == "another document, until 2026-03-09T08:00:00Z"
    # What lacks something is told, and nothing is stored.
    bad = anna.send(f"{path}/change", form_in(anna, path, title="", do="save"))
    assert bad.status_code == 422
    assert "title is missing" in bad.text
    assert waiting(desk) == after
    # When its time has come it comes out as it was changed.
    desk.office.newsroom.embargoes.release(now=UNTIL)
    [published] = desk.office.newsroom.releases()
    assert published.release.content.body == after.draft.content.body
    assert published.release.content.published == UNTIL


def test_of_two_people_at_what_waits_the_second_is_told_and_nothing_is_overwritten(
    desk: Desk,
) -> None:
    desk.add("berta")
    path = hold(desk, "one", UNTIL)
    anna, berta = desk.signed_in("anna"), desk.signed_in("berta")
    mine = form_in(berta, path, body="<p>The words of berta.</p>", do="save")
    first = form_in(anna, path, body="<p>The words of anna.</p>", do="save")
    assert anna.send(f"{path}/change", first).status_code == 303
    for do in ("look", "save"):
        late = berta.send(f"{path}/change", {**mine, "do": do})
        assert late.status_code == 409
        assert "Somebody else has changed this" in late.text
        assert "The words of berta." in late.text
        assert "The words of anna." in late.text
        assert "The words of anna." in waiting(desk).draft.content.body
    # Having seen both, she may put hers in its place.
    [seen] = re.findall(r'name="seen" value="([^"]+)"', late.text)
    assert berta.send(f"{path}/change", {**mine, "seen": seen}).status_code == 303
    assert "The words of berta." in waiting(desk).draft.content.body
    # What came out meanwhile is not changed, and what was written is not lost.
    late_form = form_in(berta, path, body="<p>The last words.</p>", do="save")
    desk.office.newsroom.embargoes.release(now=UNTIL)
    gone = berta.send(f"{path}/change", late_form)
    assert gone.status_code == 409
    assert "it came out or was dropped meanwhile" in gone.text
    assert "The last words." in gone.text
    assert 'action="/desk/write"' in gone.text
    [listed] = desk.office.newsroom.releases()
    assert "The words of berta." in listed.release.content.body


def test_a_correction_that_waits_is_changed_and_stays_a_correction(desk: Desk) -> None:
    made = draft("id:1", COOPERATION, title="Public")
    desk.office.add(made)
    note = Correction(weight=Weight.MAJOR, note="The title was wrong.")
    corrected = replace(made, content=replace(made.content, title="Corrected"), correction=note)
    desk.office.add(replace(corrected, embargoed_until=UNTIL))
    anna, path = desk.signed_in("anna"), f"/desk/waiting/{waiting(desk).release_id}"
    form = form_in(anna, path, title="Better", do="save")
    assert anna.send(f"{path}/change", form).status_code == 303
    assert waiting(desk).draft.content.title == "Better"
    [listed] = desk.office.newsroom.releases()
    assert listed.release.content.title == "Public"
    desk.office.newsroom.embargoes.release(now=UNTIL)
    [listed] = desk.office.newsroom.releases()
    assert listed.release.content.title == "Better"
    assert [each.text for each in listed.release.notes] == ["The title was wrong."]


def test_what_waits_is_changed_only_by_who_may_publish_it_there(desk: Desk) -> None:
    desk.add("carla", UserRole.PUBLISH, categories=("lessons",))
    desk.add("willi", UserRole.WRITE)
    theirs, hers = hold(desk, "a", UNTIL), hold(desk, "b", UNTIL, "دروس")
    carla, willi = desk.signed_in("carla"), desk.signed_in("willi")
    before = desk.office.newsroom.embargoes.all()
    for browser, path in ((carla, theirs), (willi, theirs), (willi, hers)):
        assert browser.get(f"{path}/change").status_code == 403
        assert browser.send(f"{path}/change", {"do": "save"}).status_code == 403
    # Her own she cannot put where she may not publish.
    elsewhere = form_in(carla, hers, category=[], title="Elsewhere", do="save")
    assert carla.send(f"{hers}/change", elsewhere).status_code == 403
    assert desk.office.newsroom.embargoes.all() == before
    mine = form_in(carla, hers, title="Hers", do="save")
    assert carla.send(f"{hers}/change", mine).status_code == 303


def test_files_of_what_waits_are_added_described_and_taken_away(desk: Desk) -> None:
    desk.add("berta", UserRole.WRITE, categories=("lessons",))
    path = hold(desk, "one", UNTIL)
    anna, berta = desk.signed_in("anna"), desk.signed_in("berta")
    new = {"file": [(BytesIO(PNG), "bridge.png"), (BytesIO(b"A note."), "note.txt")]}
    look = anna.send(f"{path}/change", form_in(anna, path, **new, do="look"))
    assert look.status_code == 422
    assert "the picture bridge.png has no description" in look.text
    assert waiting(desk).draft.content.enclosures == (), "to look at a change stores nothing"
    urls = re.findall(r'name="file_url" value="([^"]+)"', look.text)
    assert [url.rpartition("/")[2] for url in urls] == ["bridge.png", "note.txt"]
    rows: dict[str, Any] = {
        "file_url": urls,
        "file_alt": ["The bridge", ""],
        "file_title": ["", "A note"],
        "file_credit": ["Berta", ""],
    }
    look = anna.send(f"{path}/change", form_in(anna, path, **rows, do="look"))
    assert look.status_code == 200
    assert "<ins>bridge.png, The bridge, Berta; note.txt, A note" in look.text
    [shown] = set(re.findall(r'<img src="(/desk/media/[^"]+)"', look.text))
    assert anna.get(shown).data == PNG, "what is looked at is shown whole"
    assert berta.get(shown).status_code == 404
    assert anna.get(shown.removeprefix("/desk")).status_code == 404
    saved = anna.send(f"{path}/change", form_in(anna, path, **rows, do="save"))
    assert saved.headers["Location"] == path
    [picture, note] = waiting(desk).draft.content.enclosures
    assert (picture.alt, picture.credit, picture.media_type) == ("The bridge", "Berta", "image/png")
    assert (note.title, note.length_bytes) == ("A note", 7)
    form = anna.get(f"{path}/change").text
    assert re.findall(r'name="file_(?:alt|title)" value="([^"]+)"', form) == [
        "The bridge",
        "A note",
    ]
    # A file that is refused keeps the change from being stored: nobody has seen that yet.
    bad = {"file": (BytesIO(b"MZ\x90" * 99), "a.exe"), "title": "Better"}
    refused = anna.send(f"{path}/change", form_in(anna, path, **bad, do="save"))
    assert refused.status_code == 422
    assert "a.exe</bdi>: " in refused.text
    assert "nothing is saved yet" in refused.text
    assert 'value="Better"' in refused.text
    assert waiting(desk).draft.content.title == "Waiting one"
    # So does what was changed in one that was taken.
    named = {"file": (BytesIO(PNG + b" "), "bridge.jpg"), "new_alt": "Again", "title": "Better"}
    told = anna.send(f"{path}/change", form_in(anna, path, **named, do="save"))
    assert told.status_code == 200
    assert "the file is image/png" in told.text
    assert waiting(desk).draft.content.title == "Waiting one"
    rows = {name: [*values, ""] for name, values in rows.items()}
    rows["file_url"] = re.findall(r'name="file_url" value="([^"]+)"', told.text)
    rows |= {"file_decoration": rows["file_url"][2:], "file_remove": rows["file_url"][:1]}
    changed = form_in(anna, path, title="Better", **rows, do="save")
    assert anna.send(f"{path}/change", changed).status_code == 303
    names = [one.url.rpartition("/")[2] for one in waiting(desk).draft.content.enclosures]
    assert names == ["note.txt", "bridge.png"]
    desk.office.newsroom.embargoes.release(now=UNTIL)
    [published] = desk.office.newsroom.releases()
    address = published.release.content.enclosures[1].url.removeprefix("https://news.example.org")
    assert desk.browser().get(address).data == PNG + b" "


def test_what_was_left_out_of_what_waits_stands_with_it(desk: Desk) -> None:
    made = replace(draft("id:1", COOPERATION), embargoed_until=UNTIL, left_out=("2 comments",))
    desk.office.add(replace(made, warnings=("language: read as 'pt-BR'",)))
    page = desk.signed_in("anna").get(f"/desk/waiting/{waiting(desk).release_id}").text
    assert "What was changed or left out while this was read:" in page
    for sentence in ("language: read as &#39;pt-BR&#39;", "2 comments"):
        assert f'<li lang="en" dir="ltr">{sentence}</li>' in page


def test_files_are_not_lost_when_what_waits_was_changed_or_came_out(desk: Desk) -> None:
    path = hold(desk, "one", UNTIL)
    anna, address = desk.signed_in("anna"), f"{path}/change"
    form = form_in(anna, path, title="Mine", do="save")
    assert anna.send(address, {**form, "title": "Theirs"}).status_code == 303

    def picture() -> dict[str, Any]:
        return {"file": (BytesIO(PNG), "bridge.png"), "new_alt": "The bridge"}

    late = anna.send(address, {**form, **picture()})
    assert late.status_code == 409
    assert 'name="file_alt" value="The bridge"' in late.text
    desk.office.newsroom.embargoes.release(now=UNTIL)
    gone = anna.send(address, {**form, **picture()})
    assert gone.status_code == 409
    assert 'action="/desk/write"' in gone.text
    assert 'name="file_alt" value="The bridge"' in gone.text
