"""Files at the desk: one read into a draft, pictures and files beside it, and who sees them."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from contextlib import closing as closing_connection
from http.client import HTTPConnection
from io import BytesIO
from typing import Any

import pytest

from feeds.model.medium import MediumUse
from feeds.model.release import Release
from feeds.model.saved_draft import SavedDraft
from feeds.model.user import UserRole
from service.web import CacheMiddleware, DocumentCache
from service.web.request_bodies import MAX_BODY_BYTES
from tests.feeds.ingest.word_files import PNG, drawing, p, word
from tests.service.web.desk_room import Desk
from tests.support.desk_browser import DeskBrowser
from tests.support.newsrooms import later
from tests.support.wire_server import make_server, port_of, running

EMPTY: Mapping[str, Any] = {"title": "", "body": "", "language": "en", "category": ["cooperation"]}
WRITTEN: Mapping[str, Any] = {**EMPTY, "title": "A bridge", "body": "It was opened."}

#: A Word document with a picture and a comment in its header that is left out.
BRIDGE = word(
    p("It is long.") + p(drawing("i", "The bridge")),
    relations={"i": ("image", "media/bridge.png"), "h": ("header", "header1.xml")},
    parts={"word/media/bridge.png": PNG, "word/header1.xml": p("Press office")},
)


GIF = b"GIF89a\x02\x00\x03\x00\x00\x00\x00;"


@pytest.fixture
def desk(room: Desk) -> Desk:
    room.add("anna")
    return room


def write(browser: DeskBrowser, **fields: Any) -> str:
    answer = browser.send("/desk/write", {**WRITTEN, **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def save(browser: DeskBrowser, path: str, **fields: Any) -> int:
    version = re.findall(r'name="version" value="(\d+)"', browser.get(path).text)[0]
    return browser.send(path, {**WRITTEN, "version": version, **fields}).status_code


def publish(browser: DeskBrowser, path: str) -> int:
    version = re.findall(r'name="version" value="(\d+)"', browser.get(path).text)[0]
    return browser.send(f"{path}/publish", {"version": version, "when": "now"}).status_code


def drafts(desk: Desk) -> list[SavedDraft]:
    return desk.office.newsroom.drafts.listed(is_wanted=lambda _: True)


def released(desk: Desk) -> list[Release]:
    return [one.release for one in desk.office.newsroom.releases()]


def file(data: bytes | str, name: str) -> tuple[BytesIO, str]:
    return BytesIO(data.encode() if isinstance(data, str) else data), name


def shown_in(page: str) -> str:
    """The address of the first file that a page of the desk shows."""
    return str(re.findall(r'<img src="(/desk/[^"]+)"', page)[0])


def test_a_file_becomes_the_fields_of_a_draft(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    mail = b"Subject: Budget\nMessage-ID: <a@b>\n\nIt is long.\n-- \nAnna\n"
    files = {
        "bridge.docx": BRIDGE,
        "bridge.eml": mail,
        "bridge.md": b"---\ntitle: Budget\nid: b7\nplace: Bern\n---\nIt is long.\n",
        "bridge.html": b"<html><body><h1>Budget</h1><p>It is long.</p></body></html>",
        "C:\\bridge.txt": b"Budget\n\nIt is long.\n",
    }
    for name, data in files.items():
        path = write(anna, **{**EMPTY, "document": file(data, name)})
        page = anna.get(path).text
        [draft] = [one for one in drafts(desk) if path.endswith(one.id)]
        assert draft.title == "Budget", name
        assert "<p>It is long.</p>" in page, name
        assert ("What of the file is not in this draft" in page) is (
            name.rpartition(".")[2] in ("docx", "eml", "md")
        ), (name, draft.record)
        if name.endswith("md"):
            assert draft.record["place"] == "Bern"
            assert "the desk sets this itself" in page
            assert publish(anna, path) == 303
            assert released(desk)[0].content.details.place == "Bern"
    assert len(released(desk)) == 1


def test_what_the_form_holds_stays_and_what_of_the_file_did_not_fit_is_told(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    text = "Language: de\nCategory: Lessons\nPlace: [\n\nAnother title\n\nAnother text.\n"
    path = write(anna, document=file(text, "other.txt"), contact_name=["Anna"])
    [draft] = drafts(desk)
    assert draft.record["body"] == "It was opened."
    assert draft.title == "A bridge"
    told = anna.get(path).text
    for words in ("title: ", "body: "):
        assert f'<li lang="en" dir="ltr">{words}' in told
    assert save(anna, path) == 303
    assert "Another text." in anna.get(path).text, "still told"


def test_a_file_that_cannot_be_read_is_refused_with_reason_and_remedy(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    refused = {
        "bridge.doc": (b"\xd0\xcf", ".doc files are not read: save it as a Word document"),
        "bridge.txt": (b"Retract: b7\nReason: It is wrong.\n", "the file retracts a release"),
        "bridge.jsonl": (b"{}\n{}\n", "the file holds several releases"),
    }
    for name, (data, words) in refused.items():
        answer = anna.send("/desk/write", {**EMPTY, "title": name, "document": file(data, name)})
        assert answer.status_code == 422
        assert words in answer.text
        assert name in {one.title for one in drafts(desk)}, "what was written is saved"
    program = {"file": file(b"MZ\x90\x00\x03" * 100, "a.exe"), "new_credit": "Berta"}
    answer = anna.send("/desk/write", {**WRITTEN, **program})
    assert answer.status_code == 422
    assert "a.exe" in answer.text
    assert "send a file of one of these kinds" in answer.text
    assert "(<q>Berta</q>)" in answer.text, "what was said of it need not be thought of again"
    assert len(drafts(desk)) == 4
    with desk.office.database.read() as tx:
        assert tx.media.count() == (0, 0)


def test_an_embargo_in_a_file_holds_until_somebody_settles_it(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    header = {"h": ("header", "header1.xml")}, {"word/header1.xml": p("EMBARGOED")}
    data = word(p("It grows."), relations=header[0], parts=header[1])
    path = write(anna, title="A", body="", document=file(data, "a.docx"))
    assert publish(anna, path) == 422
    form = {"title": "A", "body": "<p>It grows.</p>", "body_format": "html"}
    assert save(anna, path, **form, embargoed_until="2030-05-21T17:00:00Z") == 303
    assert publish(anna, path) == 303
    assert released(desk) == []
    [waiting] = desk.office.newsroom.embargoes.all()
    assert f"{waiting.until:%Y-%m-%dT%H}" == "2030-05-21T17"
    path = write(anna, title="A", body="", document=file(data, "a.docx"))
    assert save(anna, path, **form, embargoed_until="") == 303
    assert publish(anna, path) == 303


def test_a_picture_is_for_those_who_see_the_draft_and_public_with_the_release(desk: Desk) -> None:
    desk.add("berta", UserRole.WRITE, categories=("lessons",))
    anna, berta, stranger = desk.signed_in("anna"), desk.signed_in("berta"), desk.browser()
    picture = {"file": file(PNG, "Bridge 1.png"), "new_alt": "The bridge", "new_title": "Open",
               "new_credit": "Berta"}  # fmt: skip
    path = write(anna, **picture)
    [entry] = drafts(desk)[0].record["enclosures"]
    address = shown_in(anna.get(path).text)
    public = address.removeprefix("/desk")
    answer = anna.get(address)
    assert (answer.status_code, answer.data) == (200, PNG)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert berta.get(address).status_code == 404
    assert stranger.get(address).status_code == 303
    assert anna.get(public).status_code == 404
    anna.send(f"{path}/preview", {"open": "yes"})
    [secret] = re.findall(r"(/desk/preview/[\w-]{32})<", anna.get(path).text)
    previewed = shown_in(stranger.get(secret).text)
    assert previewed == f"{secret}{public}"
    assert stranger.get(previewed).data == PNG
    assert stranger.get(previewed.replace(secret[-9:], "x" * 9)).status_code == 404
    assert stranger.get(f"{secret}/media/{'0' * 64}/a.png").status_code == 404
    write(anna, file=file(b"A note.", "note.txt"))
    [other] = [
        one["url"].removeprefix("https://news.example.org")
        for draft in drafts(desk)
        for one in draft.record["enclosures"]
        if one["url"].endswith("note.txt")
    ]
    assert anna.get(f"/desk{other}").data == b"A note."
    assert stranger.get(f"{secret}{other}").status_code == 404, "it is of another draft"
    assert publish(anna, path) == 303
    [enclosure] = released(desk)[0].content.enclosures
    assert enclosure.url == entry["url"] == f"https://news.example.org{public}"
    assert (enclosure.alt, enclosure.title, enclosure.credit) == ("The bridge", "Open", "Berta")
    assert stranger.get(public).data == PNG
    assert stranger.get(previewed).status_code == 404
    with desk.office.database.read() as tx:
        [(holder, _)] = tx.media.uses_of(entry["url"].split("/")[-2])
    assert not holder.startswith("draft:")


def test_a_picture_of_what_waits_is_for_those_who_see_that(desk: Desk) -> None:
    desk.add("berta", UserRole.WRITE, categories=("lessons",))
    anna, berta = desk.signed_in("anna"), desk.signed_in("berta")
    path = write(anna, file=file(PNG, "bridge.png"), new_decoration="0")
    embargo = {"version": "1", "when": "later", "day": "2030-05-21", "time": "17:00"}
    waiting = anna.send(f"{path}/publish", embargo).headers["Location"]
    address = shown_in(anna.get(waiting).text)
    assert anna.get(address).data == PNG
    assert berta.get(address).status_code == 404
    assert anna.get(address.removeprefix("/desk")).status_code == 404


def test_a_picture_in_a_word_document_is_shown_and_kept_as_long_as_the_draft(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    path = write(anna, **{**EMPTY, "document": file(BRIDGE, "bridge.docx")})
    address = shown_in(anna.get(path).text)
    assert anna.get(address).data == PNG
    use = MediumUse(address.split("/")[-2], address.split("/")[-1])

    def unused() -> list[str]:
        with desk.office.database.read() as tx:
            return tx.media.unused(before=later(days=999), limit=9)

    assert unused() == []
    body = drafts(desk)[0].record["body"]
    assert save(anna, path, body=body, body_format="html") == 303
    assert unused() == []
    assert save(anna, path, body="Without.") == 303
    assert unused() == [use.digest]
    assert save(anna, path, body=body, body_format="html") == 303
    assert unused() == []
    version = drafts(desk)[0].version
    assert anna.send(f"{path}/delete", {"version": str(version)}).status_code == 303
    assert unused() == [use.digest]


def test_a_description_is_asked_for_unless_the_picture_only_decorates(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    path = write(anna, file=file(PNG, "bridge.png"))
    page = anna.get(path).text
    assert "the picture bridge.png has no description" in page
    # Who has to say what it shows can see it: what is not complete is not shown as a page.
    assert anna.get(shown_in(page)).data == PNG
    assert publish(anna, path) == 422
    [entry] = drafts(desk)[0].record["enclosures"]
    row = {"file_url": [entry["url"]], "file_title": [""], "file_credit": [""], "file_alt": [""]}
    assert save(anna, path, **row) == 303
    assert publish(anna, path) == 422
    assert save(anna, path) == 303, "a form that shows no files changes none"
    assert save(anna, path, **row, file_decoration=[entry["url"]]) == 303
    assert "has no description" not in anna.get(path).text
    assert save(anna, path, **{**row, "file_alt": ["The bridge"]}) == 303
    assert drafts(desk)[0].record["enclosures"] == [
        {name: value for name, value in entry.items() if name != "undescribed"}
        | {"alt": "The bridge"}
    ]
    assert save(anna, path, **row, file_remove=[entry["url"]]) == 303
    assert drafts(desk)[0].record["enclosures"] == []
    # Somebody else took it away meanwhile: the form still has it.
    assert save(anna, path, **row, file_decoration=[entry["url"]]) == 303
    assert drafts(desk)[0].record["enclosures"] == [
        {name: entry[name] for name in ("url", "type", "length")}
    ]
    assert publish(anna, path) == 303
    assert released(desk)[0].content.enclosures[0].alt is None


def test_files_that_a_text_names_beside_it_are_asked_for_at_the_desk(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    text = "---\nmedia: [plan.pdf]\n---\n# A bridge\n\n![The bridge](bridge.jpg)\n\nIt opens.\n"
    path = write(anna, title="", body="", document=file(text, "bridge.md"))
    page = anna.get(path).text
    for name in ("plan.pdf", "bridge.jpg"):
        assert f"the file &#39;{name}&#39;, which is not in this one: add it below" in page
    assert publish(anna, path) == 303
    [release] = released(desk)
    assert "bridge.jpg" not in release.content.body, "no broken picture"
    assert "The bridge" in release.content.body


def test_several_files_are_taken_at_once_and_each_is_asked_about(desk: Desk) -> None:
    anna = desk.signed_in("anna")
    # As a browser without scripts sends them: it has nothing to say of files that are new.
    path = write(anna, file=[file(PNG, "bridge.png"), file(GIF, "river.gif"), file("x", "a.txt")])
    page = anna.get(path).text
    names = [one["url"].rpartition("/")[2] for one in drafts(desk)[0].record["enclosures"]]
    assert names == ["bridge.png", "river.gif", "a.txt"]
    for name in ("bridge.png", "river.gif"):
        assert f"the picture {name} has no description" in page
    assert page.count('name="file_alt" value=""') == 3
    assert publish(anna, path) == 422
    # With scripts each has fields of its own, in the order of the files.
    several = {
        "file": [file(PNG, "bridge.png"), file("MZ\x90" * 99, "a.exe"), file(GIF, "river.gif")],
        "new_alt": ["The bridge", "", ""],
        "new_title": ["Open", "A program", "Deep"],
        "new_credit": ["Berta", "", "Carl"],
        "new_decoration": ["2"],
    }
    answer = anna.send("/desk/write", {**WRITTEN, "title": "Several", **several})
    assert answer.status_code == 422
    assert "a.exe</bdi>: " in answer.text
    assert "(<q>A program</q>)" in answer.text
    [draft] = [one for one in drafts(desk) if one.title == "Several"]
    said = [
        {name: one.get(name) for name in ("alt", "title", "credit", "undescribed")}
        for one in draft.record["enclosures"]
    ]
    assert said == [
        {"alt": "The bridge", "title": "Open", "credit": "Berta", "undescribed": None},
        {"alt": None, "title": "Deep", "credit": "Carl", "undescribed": None},
    ]
    # The same bytes once more keep what was said of them.
    path = f"/desk/drafts/{draft.id}"
    assert save(anna, path, title="Several", file=file(PNG, "bridge.png")) == 303
    [draft] = [one for one in drafts(desk) if one.title == "Several"]
    assert len(draft.record["enclosures"]) == 2
    assert draft.record["enclosures"][0]["alt"] == "The bridge"
    assert publish(anna, path) == 303


def test_over_the_wire_files_are_larger_than_texts_and_need_the_form(
    desk: Desk, closing: ExitStack
) -> None:
    cache = DocumentCache()
    stack = CacheMiddleware(desk.app, current=desk.office.current, document_cache=cache)
    server = make_server(stack)
    closing.enter_context(running(server))
    anna = desk.signed_in("anna")
    cookies = "; ".join(f"{name}={value}" for name, value in anna.cookies.items())
    sound = b"fLaC" + b"0123456789abcdef" * (MAX_BODY_BYTES // 16)

    def send(token: str, length: int | None = None) -> tuple[int, str]:
        fields = {"form_token": token, "title": "A bridge", "body": "It sounds."}
        parts = b"".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
            for name, text in fields.items()
        )
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n\r\n'
        body = parts + head + sound + b"\r\n--b--\r\n"
        with closing_connection(HTTPConnection("127.0.0.1", port_of(server))) as connection:
            connection.putrequest("POST", "/desk/write")
            connection.putheader("Cookie", cookies)
            connection.putheader("Content-Type", "multipart/form-data; boundary=b")
            connection.putheader("Content-Length", str(length or len(body)))
            connection.endheaders(body if length is None else None)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    assert send(anna.form_token)[0] == 303
    [draft] = drafts(desk)
    assert draft.record["enclosures"][0]["length"] == len(sound)
    assert send("x")[0] == 403
    status, page = send(anna.form_token, 10**9)
    assert status == 413
    assert "The files are too large" in page
    assert len(drafts(desk)) == 1
    with desk.office.database.read() as tx:
        assert tx.media.count()[0] == 1
