"""Watched folders: what is read, in which order, how often; and that one file stops no other."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feeds.ingest import IntakeRules
from feeds.model.release import Draft, Enclosure
from feeds.store.database import Database
from service.jobs.folders import Folders
from service.jobs.measuring import ProbeEnclosures, without_probing
from tests.feeds.ingest.intake import record
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
