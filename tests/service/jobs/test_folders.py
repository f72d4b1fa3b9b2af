"""Watched folders: what is read, in which order, how often; and that one file stops no other."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feeds.ingest import IntakeRules, KeepPicture, read_documents
from feeds.model.medium import media_in
from feeds.model.release import Draft, Enclosure
from feeds.store.database import Database
from service.jobs.beside import KeepPath
from service.jobs.folders import Folders
from service.jobs.measuring import ProbeEnclosures, without_probing
from service.media import MediaStore
from service.settings import MediaSettings
from tests.feeds.ingest.intake import record
from tests.feeds.ingest.word_files import PNG, drawing, p, word
from tests.support.newsrooms import Office
from tests.support.running_service import document

RULES = IntakeRules(
    base_url="https://news.example.org",
    language="en",
    time_zone=ZoneInfo("UTC"),
    time_of_day=time(9),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """A watched folder over an office, with the real clock: files have real times."""

    folder: Path
    office: Office

    def folders(
        self,
        rules: IntakeRules = RULES,
        *,
        measure: ProbeEnclosures = without_probing,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        host: str = "",
        keep_picture: KeepPicture | None = None,
        keep_file: KeepPath | None = None,
    ) -> Folders:
        """What a process that starts now watches with."""
        return Folders(
            self.office.database,
            self.office.newsroom,
            rules,
            folders=[self.folder],
            settle_s=0,
            now=now,
            measure=measure,
            host=host,
            keep_picture=keep_picture,
            keep_file=keep_file,
        )

    def read(self, folders: Folders | None = None) -> bool:
        """Look twice: a file is read when it was the same before."""
        watching = folders or self.folders()
        return any([watching.scan(), watching.scan()])

    def write(self, name: str, text: str, *, age_s: float = 10) -> Path:
        """A file of that age."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        moment = datetime.now(UTC).timestamp() - age_s
        os.utime(path, (moment, moment))
        return path

    def titles(self) -> list[str]:
        """What became of it all."""
        listed = self.office.newsroom.releases()
        return sorted(one.release.content.title for one in listed)

    def refused(self) -> list[str]:
        """The documents that are refused."""
        return [kept.refusal.origin.document for kept in self.office.newsroom.refusals()]


@pytest.fixture
def inbox(tmp_path: Path, database: Database) -> Inbox:
    """An empty one."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Inbox(folder=folder, office=Office(database))


def test_a_file_is_read_once(inbox: Inbox) -> None:
    inbox.write("a.txt", document("One", "Finance"))
    folders = inbox.folders()
    assert inbox.read(folders)
    assert not inbox.read(folders)
    assert not inbox.read(), "not by a process that starts later either"
    assert inbox.titles() == ["One"]


def test_a_file_that_changed_is_read_again(inbox: Inbox) -> None:
    inbox.write("a.txt", document("One", "Finance"), age_s=20)
    inbox.read()
    inbox.write("a.txt", document("One, corrected", "Finance"))
    assert inbox.read()
    assert inbox.titles() == ["One, corrected"]


def test_files_are_read_by_age_so_that_a_correction_comes_last(inbox: Inbox) -> None:
    inbox.write("z-first.json", _record("The first text"), age_s=20)
    inbox.write("a-correction.json", _record("The correction"), age_s=10)
    inbox.read()
    assert inbox.titles() == ["The correction"]


def test_other_rules_do_not_undo_corrections(inbox: Inbox) -> None:
    inbox.write("a-correction.json", _record("The correction"), age_s=10)
    inbox.write("z-first.json", _record("The first text"), age_s=20)
    inbox.read()
    inbox.read(inbox.folders(replace(RULES, max_title_chars=400)))
    assert inbox.titles() == ["The correction"]


def test_machines_over_one_store_remember_their_own_files(inbox: Inbox, tmp_path: Path) -> None:
    """What another one has not is not gone: read again, it would undo corrections."""
    other = replace(inbox, folder=tmp_path / "other")
    other.folder.mkdir()
    inbox.write("a.json", _record("The first text"), age_s=20)
    inbox.read(inbox.folders(host="one"))
    other.write("b.json", _record("The correction"), age_s=10)
    other.read(other.folders(host="two"))
    assert inbox.titles() == ["The correction"]
    for _ in range(2):  # as each start and each reload of both does
        inbox.read(inbox.folders(host="one"))
        other.read(other.folders(host="two"))
    assert inbox.titles() == ["The correction"]


def test_a_disk_that_machines_share_is_read_once(inbox: Inbox) -> None:
    inbox.write("a.json", _record("The first text"))
    inbox.read(inbox.folders(host="one"))
    assert not inbox.read(inbox.folders(host="two"))


def test_what_was_refused_is_read_again_by_other_rules(inbox: Inbox) -> None:
    inbox.write("long.txt", document("T" * 100, "Finance"))
    inbox.read(inbox.folders(replace(RULES, max_title_chars=50)))
    assert inbox.refused() == ["long.txt"]
    inbox.read(inbox.folders(RULES))
    assert (inbox.refused(), inbox.titles()) == ([], ["T" * 100])


def test_a_refusal_goes_with_its_file(inbox: Inbox) -> None:
    path = inbox.write("bad.txt", "No last line")
    folders = inbox.folders()
    inbox.read(folders)
    assert inbox.refused() == ["bad.txt"]
    path.unlink()
    inbox.read(folders)
    assert inbox.refused() == []


def test_a_release_stays_when_its_file_goes(inbox: Inbox) -> None:
    path = inbox.write("a.txt", document("One", "Finance"))
    inbox.read()
    path.unlink()
    inbox.read()
    assert inbox.titles() == ["One"]


def _fifo(inbox: Inbox) -> None:
    os.mkfifo(inbox.folder / "a.txt")


def _device(inbox: Inbox) -> None:
    (inbox.folder / "a.txt").symlink_to("/dev/zero")


def _no_text(inbox: Inbox) -> None:
    Path(os.fsdecode(os.fsencode(inbox.folder) + b"/a\xff.txt")).write_text("No text", "utf-8")


def _dangling(inbox: Inbox) -> None:
    (inbox.folder / "a.txt").symlink_to("nowhere")


def _hidden(inbox: Inbox) -> None:
    inbox.write(".a.txt", "being written")


@pytest.mark.parametrize("put", [_fifo, _device, _no_text, _dangling, _hidden])
def test_an_odd_file_stops_no_other(inbox: Inbox, put: Callable[[Inbox], None]) -> None:
    put(inbox)
    inbox.write("b.txt", document("Behind it", "Finance"))
    assert inbox.read()
    assert inbox.titles() == ["Behind it"]


def test_a_file_that_breaks_us_stops_no_other(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.write("a.txt", document("Poison", "Finance"), age_s=20)
    inbox.write("b.txt", document("Behind it", "Finance"))
    honest = inbox.office.newsroom.take_in

    def breaks(drafts: list[object], **more: object) -> object:
        if any("Poison" in repr(one) for one in drafts):
            raise ZeroDivisionError
        return honest(drafts, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox.office.newsroom, "take_in", breaks)
    assert inbox.read()
    assert inbox.titles() == ["Behind it"]


def _record(title: str) -> str:
    return (
        '{"id": "1", "title": "' + title + '", "body": "Text.", '
        '"published": "2026-01-05T09:00:00Z"}'
    )


def test_a_process_that_is_to_end_leaves_what_it_has_not_read_for_the_next(inbox: Inbox) -> None:
    inbox.write("a.txt", document("One", "Finance"))
    inbox.write("b.txt", document("Two", "Finance"))
    ending = Folders(
        inbox.office.database,
        inbox.office.newsroom,
        RULES,
        folders=[inbox.folder],
        settle_s=0,
        now=lambda: datetime.now(UTC),
        is_over=lambda: True,
    )
    assert not inbox.read(ending)
    assert inbox.read()
    assert inbox.titles() == ["One", "Two"]


def test_files_of_what_lies_in_a_folder_are_measured(inbox: Inbox) -> None:
    talk = {"url": "https://x.test/talk.mp3"}
    inbox.write("a.json", record(enclosures=[talk]))
    inbox.read()
    assert files_in(inbox) == []

    def measure(drafts: Sequence[Draft]) -> list[Draft]:
        assert [each.known.url for draft in drafts for each in draft.unmeasured] == [talk["url"]]
        measured = Enclosure(url=talk["url"], media_type="audio/mpeg", length_bytes=7)
        return [
            replace(draft, content=replace(draft.content, enclosures=(measured,)))
            for draft in drafts
        ]

    inbox.write("a.json", record(enclosures=[talk], summary="Once more."))
    inbox.read(inbox.folders(measure=measure))
    assert files_in(inbox) == [("audio/mpeg", 7)]


def files_in(inbox: Inbox) -> list[tuple[str, int]]:
    (listed,) = inbox.office.newsroom.releases()
    return [(one.media_type, one.length_bytes) for one in listed.release.content.enclosures]


def test_what_is_refused_only_for_now_is_read_again_when_its_time_has_come(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """By a process that starts meanwhile, too; and the rest of the file is not."""
    now = datetime.now(UTC).replace(microsecond=0)
    due = (now + timedelta(hours=2)).isoformat()
    lines = record(id="1", title="The first text"), record(id="2", title="Later", published=due)
    inbox.write("a.jsonl", "\n".join(json.dumps(json.loads(one)) for one in lines), age_s=20)
    clock = [now]
    folders = inbox.folders(now=lambda: clock[0])
    inbox.read(folders)
    assert inbox.titles() == ["The first text"]
    [told] = [each.msg for each in caplog.records if "document refused" in str(each.msg)]
    assert isinstance(told, dict)
    assert told["read_again"] == due.replace("+00:00", "Z")
    inbox.write("b.json", record(id="1", title="The correction"), age_s=10)
    inbox.read(folders)
    clock[0] = now + timedelta(hours=1)
    assert not inbox.read(folders)
    assert inbox.refused() == ["a.jsonl"]
    clock[0] = now + timedelta(hours=2)
    for watching in (inbox.folders(now=lambda: clock[0]), folders):
        inbox.read(watching)
        assert inbox.titles() == ["Later", "The correction"]
        assert inbox.refused() == []


def test_a_file_that_is_refused_for_good_is_not_read_again(inbox: Inbox) -> None:
    inbox.write("bad.json", record(published="soon"))
    clock = [datetime.now(UTC)]
    folders = inbox.folders(now=lambda: clock[0])
    inbox.read(folders)
    clock[0] += timedelta(days=1000)
    assert not inbox.read(folders)
    [kept] = inbox.office.newsroom.refusals()
    assert kept.refused_at < clock[0] - timedelta(days=999)


# Notes beside refused documents, and files of other kinds.


def notes(inbox: Inbox) -> dict[str, str]:
    """The notes in the folder, by the name of their document."""
    found = inbox.folder.rglob("*.refused.txt")
    return {
        note.relative_to(inbox.folder).as_posix().removesuffix(".refused.txt"): note.read_text()
        for note in found
    }


def test_a_refused_document_has_a_note_beside_it_until_it_is_accepted(inbox: Inbox) -> None:
    path = inbox.folder / "below" / "budget.txt"
    path.parent.mkdir()
    path.write_text("A title alone", encoding="utf-8")
    path.chmod(0o640)
    watching = inbox.folders()
    inbox.read(watching)
    [(name, text)] = notes(inbox).items()
    assert name == "below/budget.txt"
    assert text.startswith("budget.txt was refused: this is not published.\n\nLine:   1\n")
    assert "Reason: the document does not end with a line of time stamp" in text
    assert "Remedy: end the document with a line such as" in text
    note = path.with_name("budget.txt.refused.txt")
    assert note.stat().st_mode & 0o777 == 0o640
    written_at = note.stat().st_mtime_ns
    inbox.read(watching)  # the note is no document
    inbox.read()  # nor for a process that starts later
    assert len(inbox.office.newsroom.refusals()) == 1
    assert note.stat().st_mtime_ns == written_at
    path.write_text(document("Now it is well"), encoding="utf-8")
    inbox.read(watching)
    assert notes(inbox) == {}
    assert [one.name for one in path.parent.iterdir()] == ["budget.txt"]


def test_a_note_goes_with_its_document_also_while_nobody_looks(inbox: Inbox) -> None:
    path = inbox.folder / "budget.txt"
    path.write_text("A title alone", encoding="utf-8")
    inbox.read()
    assert len(notes(inbox)) == 1
    path.unlink()
    inbox.read(inbox.folders())
    assert notes(inbox) == {}


def test_a_note_of_many_refusals_is_no_longer_than_a_person_reads(inbox: Inbox) -> None:
    lines = [json.dumps({"title": f"No date {number}"}) for number in range(60)]
    (inbox.folder / "many.jsonl").write_text("\n".join(lines), encoding="utf-8")
    inbox.read()
    [text] = notes(inbox).values()
    assert text.count("Reason:") == 50
    assert "Line:   50\n" in text
    assert "And 10 more: communique release refusals lists all." in text


def test_a_note_tells_until_when_and_of_the_lines_that_still_wait(inbox: Inbox) -> None:
    """Only the line that is due is read again; the note is of all that are refused."""
    start = datetime.now(UTC)
    moments = [start + timedelta(hours=hours) for hours in (1, 2)]
    lines = [record(title=f"At {at}", published=f"{at:%Y-%m-%dT%H:%M:%SZ}") for at in moments]
    (inbox.folder / "two.jsonl").write_text("\n".join(lines), encoding="utf-8")
    now = [start]
    watching = inbox.folders(now=lambda: now[0])
    inbox.read(watching)
    [text] = notes(inbox).values()
    assert f"Read again by itself: {moments[0]:%Y-%m-%d %H:%M:%S} UTC" in text
    now[0] = moments[0] + timedelta(seconds=1)
    inbox.read(watching)
    [text] = notes(inbox).values()
    assert text.count("Reason:") == 1
    assert "Line:   2\n" in text
    now[0] = moments[1] + timedelta(seconds=1)
    inbox.read(watching)
    assert notes(inbox) == {}


@pytest.mark.parametrize("name", ["budget.pages", "All.ZIP", "budget.docx.x", "LIESMICH"])
def test_a_file_of_a_kind_that_is_not_read_is_refused(inbox: Inbox, name: str) -> None:
    (inbox.folder / name).write_bytes(b"PK\x03\x04")
    watching = inbox.folders()
    inbox.read(watching)
    [kept] = inbox.office.newsroom.refusals()
    assert kept.refusal.origin.document == name
    assert kept.refusal.reason.endswith("are not read")
    assert list(notes(inbox)) == [name]
    (inbox.folder / name).unlink()
    inbox.read(watching)
    assert (inbox.office.newsroom.refusals(), notes(inbox)) == ([], {})


@pytest.mark.parametrize(
    "name",
    [
        *("~$budget.docx", ".DS_Store", "._budget.txt", ".budget.txt.swp", ".~lock.budget.odt#"),
        *("a.txt.part", "a.tmp", "A.TMP", "a.crdownload", "Thumbs.db", "desktop.ini", "a.txt~"),
        *("#a.txt#", "~WRL0001.tmp", "a.zip.download", "budget.txt.refused.txt", "a.bak", "Icon\r"),
        *("@eaDir/a.txt", ".stversions/a.txt", "$RECYCLE.BIN/a.zip"),
    ],
)
def test_files_of_editors_systems_and_other_programs_are_nobodys(inbox: Inbox, name: str) -> None:
    path = inbox.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("A title alone", encoding="utf-8")
    inbox.read()
    assert inbox.office.newsroom.refusals() == []
    assert list(inbox.folder.rglob("*.refused.txt")) in ([], [path])


def test_a_folder_that_cannot_be_written_is_told_once(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        (inbox.folder / f"{number}.txt").write_text("A title alone", encoding="utf-8")
        # A folder in its place cannot be replaced by a file, whoever asks: root may write anywhere.
        (inbox.folder / f"{number}.txt.refused.txt").mkdir()
    inbox.read()
    assert len(inbox.office.newsroom.refusals()) == 3
    said = [one.msg for one in caplog.records if "no notes" in str(one.msg)]
    assert len(said) == 1
    assert said[0]["see"] == "communique release refusals"  # type: ignore[index]
    assert not list(inbox.folder.glob(".*.part"))


# Pictures inside documents.


def test_pictures_inside_a_document_are_stored_with_it(
    inbox: Inbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    media = MediaStore(
        inbox.office.database,
        inbox.office.catalogue.site,
        MediaSettings(),
        folder=tmp_path,
        now=lambda: datetime.now(UTC),
    )
    watching = inbox.folders(keep_picture=media.keeper("folder"))
    pictures = {"i": ("image", "media/a.png"), "e": ("image", "media/b.emf")}
    parts = {"word/media/a.png": PNG, "word/media/b.emf": bytes([1, 0, 0, 0, 108, 0, 0, 0])}
    body = p(drawing("i", "A bridge")) + p(drawing("e", "A map"))
    path = inbox.folder / "bridge.docx"
    path.write_bytes(word(body, relations=pictures, parts=parts))
    inbox.read(watching)
    [listed] = inbox.office.newsroom.releases()
    content = listed.release.content
    told = [each.msg for each in caplog.records if "left out of the release" in str(each.msg)]
    assert len(told) == 1
    [medium] = media_in(content)
    assert medium.name == "a.png"
    assert '.png" alt="A bridge"></p><p>A map</p>' in content.body
    with inbox.office.database.read() as tx:
        assert tx.media.count()[0] == 1
    tried = media.keeper("folder", is_trial=True)
    [draft] = read_documents(
        BytesIO(path.read_bytes()), document="bridge.docx", rules=RULES, keep_picture=tried
    )
    assert isinstance(draft, Draft)
    assert draft.content.body == content.body
    assert len(draft.left_out) == 1
    assert draft.left_out[0].startswith("the picture b.emf ('A map'): only its description is")


def test_what_was_left_out_of_a_document_under_embargo_is_told_without_naming_it(
    inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    header = {"h": ("header", "header1.xml")}, {"word/header1.xml": p("A secret office")}
    head = p("Embargo: 2099-03-02T09:00:00Z") + p("Language: pt_BR") + p("A secret")
    (inbox.folder / "secret.docx").write_bytes(
        word(head + p("A secret text."), relations=header[0], parts=header[1])
    )
    with caplog.at_level("INFO"):
        inbox.read()
    [embargo] = inbox.office.newsroom.embargoes.all()
    [sentence] = embargo.draft.left_out
    assert "A secret office" in sentence
    told: list[dict[str, Any]] = [
        one.msg
        for one in caplog.records
        if isinstance(one.msg, dict) and "not read as they are" in str(one.msg.get("event"))
    ]
    assert [(one["left_out"], one["repaired"]) for one in told] == [(1, 1)]
    assert "release show" in told[0]["remedy"]
    assert "secret" not in str([one.msg for one in caplog.records]).lower()


# Retractions in a folder, and documents without a date.


def test_a_document_in_the_folder_retracts_a_release(inbox: Inbox) -> None:
    inbox.write("budget.txt", document("Budget", "Finance"), age_s=30)
    watching = inbox.folders()
    inbox.read(watching)
    inbox.write("wrong.txt", "Retract: bugdet.txt\nReason: It was sent by mistake.\n", age_s=20)
    inbox.read(watching)
    assert "there is no release 'bugdet.txt'" in notes(inbox)["wrong.txt"]
    inbox.write("wrong.txt", "Retract: budget.txt\nReason: It was sent by mistake.\n", age_s=10)
    assert inbox.read(watching)
    release = inbox.office.newsroom.release("budget.txt").release
    assert release.retraction is not None
    assert release.retraction.reason == "It was sent by mistake."
    assert (inbox.refused(), notes(inbox)) == ([], {})
    page = f"https://news.example.org/releases/{release.slug}"
    inbox.write("again.txt", f"Retract: {page}\nReason: Once more.\n")
    inbox.read(watching)
    assert inbox.office.newsroom.release("budget.txt").release.retraction == release.retraction


def test_a_document_without_a_date_is_published_when_it_comes_and_keeps_that_moment(
    inbox: Inbox,
) -> None:
    head = "Place: Bern\nNumber: 7\n\n"
    now = [datetime.now(UTC)]
    watching = inbox.folders(now=lambda: now[0])
    inbox.write("budget.txt", f"{head}Budget\n\nIt grows.\n", age_s=30)
    inbox.read(watching)
    first = inbox.office.newsroom.release("budget.txt").release
    assert abs(first.content.published - now[0]) < timedelta(seconds=2)
    now[0] += timedelta(hours=3)
    inbox.write("budget.txt", f"{head}Budget\n\nIt shrinks.\n", age_s=20)
    inbox.read(watching)
    second = inbox.office.newsroom.release("budget.txt").release
    assert (second.revision, second.content.published) == (2, first.content.published)
    inbox.write("budget.txt", f"{head}New bridge\n\nIt opens.\n", age_s=10)
    inbox.read(watching)
    assert inbox.titles() == ["Budget"], "another text in a file of this name is no correction"
    assert "rename the file" in notes(inbox)["budget.txt"]
