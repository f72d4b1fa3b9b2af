"""Files beside a document in a folder, which it names: stored with it, and no fault."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from feeds.ingest import read_documents
from feeds.model.intake import Refusal
from feeds.model.release import Draft, Release
from feeds.store.database import Database
from service.jobs.beside import FilesBeside, NotYetWhole
from service.jobs.folders import Folders
from service.media import MediaStore
from service.settings import MediaSettings
from tests.feeds.ingest.intake import record
from tests.service.jobs.test_folders import RULES
from tests.support.newsrooms import Office
from tests.support.pictures import PNG

PDF = b"%PDF-1.7\n"
TEXT = "Published: 2026-01-05T09:00:00Z\nMedia: {}\n\nThe bridge\n\nIt opens.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """A watched folder, and a place for the files of the newsroom."""

    folder: Path
    office: Office
    watching: Folders
    media: MediaStore

    def put(self, name: str, content: bytes | str, *, age_s: float = 10) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = datetime.now(UTC).timestamp() - age_s
        os.utime(path, (moment, moment))
        return path

    def scan(self) -> None:
        self.watching.scan()
        self.watching.scan()

    @property
    def release(self) -> Release:
        [listed] = self.office.newsroom.releases()
        return listed.release

    @property
    def refused(self) -> dict[str, str]:
        kept = self.office.newsroom.refusals()
        return {one.refusal.origin.document: one.refusal.reason for one in kept}


@pytest.fixture
def inbox(tmp_path: Path, database: Database) -> Inbox:
    """An empty one; whoever watches it begins anew."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    office = Office(database)
    media = MediaStore(
        database,
        office.catalogue.site,
        MediaSettings(),
        folder=tmp_path,
        now=lambda: datetime.now(UTC),
    )
    return Inbox(folder=folder, office=office, watching=watch(folder, office, media), media=media)


def watch(folder: Path, office: Office, media: MediaStore) -> Folders:
    return Folders(
        office.database,
        office.newsroom,
        RULES,
        folders=[folder],
        settle_s=0,
        now=lambda: datetime.now(UTC),
        keep_file=media.file_keeper("folder"),
    )


def name_of(url: str) -> str:
    assert url.startswith("https://news.example.org/media/"), url
    return url.rpartition("/")[2]


def json_record(**more: Any) -> str:
    return record(id="b1", published="2026-01-05T09:00:00Z", **more)


FORMS = {
    "bridge.txt": TEXT.format("photo.jpg | The bridge"),
    "bridge.md": "---\npublished: 2026-01-05T09:00:00Z\nmedia: ['photo.jpg | The bridge']\n---\n"
    "# The bridge\n\nIt opens.\n",
    "bridge.html": '<meta name="media" content="photo.jpg | The bridge">'
    '<meta name="published" content="2026-01-05T09:00:00Z"><h1>The bridge</h1><p>It opens.</p>',
    "bridge.json": json_record(enclosures=[{"url": "photo.jpg", "alt": "The bridge"}]),
    "below/bridge.json": json_record(media="../photo.jpg | The bridge"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_that_a_document_names_becomes_a_file_of_the_release(
    inbox: Inbox, name: str
) -> None:
    inbox.put("photo.jpg", PNG)
    inbox.put(name, FORMS[name])
    inbox.scan()
    assert inbox.refused == {}
    [file] = inbox.release.content.enclosures
    assert name_of(file.url) == "photo.png", "its bytes say what it is"
    assert (file.media_type, file.length_bytes, file.alt) == ("image/png", len(PNG), "The bridge")
    assert not list(inbox.folder.rglob("*.refused*")), "nobody is told that it cannot be read"
    watch(inbox.folder, inbox.office, inbox.media).scan()
    inbox.scan()
    assert inbox.refused == {}


BODIES = {
    "bridge.md": "---\npublished: 2026-01-05T09:00:00Z\n---\n# The bridge\n\n"
    "![It](photo%201.jpg)\n\nThe [plan](files/plan.pdf), [more](more.html), [us](about).\n",
    "bridge.html": '<meta name="published" content="2026-01-05T09:00:00Z"><h1>The bridge</h1>'
    '<p><img src="photo%201.jpg" srcset="small.jpg 300w" alt="It"></p><p>The '
    '<a href="files/plan.pdf">plan</a>, <a href="more.html">more</a>, <a href="about">us</a>.</p>',
}


@pytest.mark.parametrize("name", BODIES)
def test_pictures_and_links_in_a_text_lead_to_the_files(inbox: Inbox, name: str) -> None:
    inbox.put("photo 1.jpg", PNG)
    inbox.put("files/plan.pdf", PDF)
    inbox.put(name, BODIES[name])
    inbox.scan()
    assert inbox.refused == {}
    body = inbox.release.content.body
    assert '/photo-1.png" alt="It">' in body
    assert '/plan.pdf">plan</a>' in body
    assert body.count("https://news.example.org/media/") == 2
    assert "small.jpg" not in body
    for page in ("more.html", "about"):
        assert f'href="https://news.example.org/{page}"' in body, "it may be a page of the site"


def test_a_missing_file_is_refused_by_name_and_field_until_it_comes(inbox: Inbox) -> None:
    inbox.put("a.txt", TEXT.format("photo.jpg"))
    inbox.put("b.json", json_record(enclosures=[{"url": "plan.pdf"}, {"url": "photo.jpg"}]))
    inbox.put("c.md", "# C\n\n![It](photo.jpg)\n")
    inbox.scan()
    inbox.scan()
    assert inbox.office.newsroom.releases() == []
    assert inbox.refused == {
        "a.txt": "media: 'photo.jpg' names a file that is not there",
        "b.json": "enclosures[0].url: 'plan.pdf' names a file that is not there; "
        "enclosures[1].url: 'photo.jpg' names a file that is not there",
        "c.md": "body: 'photo.jpg' names a file that is not there",
    }
    [kept] = [one for one in inbox.office.newsroom.refusals() if "a.txt" in str(one.refusal.origin)]
    assert kept.refusal.field == "media"
    assert "put the file beside the document" in kept.refusal.remedy
    inbox.put("photo.jpg", PNG)
    inbox.scan()
    assert set(inbox.refused) == {"b.json"}
    inbox.put("plan.pdf", PDF)
    inbox.scan()
    assert inbox.refused == {}
    assert len(inbox.office.newsroom.releases()) == 3


def test_a_file_that_came_first_is_told_only_until_a_document_names_it(inbox: Inbox) -> None:
    inbox.put("photo.jpg", PNG)
    inbox.put("stray.jpg", PNG + b"1")
    inbox.scan()
    assert set(inbox.refused) == {"photo.jpg", "stray.jpg"}
    path = inbox.put("a.txt", TEXT.format("photo.jpg"))
    inbox.scan()
    assert set(inbox.refused) == {"stray.jpg"}
    # Another picture of that name is taken when the document is saved again.
    before = inbox.release.content.enclosures
    inbox.put("photo.jpg", PNG + b"22", age_s=5)
    inbox.scan()
    assert set(inbox.refused) == {"stray.jpg"}
    assert inbox.release.content.enclosures == before
    os.utime(path)
    inbox.scan()
    assert inbox.release.content.enclosures[0].length_bytes == len(PNG) + 2


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("../secret.jpg", "stands outside the folder"),
        ("..\\secret.jpg", "stands outside the folder"),
        ("%2e%2e/secret.jpg", "names a file that is not there"),
        ("below/../../secret.jpg", "stands outside the folder"),
        ("link.jpg", "stands outside the folder"),
        ("away/secret.jpg", "stands outside the folder"),
        ("C:/secret.jpg", "names a file that is not there"),
        (".hidden.jpg", "names a file that is not there"),
        ("other.txt", "of a kind that is read as a release itself"),
        ("page.svg", "cannot be stored: it is HTML, SVG or XML"),
        ("x" * 300 + ".jpg", "names a file that is not there"),
    ],
)
def test_nothing_outside_the_folder_and_nothing_that_is_no_file_is_stored(
    inbox: Inbox, written: str, reason: str
) -> None:
    secret = inbox.folder.parent / "secret.jpg"
    secret.write_bytes(PNG)
    (inbox.folder / "link.jpg").symlink_to(secret)
    (inbox.folder / "away").symlink_to(inbox.folder.parent)
    inbox.put(".hidden.jpg", PNG)
    inbox.put("page.svg", "<svg></svg>")
    inbox.put("a.txt", TEXT.format(written))
    inbox.watching.scan()
    inbox.put("other.txt", "x", age_s=-60)  # not read yet
    inbox.watching.scan()
    assert reason in inbox.refused["a.txt"]
    for body in (f'<img src="{written}" alt="">', "<p>x</p>"):
        files = [{"url": written}] if "<p>" in body else []
        inbox.put("b.json", json_record(body=body, body_format="html", enclosures=files))
        inbox.scan()
        assert reason in inbox.refused["b.json"]
    assert inbox.office.newsroom.releases() == []
    with inbox.office.database.read() as tx:
        assert tx.media.count() == (0, 0)


def test_a_document_with_an_address_of_its_own_means_files_of_its_site(inbox: Inbox) -> None:
    page = "https://other.example/2026/bridge.html"
    body = '<p>It opens.</p><img src="photo.jpg" alt="It"><img src="/logo.png" alt="">'
    inbox.put("a.json", json_record(url=page, body=body, body_format="html"))
    inbox.scan()
    assert inbox.refused == {}
    assert 'src="https://other.example/2026/photo.jpg"' in inbox.release.content.body
    # What lies beside it was downloaded with it.
    inbox.put("photo.jpg", PNG)
    inbox.put("a.json", json_record(url=page, body=body, body_format="html"), age_s=5)
    inbox.scan()
    assert "https://other.example/2026/photo.jpg" not in inbox.release.content.body
    assert 'photo.png" alt="It"' in inbox.release.content.body
    assert inbox.refused == {}


def test_a_file_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(PNG)
    (tmp_path / "a.txt").touch()

    def keep(path: Path) -> Any:
        raise AssertionError(path)

    beside = FilesBeside(tmp_path / "a.txt", tmp_path, keep, is_whole=lambda _: False)
    with pytest.raises(NotYetWhole):
        beside("photo.jpg")


def test_a_document_in_the_folder_waits_for_its_file(inbox: Inbox) -> None:
    path = inbox.put("photo.jpg", PNG)
    inbox.put("a.txt", TEXT.format("photo.jpg"))
    with path.open("ab"):
        inbox.scan()
        assert (inbox.office.newsroom.releases(), inbox.refused) == ([], {})
    inbox.scan()
    assert len(inbox.release.content.enclosures) == 1


def test_what_comes_alone_has_no_file_beside_it() -> None:
    [refusal] = read_documents(
        BytesIO(TEXT.format("photo.jpg").encode()), document="-", rules=RULES
    )
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "media: 'photo.jpg' has no file beside it: it came alone"
    far = TEXT.format("https://files.example/photo.jpg | The bridge")
    [draft] = read_documents(BytesIO(far.encode()), document="-", rules=RULES)
    assert not isinstance(draft, Refusal)


def test_a_line_media_alone_is_a_head_only_with_a_file() -> None:
    far = "https://files.example/photo.jpg"
    for text, title in (
        ("Media: what changes\n\nIt opens.\n\n2026-01-05T09:00:00Z\n", "Media: what changes"),
        (f"Media: {far}\n\nThe bridge\n\nIt opens.\n\n2026-01-05T09:00:00Z\n", "The bridge"),
    ):
        [draft] = read_documents(BytesIO(text.encode()), document="a.txt", rules=RULES)
        assert isinstance(draft, Draft)
        assert draft.content.title == title
