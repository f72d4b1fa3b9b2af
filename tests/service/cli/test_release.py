"""``communique release``: documents in, and what became of them."""

import getpass
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.feeds.ingest.intake import record
from tests.feeds.ingest.word_files import p, r, word
from tests.support.command_line import Answer, CommandLine
from tests.support.media_server import File, running_media_server
from tests.support.pictures import PNG
from tests.support.running_service import ROOT, document

COOPERATION = "International, regional, and subregional cooperation"


def verdicts(answer: Answer) -> list[tuple[str, str]]:
    """What became of each document that has a line."""
    return [(columns[0], columns[1]) for columns in answer.columns]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two good documents, one bad, and what is no business of ours."""
    files = {
        "merger.txt": document("A merger", "Finance"),
        "deep/below/treaty.txt": document("A treaty", COOPERATION, "Space travel"),
        "typo.txt": "A title alone",
        ".hidden.txt": document("Hidden"),
        ".git/config.txt": document("Hidden too"),
        "half.txt.part": document("Half a document"),
        "picture.png": "no document",
    }
    for name, text in files.items():
        path = tmp_path / "press" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "press"


def test_the_users_own_document_is_taken_in(line: CommandLine, seed: Path) -> None:
    answer = line.run("release", "add", str(seed))
    assert answer.code == 0
    assert answer.columns == [["new", seed.name, "cooperation", "announced: 2 feeds"]]
    store, totals, *_ = answer.talk.splitlines()
    assert store == f"store: sqlite:///{line.service.folder}/data/communique.db"
    assert totals == "new 1  corrected 0  unchanged 0  embargoed 0  refused 0"


def test_a_folder_gives_what_a_watched_folder_would(line: CommandLine, folder: Path) -> None:
    answer = line.run("release", "add", str(folder))
    assert verdicts(answer) == [
        ("new", "merger.txt"),
        ("refused", "typo.txt:1"),
        ("new", "deep/below/treaty.txt"),
    ]


def test_a_refusal_says_why_and_stops_nothing_else(line: CommandLine, folder: Path) -> None:
    answer = line.run("release", "add", str(folder))
    assert answer.code == 1
    [refused] = [columns for columns in answer.columns if columns[0] == "refused"]
    reason, remedy = refused[2].split("; ", 1)
    assert reason
    assert remedy
    assert "new 2  corrected 0  unchanged 0  embargoed 0  refused 1" in answer.talk
    assert len(line.results("release", "list")) == 2


def test_a_file_that_is_named_is_read_whatever_it_is_called(
    line: CommandLine, folder: Path
) -> None:
    answer = line.run("release", "add", str(folder / "half.txt.part"))
    assert verdicts(answer) == [("new", "half.txt.part")]


def test_the_same_documents_again_are_unchanged_and_announce_nothing(
    line: CommandLine, folder: Path
) -> None:
    line.run("release", "add", str(folder))
    line.run("feed", "render")
    answer = line.run("release", "add", str(folder / "merger.txt"))
    assert answer.columns == [["unchanged", "merger.txt", "finance", "-"]]
    assert {feed["state"] for feed in line.results("feed", "list")} == {"current"}


def test_a_changed_document_is_a_correction(line: CommandLine, folder: Path) -> None:
    line.run("release", "add", str(folder))
    (folder / "merger.txt").write_text(document("A merger, after all", "Finance"), "utf-8")
    answer = line.run("release", "add", str(folder / "merger.txt"))
    assert verdicts(answer) == [("corrected", "merger.txt")]
    revisions = {each["title"]: each["revision"] for each in line.results("release", "list")}
    assert revisions == {"A merger, after all": 2, "A treaty": 1}


@pytest.mark.parametrize(
    ("options", "weight", "note", "detail"),
    [
        ([], "major", "This release has been corrected.", "major"),
        (["--minor"], "minor", None, "minor"),
        (["--note", " Another  firm. "], "major", "Another firm.", "major: Another firm."),
        (["--minor", "--note", "A comma"], "minor", None, "minor: A comma"),
        (["--set", "intake.unsaid_correction=minor"], "minor", None, "minor"),
    ],
)
def test_who_adds_a_correction_says_what_it_is(
    line: CommandLine,
    folder: Path,
    options: list[str],
    weight: str,
    note: str | None,
    detail: str,
) -> None:
    line.run("release", "add", str(folder / "merger.txt"))
    (folder / "merger.txt").write_text(document("No merger", "Finance"), encoding="utf-8")
    assert verdicts(line.run("release", "add", str(folder), *options))[0][0] == "corrected"
    [shown] = line.results("release", "show", "file:merger.txt")
    assert [(step["number"], step["weight"]) for step in shown["revisions"]] == [
        (2, weight),
        (1, None),
    ]
    assert shown["revisions"][0]["note"] == note
    [act] = [act for act in shown["acts"] if act["deed"] == "corrected"]
    assert (act["by"], act["detail"]) == (getpass.getuser(), detail)


def test_a_document_that_says_itself_what_it_is_is_believed(line: CommandLine) -> None:
    record = {"id": "1", "title": "One", "body": "B", "published": "2026-01-05T09:00:00Z"}
    line.run("release", "add", "-", typed=json.dumps(record).encode())
    said = json.dumps(record | {"title": "Two", "correction": "minor"}).encode()
    line.run("release", "add", "-", "--note", "All new", typed=said)
    [shown] = line.results("release", "show", "id:1")
    assert shown["revisions"][0]["weight"] == "minor"


@pytest.mark.parametrize("note", ["", " \n", "x" * 501, "a\x01b"])
def test_what_cannot_be_a_note_is_refused_before_anything_is_stored(
    storeless: CommandLine, folder: Path, note: str
) -> None:
    answer = storeless.run("release", "add", str(folder), "--note", note)
    assert answer.code == 2
    assert "a note is plain text of 1 to 500 characters" in answer.talk
    assert "there is no store" in storeless.run("release", "list").talk


def test_standard_input_is_read_by_how_it_begins(line: CommandLine) -> None:
    record = {
        "id": "7",
        "title": "Typed",
        "body": "By hand.",
        "published": "2026-01-05T09:00:00Z",
    }
    lines = json.dumps(record) + "\n" + json.dumps(record | {"id": "8", "published": "soon"})
    answer = line.run("release", "add", "-", typed=lines.encode())
    assert verdicts(answer) == [("new", "-:1"), ("refused", "-:2")]


def test_a_dry_run_says_the_same_and_stores_nothing(storeless: CommandLine, folder: Path) -> None:
    said = storeless.run("release", "add", "--dry-run", str(folder))
    store = storeless.service.folder / "data" / "communique.db"
    assert not store.exists()
    refused = storeless.run("release", "add", str(folder))
    assert (refused.code, refused.out) == (1, "")
    assert "there is no store" in refused.talk
    assert not store.exists()
    storeless.run("store", "upgrade")
    done = storeless.run("release", "add", str(folder))
    assert verdicts(said) == verdicts(done)
    assert "to announce: 2 feeds" in said.out
    assert "dry run: nothing was stored" in said.talk


def test_a_dry_run_over_a_store_knows_what_is_in_it(line: CommandLine, folder: Path) -> None:
    line.run("release", "add", str(folder))
    (folder / "merger.txt").write_text(document("Another title", "Finance"), "utf-8")
    (folder / "new.txt").write_text(document("Something new"), "utf-8")
    said = line.run("release", "add", "--dry-run", str(folder))
    assert ("corrected", "merger.txt") in verdicts(said)
    assert {release["revision"] for release in line.results("release", "list")} == {1}
    assert len(line.run("release", "refusals").lines) == 1


def test_many_documents_are_told_without_those_that_are_unchanged(
    line: CommandLine, samples: Path
) -> None:
    first = line.run("release", "add", str(samples))
    assert len(first.lines) == 90
    again = line.run("release", "add", str(samples), "--set", "site.title=x")
    assert again.lines == []
    assert "new 0  corrected 0  unchanged 90  embargoed 0  refused 0" in again.talk


def test_json_tells_every_document_and_the_sums_last(line: CommandLine, samples: Path) -> None:
    line.run("release", "add", str(samples))
    answer = line.run("release", "add", "--json", str(samples))
    *documents, last = answer.records
    assert {document["verdict"] for document in documents} == {"unchanged"}
    assert [document["line"] for document in documents] == list(range(1, 91))
    assert last == {
        "summary": {"new": 0, "corrected": 0, "unchanged": 90, "embargoed": 0, "refused": 0}
    }
    assert answer.talk == ""


def test_json_tells_a_refusal_with_place_reason_and_remedy(line: CommandLine) -> None:
    answer = line.run("--json", "release", "add", "-", typed=b'{"id": "8", "title": "Typed"}\n')
    refused = answer.records[0]
    assert answer.code == 1
    assert (refused["verdict"], refused["document"], refused["line"]) == ("refused", "-", 1)
    assert refused["reason"]
    assert refused["remedy"]


def test_a_file_that_cannot_be_read_is_refused_and_the_next_one_is_taken(
    line: CommandLine, folder: Path
) -> None:
    (folder / "loop.txt").symlink_to("loop.txt")
    answer = line.run("release", "add", str(folder))
    assert answer.code == 1
    assert ("refused", "loop.txt") in verdicts(answer)
    assert "cannot be read: Too many levels of symbolic links" in answer.out
    assert ("new", "merger.txt") in verdicts(answer)


def test_names_that_nothing_claims_are_told_and_listed_until_the_configuration_learns_them(
    line: CommandLine, folder: Path
) -> None:
    added = line.run("release", "add", str(folder / "deep"))
    assert "unclaimed: 'Space travel'" in added.out
    assert "communique release list --unfiled" in added.talk
    [unfiled] = line.run("release", "list", "--unfiled").columns
    assert unfiled[2:] == ["Space travel", "A treaty"]
    with line.service.categories.open("a", encoding="utf-8") as file:
        file.write("  - slug: space\n    title: Space travel\n")
    line.run("feed", "render")
    assert line.run("release", "list", "--unfiled").lines == []
    assert len(line.run("release", "list", "--feed", "space").lines) == 1


def test_what_is_left_out_of_a_word_document_is_told_and_another_document_retracts_it(
    line: CommandLine, tmp_path: Path
) -> None:
    changed = '<w:del w:id="1"><w:r><w:delText>gone</w:delText></w:r></w:del>'
    path, gone = tmp_path / "budget.docx", tmp_path / "gone.txt"
    path.write_bytes(word(p(r("It grows.") + changed)))
    told = "1 tracked change: what was deleted; what was inserted stays"
    answer = line.run("release", "add", str(path))
    assert verdicts(answer) == [("new", "budget.docx")]
    assert f"left out: budget.docx: {told}" in answer.talk
    again, _ = line.results("release", "add", str(path))
    assert (again["verdict"], again["left_out"]) == ("unchanged", [told])
    gone.write_text("Retract: budget.docx\nReason: It was sent by mistake.\n")
    tried = line.run("release", "add", "--dry-run", str(gone))
    assert verdicts(tried) == [("retracted", "gone.txt")]
    assert verdicts(line.run("release", "add", str(gone))) == [("retracted", "gone.txt")]
    last = line.run("release", "add", str(gone))
    assert verdicts(last) == [("unchanged", "gone.txt")]
    assert "[retracted]" in line.run("release", "list").out


def test_a_document_that_was_mended_says_how(line: CommandLine) -> None:
    record = {"id": "1", "title": "T", "body": "<p>x</p><script>y</script>"}
    record |= {"body_format": "html"}
    typed = json.dumps(record | {"published": "2026-01-05T09:00:00Z"}).encode()
    answer = line.run("release", "add", "-", typed=typed)
    assert "mended: -" in answer.talk
    assert "<script>" in answer.talk


def test_a_list_is_cut_and_says_so(line: CommandLine, samples: Path) -> None:
    line.run("release", "add", str(samples))
    cut = line.run("release", "list", "--limit", "3")
    assert len(cut.lines) == 3
    assert "--limit shows more" in cut.talk
    assert line.run("release", "list", "--limit", "100").talk == ""


def test_an_unknown_feed_is_no_empty_list(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    answer = line.run("release", "list", "--feed", "finanse")
    assert (answer.code, answer.talk) == (1, "communique: no feed 'finanse'\n")


@pytest.mark.parametrize("key", ["id", "slug", "source_key"])
def test_a_release_is_shown_by_any_of_its_names(line: CommandLine, seed: Path, key: str) -> None:
    line.run("release", "add", str(seed))
    [listed] = line.results("release", "list")
    [known] = line.results("release", "show", listed["id"])
    [shown] = line.results("release", "show", known[key])
    assert shown == known
    assert shown["published"] == "2019-05-21T16:38:50Z"
    assert shown["category_names"] == [COOPERATION]
    assert shown["feeds"] == ["all", "cooperation"]
    assert shown["page"] == f"{line.service.base_url}/releases/{shown['slug']}"


def test_a_release_is_shown_a_line_a_value_with_its_text_if_asked(
    line: CommandLine, seed: Path
) -> None:
    line.run("release", "add", str(seed))
    [listed] = line.results("release", "list")
    shown = line.run("release", "show", listed["slug"])
    assert ["categories", "cooperation"] in shown.columns
    assert "<p>" not in shown.out
    assert "“" in line.run("release", "show", listed["slug"], "--body").out
    [record] = line.results("release", "show", listed["slug"], "--body")
    assert record["body"].startswith("<p>")


def test_an_unknown_release_is_told(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    answer = line.run("release", "show", "nothing-of-the-kind")
    assert (answer.code, answer.out) == (1, "")
    assert answer.talk == "communique: no release 'nothing-of-the-kind'\n"


def test_refusals_are_kept_until_the_document_is_accepted(line: CommandLine, folder: Path) -> None:
    line.run("release", "add", str(folder))
    [kept] = line.results("release", "refusals")
    assert kept["document"] == "typo.txt"
    [columns] = line.run("release", "refusals").columns
    assert columns[1:] == ["typo.txt:1", f"{kept['reason']}; {kept['remedy']}"]
    (folder / "typo.txt").write_text(document("A title and more"), "utf-8")
    line.run("release", "add", str(folder))
    assert line.run("release", "refusals").lines == []


def test_a_bar_moves_on_the_terminal_and_leaves_the_results_alone(
    line: CommandLine, samples: Path
) -> None:
    """The 90 releases are just long enough; results go to a pipe, the bar to the terminal."""
    ours, theirs = pty.openpty()
    ran = subprocess.Popen(
        line.service.command("release", "add", str(samples)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    )
    os.close(theirs)
    results = ran.communicate()[0].decode()
    seen = b""
    while chunk := _read(ours):
        seen += chunk
    os.close(ours)
    assert ran.returncode == 0
    assert len(results.splitlines()) == 90
    assert "\x1b" not in results
    assert b"reading" in seen
    assert b"100 %" in seen


def test_a_reader_that_goes_away_is_no_bug(line: CommandLine, samples: Path) -> None:
    line.run("release", "add", str(samples))
    listing = line.service.command("release", "list", "--json", "--limit", "90")
    with subprocess.Popen(listing, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        assert ran.stderr.read() == b""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # how Linux says that nobody is at the other end any more
        return b""


def test_a_command_never_ends_a_feed(line: CommandLine, seed: Path) -> None:
    """A half-edited file, or another --config, must not take feeds from a running service."""
    line.run("release", "add", str(seed))
    whole = line.service.categories.read_text(encoding="utf-8")
    line.service.categories.write_text(whole.partition("  - slug: finance")[0], encoding="utf-8")
    answer = line.run("release", "add", str(seed))
    assert answer.code == 1
    assert "has no feed finance, but the store has" in answer.talk
    line.service.categories.write_text(whole, encoding="utf-8")
    assert line.run("release", "add", str(seed)).code == 0


def test_a_refusal_that_a_person_has_seen_can_be_forgotten(line: CommandLine, folder: Path) -> None:
    line.run("release", "add", str(folder))
    assert line.run("release", "refusals", "--forget", "other.txt").code == 2
    answer = line.run("release", "refusals", "--forget", "typo.txt")
    assert (answer.code, answer.talk.splitlines()[-1]) == (0, "1 refusal deleted")
    assert line.run("release", "refusals").lines == []


def test_servers_are_asked_for_what_documents_do_not_tell_of_files(
    line: CommandLine, tmp_path: Path
) -> None:
    with running_media_server() as media:
        media.files["/talk.mp3"] = File(length=4321)
        talk = {"url": media.url("/talk.mp3")}
        path = tmp_path / "talk.json"
        path.write_text(record(id="7", enclosures=[talk], number="7/24", place="Geneva"), "utf-8")
        off = line.run("release", "add", str(path), "--set", "intake.ask_media=false")
        assert "left out: intake.ask_media is off" in off.talk
        private = line.run("release", "add", str(path), "--set", "outbound.allow_networks=[]")
        assert "not sent: 127.0.0.1 is the loopback address" in private.talk
        assert media.asked == []
        assert line.run("release", "add", str(path)).columns[0][0] == "corrected"
    shown = line.run("release", "show", "id:7").out
    assert f"{media.url('/talk.mp3')}  audio/mpeg  4321" in shown
    assert "7/24" in shown
    assert "Geneva" in shown


def added(line: CommandLine, seed: Path) -> str:
    """A release's slug, taken in and published."""
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    [listed] = line.results("release", "list")
    return str(listed["slug"])


def test_a_release_is_retracted_and_restored(line: CommandLine, seed: Path) -> None:
    slug = added(line, seed)
    answer = line.run("release", "retract", slug, "--reason", "Wrong figures", "--by", "ann")
    assert (answer.code, answer.columns) == (0, [["retracted", slug, "all, cooperation"]])
    line.run("feed", "render")
    rendered = line.run("feed", "render", "cooperation", "--format", "atom")
    assert "<at:comment>Wrong figures</at:comment>" in rendered.out
    [listed] = line.results("release", "list")
    assert (listed["retraction_reason"], listed["retracted_at"]) == (
        "Wrong figures",
        listed["updated"],
    )
    assert "[retracted] " in line.run("release", "list").out
    assert "Wrong figures" in line.run("release", "show", slug).out
    [restored] = line.results("release", "restore", slug)
    assert (restored["result"], restored["retracted_at"]) == ("restored", None)
    assert "at:comment" not in line.run("feed", "render", "cooperation", "--format", "atom").out


def test_what_cannot_be_retracted_or_restored_is_told(line: CommandLine, seed: Path) -> None:
    slug = added(line, seed)
    assert line.run("release", "restore", slug).talk.endswith("there is nothing to restore\n")
    assert line.run("release", "retract", slug, "--reason", " ").code == 1
    assert line.run("release", "retract", "none", "--reason", "x").talk == (
        "communique: no release 'none'\n"
    )
    assert line.run("release", "retract", slug).code == 2
    line.run("release", "retract", slug, "--reason", "x")
    again = line.run("release", "retract", slug, "--reason", "y")
    assert (again.code, "restore it first" in again.talk) == (1, True)


def test_files_beside_a_document_are_stored_with_it(line: CommandLine, tmp_path: Path) -> None:
    press = tmp_path / "press"
    (press / "below").mkdir(parents=True)
    (press / "photo.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG + b"1")
    named = {"deep": "../photo.png", "outside": "../../secret.png", "gone": "gone.png"}
    for name, written in named.items():
        path = press / "below" / f"{name}.json"
        path.write_text(record(id=name, title=name, media=written), encoding="utf-8")
    tried = line.run("release", "add", "--dry-run", str(press))
    assert line.results("media", "list") == []
    added = line.run("release", "add", str(press))
    assert verdicts(tried) == verdicts(added)
    assert [columns[:2] for columns in added.columns] == [
        ["new", "below/deep.json"],
        ["refused", "below/gone.json"],
        ["refused", "below/outside.json"],
    ]
    assert "media: 'gone.png' names a file that is not there" in added.out
    assert "media: '../../secret.png' stands outside the folder" in added.out
    [medium] = line.results("media", "list")
    assert medium["name"] == "photo.png"
    # A file that is named itself has its own folder.
    alone = line.run("release", "add", str(press / "below" / "deep.json"))
    assert verdicts(alone) == [("refused", "deep.json")]
