"""The pages of the desk: write, save, show, publish, put under embargo, correct, retract."""

import html
import re
from collections.abc import Mapping
from contextlib import ExitStack
from contextlib import closing as closing_connection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import yaml
from werkzeug.test import TestResponse

from feeds.categories import Catalogue
from feeds.model.alarm import Alarm, AlarmEvent, AlarmKind, Condition
from feeds.model.intake import Refusal
from feeds.model.release import Origin, Release
from feeds.model.upstream import ConfiguredUpstream, PollResult, UpstreamSubscription
from feeds.model.user import UserRole
from service.web import CacheMiddleware, DocumentCache
from service.web.desk.publishing import MomentFault, local_moment
from tests.service.web.desk_room import Desk
from tests.service.web.offices import CATALOGUE
from tests.support.desk_browser import DeskBrowser
from tests.support.newsrooms import NOON, draft, later
from tests.support.wire_server import make_server, port_of, running

WRITTEN: Mapping[str, Any] = {
    "title": "A bridge is opened",
    "body": "It was opened today.\r\n\r\nIt is long.",
    "body_format": "text",
    "language": "en",
    "category": ["cooperation"],
    "contact_name": ["Anna", ""],
    "contact_role": ["Press officer", ""],
    "contact_organisation": ["", ""],
    "contact_phone": ["", ""],
    "contact_email": ["anna@example.org", ""],
    "contact_url": ["", ""],
}


@pytest.fixture
def desk(room: Desk) -> Desk:
    room.add("anna")
    return room


def write(browser: DeskBrowser, **fields: Any) -> str:
    """Save a new draft; gives its address."""
    answer = browser.send("/desk/write", {**WRITTEN, **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def version_in(page: TestResponse) -> str:
    return str(re.findall(r'name="version" value="(\d+)"', page.text)[0])


def publish(browser: DeskBrowser, path: str, **fields: str) -> TestResponse:
    page = browser.get(path)
    return browser.send(f"{path}/publish", {"version": version_in(page), "when": "now", **fields})


def released(desk: Desk) -> list[Release]:
    return [one.release for one in desk.office.newsroom.releases()]


def test_saving_publishes_nothing_and_shows_what_would_be(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    path = write(anna)
    page = anna.get(path)
    assert released(desk) == []
    assert desk.office.newsroom.embargoes.all() == []
    assert "<p>It was opened today.</p>" in page.text
    assert "<p>It is long.</p>" in page.text
    assert "Anna, Press officer, anna@example.org" in page.text
    assert path in anna.get("/desk").text
    assert path in anna.get("/desk/drafts").text


def test_a_long_text_is_taken_over_the_wire_from_whoever_is_signed_in(
    desk: Desk, closing: ExitStack
) -> None:
    """The server asks before it reads a large body; the form's token is in that body."""
    cache = DocumentCache()
    stack = CacheMiddleware(desk.app, current=desk.office.current, document_cache=cache)
    server = make_server(stack)
    closing.enter_context(running(server))
    anna, stranger = desk.signed_in("anna"), desk.browser()
    stranger.get("/desk/sign-in")

    def send(browser: DeskBrowser, path: str, **fields: Any) -> tuple[int, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        data = {"form_token": browser.form_token, **WRITTEN, **fields}
        with closing_connection(HTTPConnection("127.0.0.1", port_of(server))) as connection:
            headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(data, doseq=True), headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location") or answer.read().decode()

    long = "All is said at length. " * 20_000
    status, path = send(anna, "/desk/write", body=long)
    assert status == 303
    assert long.strip() in anna.get(path).text
    assert send(anna, "/desk/write", body=long, form_token="x")[0] == 403
    for path in ("/desk/write", "/desk/sign-in"):
        status, page = send(stranger, path, body=long)
        assert status == 413
        assert "and copy it. Then sign in" in page, "the browser has the text; the server has not"
    desk.add("otto", UserRole.OPERATE)
    assert send(desk.signed_in("otto"), "/desk/write", body=long)[0] == 403


def test_what_is_lost_in_cleaning_is_told_and_nothing_runs(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    evil = '<p onclick="x()">Hello <b>you</b></p><script>alert(1)</script>'
    path = write(anna, title="<script>alert(2)</script>", body=evil, body_format="html")
    for page in (anna.get(path), anna.get("/desk"), anna.get("/desk/drafts")):
        assert "<script>alert" not in page.text
        assert "<p onclick" not in page.text
    assert "&lt;p onclick" in anna.get(path).text, "as it was written, in the form alone"
    assert "changed or left out" in anna.get(path).text


def test_a_draft_that_lacks_something_is_kept_and_says_what(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    path = write(anna, title="", body="", category=[])
    page = anna.get(path)
    assert "title is missing" in page.text
    assert "body is missing" in page.text
    assert f"{path}/publish" not in page.text
    answer = anna.send(f"{path}/publish", {"version": "1", "when": "now"})
    assert answer.status_code == 422
    assert released(desk) == []


def test_published_at_once_it_is_public_with_the_name_of_the_person_in_the_log(
    desk: Desk,
) -> None:
    anna = desk.signed_in("anna")
    path = write(anna)
    answer = publish(anna, path)
    [release] = released(desk)
    assert answer.headers["Location"] == f"/desk/releases/{release.slug}"
    assert release.content.published == NOON
    assert release.content.details.contacts[0].email == "anna@example.org"
    assert desk.office.catalogue.match_all(release.content.category_names).categories == (
        "cooperation",
    )
    page = anna.get(f"/desk/releases/{release.slug}")
    assert "<bdi>anna</bdi>" in page.text
    assert anna.get(path).status_code == 404, "the draft is done with"
    # The same form again does not publish it twice.
    assert anna.send(f"{path}/publish", {"version": "1", "when": "now"}).status_code == 404


def test_of_two_people_at_one_draft_the_second_is_told_and_both_texts_stay(desk: Desk) -> None:
    desk.add("berta")
    anna, berta = desk.signed_in("anna"), desk.signed_in("berta")
    path = write(anna)
    seen = version_in(berta.get(path))
    mine = {**WRITTEN, "body": "The words of anna.", "version": seen}
    assert anna.send(path, mine).status_code == 303
    late = berta.send(path, {**WRITTEN, "body": "The words of berta.", "version": seen})
    assert late.status_code == 409
    assert "anna has saved this draft meanwhile" in late.text
    assert "The words of berta." in late.text
    assert "The words of anna." in late.text
    assert "The words of anna." in berta.get(path).text
    for action in ("publish", "delete"):
        answer = berta.send(f"{path}/{action}", {"version": seen, "when": "now"})
        assert answer.status_code == 409
    assert released(desk) == []
    # Having seen both, she may put hers in its place.
    again = {**WRITTEN, "body": "The words of both.", "version": version_in(late)}
    assert berta.send(path, again).status_code == 303
    # What was published meanwhile comes back as a form, too.
    assert publish(anna, path).status_code == 303
    gone = berta.send(path, again)
    assert gone.status_code == 404


def test_a_preview_is_for_whoever_has_its_address_and_ends(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    path = write(anna)
    anna.send(f"{path}/preview", {"open": "yes"})
    [address] = re.findall(
        r'<a href="https://news.example.org(/desk/preview/[\w-]{32})">', anna.get(path).text
    )
    reviewer = desk.browser()
    page = reviewer.get(address)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "<p>It was opened today.</p>" in page.text
    assert "&lt;item xml:lang" in page.text, "as it will stand in the feeds"
    assert "form_token" not in page.text
    assert reviewer.get("/desk/preview/another").status_code == 404
    anna.send(f"{path}/preview", {})
    assert reviewer.get(address).status_code == 404
    anna.send(f"{path}/preview", {"open": "yes"})
    [second] = re.findall(r"(/desk/preview/[\w-]{32})<", anna.get(path).text)
    assert second != address
    publish(anna, path)
    assert reviewer.get(second).status_code == 404


def test_a_preview_shows_the_id_and_the_address_that_the_release_will_have(desk: Desk) -> None:
    anna = desk.signed_in("anna")

    def shown(path: str) -> set[tuple[str, str]]:
        anna.get(path)
        anna.send(f"{path}/preview", {"open": "yes"})
        [address] = re.findall(r"(/desk/preview/[\w-]{32})<", anna.get(path).text)
        pages = [html.unescape(desk.browser().get(address).text) for _ in range(2)]
        return {
            (release_id, page_of)
            for page in pages
            for release_id in re.findall(r"<id>(urn:uuid:[^<]+)</id>", page)
            for page_of in re.findall(r"<link>(https://news[^<]+)</link>", page)
        }

    first, second = write(anna), write(anna)
    [(now_id, now_address)] = shown(first)
    [(later_id, later_address)] = shown(second)
    assert now_id != later_id
    assert first.rpartition("/")[2] not in now_id, "a draft's id stays at the desk"
    assert publish(anna, first).status_code == 303
    waits = publish(anna, second, when="later", day="2026-03-03", time="09:00")
    assert waits.headers["Location"].replace("%3A", ":") == f"/desk/waiting/{later_id}"
    desk.office.newsroom.embargoes.release(now=datetime(2026, 3, 3, 9, 0, tzinfo=UTC))
    assert {
        (one.id, f"https://news.example.org/releases/{one.slug}") for one in released(desk)
    } == {
        (now_id, now_address),
        (later_id, later_address),
    }


def in_paris(desk: Desk) -> None:
    site = replace(CATALOGUE.site, time_zone=ZoneInfo("Europe/Paris"))
    described = Catalogue(site, [*CATALOGUE.categories.values()], [*CATALOGUE.feeds.values()])
    desk.office.configure(described, now=NOON)


def test_an_embargo_is_picked_in_the_time_of_the_newsroom_moved_lifted_and_dropped(
    desk: Desk,
) -> None:
    in_paris(desk)
    anna, newsroom = desk.signed_in("anna"), desk.office.newsroom
    for field, words in (
        ({"day": "", "time": ""}, "Give a day"),
        ({"day": "2026-03-02", "time": "12:00"}, "This moment is past"),
        ({"day": "2026-03-29", "time": "02:30"}, "There is no such time"),
        ({"day": "2026-10-25", "time": "02:30"}, "comes twice"),
    ):
        path = write(anna)
        answer = publish(anna, path, when="later", **field)
        assert answer.status_code == 422
        assert words in answer.text
        assert newsroom.embargoes.all() == []
    assert 'name="which" value="second"' in answer.text
    waits = publish(
        anna, path, when="later", day="2026-10-25", time="02:30", which="second"
    ).headers["Location"]
    [embargo] = newsroom.embargoes.all()
    assert embargo.until == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert embargo.by == "anna"
    assert waits in anna.get("/desk").text.replace("%3A", ":")
    page = anna.get(waits)
    seen = re.findall(r'name="seen" value="([^"]+)"', page.text)[0]
    moved = anna.send(f"{waits}/move", {"seen": seen, "day": "2026-03-03", "time": "09:00"})
    assert moved.status_code == 303
    assert newsroom.embargoes.all()[0].until == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    for action in ("move", "lift", "drop"):
        late = anna.send(f"{waits}/{action}", {"seen": seen, "day": "2026-03-04", "time": "09:00"})
        assert late.status_code == 409, action
        assert "Somebody else has changed this" in late.text
    seen = re.findall(r'name="seen" value="([^"]+)"', anna.get(waits).text)[0]
    assert released(desk) == []
    lifted = anna.send(f"{waits}/lift", {"seen": seen})
    assert lifted.headers["Location"].startswith("/desk/releases/")
    log = anna.get(lifted.headers["Location"]).text
    assert "was until 3 March 2026, 09:00 CET" in log, "in the zone that the page names"
    assert "until 2026-" not in log
    assert len(released(desk)) == 1
    path = write(anna)
    waits = publish(anna, path, when="later", day="2026-03-03", time="09:00").headers["Location"]
    seen = re.findall(r'name="seen" value="([^"]+)"', anna.get(waits).text)[0]
    assert anna.send(f"{waits}/drop", {"seen": seen}).headers["Location"] == "/desk/waiting"
    assert anna.get(waits).status_code == 404
    assert newsroom.embargoes.all() == []


@pytest.mark.parametrize(
    ("day", "clock", "which", "expected"),
    [
        ("2026-03-29", "01:59", "", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("2026-03-29", "03:00", "", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25", "02:30", "first", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25", "02:30", "second", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25", "03:00", "second", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
    ],
)
def test_local_times(day: str, clock: str, which: str, expected: datetime) -> None:
    assert local_moment(day, clock, which, ZoneInfo("Europe/Paris")) == expected


@pytest.mark.parametrize(
    ("day", "clock"),
    [("2026-03-29", "02:30"), ("2026-10-25", "02:30"), ("2026-02-30", "10:00"), ("x", "y"),
     ("2026-03-02", "25:00"), ("2026-03-02", "10:00+05:00"), ("9999-12-31", "23:59")],
)  # fmt: skip
def test_times_that_are_none_or_two(day: str, clock: str) -> None:
    with pytest.raises(MomentFault):
        local_moment(day, clock, "", ZoneInfo("Europe/Paris"))


def test_a_correction_is_a_draft_and_keeps_what_it_does_not_touch(desk: Desk) -> None:
    desk.office.add(draft("id:1", "cooperation", url="https://example.org/1"))
    [before] = released(desk)
    desk.now = later(hours=1)
    anna = desk.signed_in("anna")
    here = f"/desk/releases/{before.slug}"
    path = anna.send(f"{here}/correct").headers["Location"]
    again = anna.send(f"{here}/correct").headers["Location"]
    assert again == f"{path}?begun=yes", "one draft for all who correct"
    assert "This was begun already, by anna." in anna.get(again).text
    form = {**WRITTEN, "title": before.content.title, "body_format": "html",
            "body": "<p>It was signed yesterday.</p>", "summary": ""}  # fmt: skip
    page = anna.get(path)
    assert "It was signed today." in page.text
    anna.send(path, {**form, "version": version_in(page)})
    page = anna.get(path)
    assert "<del>today. </del>" in page.text
    assert "<ins>yesterday. </ins>" in page.text
    assert released(desk) == [before]
    answer = publish(anna, path, weight="major", note="The day was wrong.")
    assert answer.headers["Location"] == here
    [after] = released(desk)
    assert after.id == before.id
    assert after.content.body == "<p>It was signed yesterday.</p>"
    assert after.content.summary == "It was signed yesterday."
    assert after.content.url == before.content.url
    assert after.content.published == before.content.published
    assert [note.text for note in after.notes] == ["The day was wrong."]


def test_a_correction_of_something_that_changed_meanwhile_is_not_published(desk: Desk) -> None:
    desk.office.add(draft("id:1", "cooperation"))
    anna = desk.signed_in("anna")
    path = anna.send(f"/desk/releases/{released(desk)[0].slug}/correct").headers["Location"]
    desk.office.add(draft("id:1", "cooperation", title="From the folder"), now=later(minutes=1))
    desk.now = later(minutes=2)
    answer = publish(anna, path, weight="minor")
    assert answer.status_code == 409
    assert "changed by somebody else since" in answer.text
    assert released(desk)[0].content.title == "From the folder"


def test_a_release_is_retracted_with_a_reason_and_restored(desk: Desk) -> None:
    desk.office.add(draft("id:1", "cooperation"))
    desk.now = later(minutes=1)
    anna, here = desk.signed_in("anna"), f"/desk/releases/{released(desk)[0].slug}"
    assert anna.send(f"{here}/retract", {"reason": " "}).status_code == 422
    assert anna.send(f"{here}/restore").status_code == 409
    assert anna.send(f"{here}/retract", {"reason": "It was wrong."}).status_code == 303
    assert "It was wrong." in anna.get(here).text
    assert anna.send(f"{here}/retract", {"reason": "Again."}).status_code == 409
    assert anna.send(f"{here}/restore").status_code == 303
    assert released(desk)[0].retraction is None
    assert anna.get("/desk/releases/none").status_code == 404


def test_nobody_touches_what_is_in_categories_of_others(desk: Desk) -> None:
    desk.add("carla", UserRole.PUBLISH, categories=("lessons",))
    anna, carla = desk.signed_in("anna"), desk.signed_in("carla")
    desk.office.add(draft("id:1", "cooperation"))
    here = f"/desk/releases/{released(desk)[0].slug}"
    of_anna = write(anna)
    waits = publish(anna, write(anna), when="later", day="2026-03-03", time="09:00")
    waiting = waits.headers["Location"]
    assert "A bridge is opened" not in carla.get("/desk").text
    assert "A bridge is opened" not in carla.get("/desk/waiting").text
    carla.get("/desk/account")
    for path in (of_anna, waiting):
        assert carla.get(path).status_code == 403
    carla.get("/desk/account")
    for path in (
        f"{of_anna}/publish", f"{of_anna}/delete", f"{of_anna}/preview", of_anna,
        f"{waiting}/lift", f"{waiting}/drop", f"{waiting}/move",
        f"{here}/correct", f"{here}/retract", f"{here}/restore",
    ):  # fmt: skip
        answer = carla.send(path, {**WRITTEN, "version": "1", "when": "now", "reason": "x"})
        assert answer.status_code == 403, path
        assert "You may not do this" in answer.text
    assert carla.send("/desk/write", WRITTEN).status_code == 403
    # Her own, without a category yet, she may save, but not publish.
    own = write(carla, category=[])
    assert publish(carla, own).status_code == 403
    mine = {**WRITTEN, "category": ["lessons"], "version": "1"}
    assert carla.send(own, mine).status_code == 303
    assert publish(carla, own).status_code == 303
    # And into a draft that she may change she cannot put what she may not publish.
    assert len(released(desk)) == 2


def test_lists_go_on_from_page_to_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("drafts", "waiting", "releases"):
        monkeypatch.setattr(f"service.web.desk.{module}.ROWS", 2)
    anna = desk.signed_in("anna")
    for number in range(5):
        desk.now = later(seconds=number)
        write(anna, title=f"Draft {number}")
        one = draft(f"id:{number}", "cooperation", title=f"Release {number}")
        desk.office.add(one, now=desk.now)
        held = replace(draft(f"id:e{number}", "cooperation", title=f"Waiting {number}"),
                       embargoed_until=NOON + timedelta(days=number + 1))  # fmt: skip
        desk.office.add(held, now=desk.now)
    for path, name, first in (
        ("drafts", "Draft", 4), ("releases", "Release", 4), ("waiting", "Waiting", 0),
    ):  # fmt: skip
        address, found = f"/desk/{path}", []
        while address:
            page = anna.get(address)
            found += re.findall(rf"{name} (\d)</a>", page.text)
            following = re.search(r'<a href="([^"]+)" rel="next">', page.text)
            address = following[1].replace("&amp;", "&") if following else ""
        assert found == [str(abs(first - number)) for number in range(5)], path
    for cursor in ("x", "1_", "_", "1_x", "9" * 30 + "_x", "-1_x", "é_x", "1_2_x", "%00"):
        for path in ("drafts", "releases", "waiting"):
            assert anna.get(f"/desk/{path}?after={cursor}").status_code == 200


def test_operators_see_what_needs_them_and_what_to_write_into_the_yaml(room: Desk) -> None:
    room.add("otto", UserRole.OPERATE)
    otto = room.signed_in("otto")
    empty = otto.get("/desk/operations").text
    for words in ("Nothing is wrong.", "No document was refused", "Each name that a release gives"):
        assert words in empty
    assert "https://hub.example/" in empty
    office, database = room.office, room.office.database
    office.add(draft("id:1", 'Nobody\'s "own" <b>', "دروس جديدة", "Nothing yet & never"))
    refusal = Refusal(
        origin=Origin(document="<i>.json"),
        reason="title is missing",
        remedy="add it",
        field="title",
    )
    office.newsroom.refuse([refusal], now=NOON)
    condition = Condition(
        kind=AlarmKind.FEED_STALE, subject="all", words="a feed is late", since=NOON, detail="<u>"
    )
    with database.transaction() as tx:
        alarm = Alarm(condition=condition, event=AlarmEvent.BEGUN, event_at=NOON)
        tx.alarms.lock()
        tx.alarms.record([alarm])
    page = otto.get("/desk/operations").text
    assert "a feed is late" in page
    assert "&lt;i&gt;.json" in page
    assert "title is missing" in page
    for markup in ("<i>", "<u>", "<b>"):
        assert markup not in page
    assert "Feeds of others" not in empty
    council = ConfiguredUpstream(slug="council", url="https://c.example/", host="c.example")
    read = PollResult(
        slug="council",
        at=NOON,
        due_at=NOON,
        result="3 items: 2 taken, 1 left out",
        is_success=True,
        title="<i>Council",
        taken=2,
        left_out={"not wanted by the filters": 1},
    )
    with database.transaction() as tx:
        tx.upstreams.configure([council], now=NOON)
        tx.upstreams.claim(worker="w", now=NOON, until=NOON, limit=1, per_host=1)
        tx.upstreams.record([read], worker="w")
    page = otto.get("/desk/operations").text
    for words in (
        "&lt;i&gt;Council",
        "3 items: 2 taken, 1 left out",
        "1 not wanted by the filters",
    ):
        assert words in page
    assert "Hub:" not in page
    # What a hub does that the upstream names.
    subscription = UpstreamSubscription(
        upstream="council",
        hub="https://hub.c.example/<i>",
        topic="https://c.example/",
        token="t",
        secret="s",
        due_at=NOON,
        came_by_push=3,
        missed=1,
    )
    hub = 'Hub: <code dir="ltr">https://hub.c.example/&lt;i&gt;</code>, '
    shown = f"{hub}{{}}; came by push: 3, missed: 1"
    said = '<span lang="en" dir="ltr">{}</span>'
    with database.transaction() as tx:
        tx.upstream_subscriptions.ensure(subscription)
    assert shown.format("not asked yet") in otto.get("/desk/operations").text
    accepted, refused = "accepted (202), not verified yet", "refused: 500"
    for attempts, result, words in (
        (0, accepted, said.format(accepted)),
        (1, accepted, said.format(accepted)),
        (2, accepted, "it takes requests and never verifies"),
        (3, refused, said.format(refused)),
    ):
        with database.transaction() as tx:
            asked = replace(tx.upstream_subscriptions.listed()["council"], attempts=attempts)
            tx.upstream_subscriptions.ask(asked, now=NOON, again_at=NOON)
            tx.upstream_subscriptions.answered("t", result)
        assert shown.format(words) in otto.get("/desk/operations").text
    with database.transaction() as tx:
        tx.upstream_subscriptions.verified(
            "t", now=NOON, expires_at=later(days=1), renew_at=later(hours=12), result="verified"
        )
    assert shown.format(said.format("verified")) in otto.get("/desk/operations").text
    advice = [html.unescape(each) for each in re.findall(r'tabindex="0">(  - [^<]+)</pre>', page)]
    assert len(advice) == 3
    for each in advice:
        [written] = yaml.safe_load(f"categories:\n{each}")["categories"]
        assert re.fullmatch(r"[a-z0-9-]+", written["slug"])
    assert any('"Nobody\'s \\"own\\" <b>"' in each for each in advice)
    # Neither do these pages show texts that are not public.
    assert otto.get("/desk/drafts").status_code == 403
    assert otto.get("/desk/waiting").status_code == 403
    assert "Write a release" not in otto.get("/desk").text
