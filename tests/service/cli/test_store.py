"""``communique store``: the database behind it all."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


def path_of(line: CommandLine) -> Path:
    """The store's file."""
    return line.service.folder / "data" / "communique.db"


def _said(line: CommandLine, *arguments: str) -> str:
    answer = line.run(*arguments)
    assert answer.code == 1
    return answer.out + answer.talk


def test_a_store_is_made_and_upgrading_it_again_changes_nothing(line: CommandLine) -> None:
    made = line.run("store", "upgrade")
    assert made.code == 0
    assert made.out.startswith(f"sqlite:///{path_of(line)}: schema ")
    assert line.run("store", "upgrade") == made
    assert line.results("store", "upgrade")[0]["store"] == f"sqlite:///{path_of(line)}"


def test_a_store_that_was_made_is_sound_and_can_be_used(line: CommandLine) -> None:
    line.run("store", "upgrade")
    answer = line.run("store", "check")
    assert (answer.code, answer.out) == (0, f"sqlite:///{path_of(line)}: good\n")
    assert line.results("store", "check")[0]["good"] is True
    assert line.run("status").code == 0


def test_an_outdated_store_is_a_finding(storeless: CommandLine) -> None:
    path_of(storeless).touch()
    answer = storeless.run("store", "check")
    assert answer.code == 1
    assert "has schema none" in answer.out
    storeless.run("store", "upgrade")
    assert storeless.run("store", "check").code == 0


def test_what_somebody_did_to_the_store_by_hand_is_found(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    connection = sqlite3.connect(path_of(line))
    connection.execute("DELETE FROM releases")
    connection.execute("DROP INDEX ix_filings_window")
    connection.commit()
    connection.close()
    findings = [record["message"] for record in line.run("store", "check", "--json").records]
    assert any("ix_filings_window" in finding for finding in findings)
    assert any("filings" in f and "points to nothing in releases" in f for f in findings)
    assert line.run("store", "check").code == 1


def test_a_restored_store_says_that_its_documents_are_new(line: CommandLine, seed: Path) -> None:
    """Last-Modified never goes back: RFC 9110 13.1.3 would have a reader keep what it has."""
    line.run("store", "upgrade")
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    connection = sqlite3.connect(path_of(line))
    connection.execute("UPDATE documents SET modified_at = 1")
    connection.commit()
    [count] = connection.execute("SELECT count(*) FROM documents").fetchone()
    begun = time.time() - 1
    answer = line.run("store", "restored")
    assert answer.code == 0
    assert answer.out == f"sqlite:///{path_of(line)}: {count} documents dated anew\n"
    [oldest] = connection.execute("SELECT min(modified_at) FROM documents").fetchone()
    connection.close()
    assert count > 0
    assert oldest / 1e6 >= begun


def test_a_release_in_the_wrong_feed_is_found_and_filed_again(
    line: CommandLine, seed: Path
) -> None:
    line.run("release", "add", str(seed))
    connection = sqlite3.connect(path_of(line))
    connection.execute("DELETE FROM filings WHERE feed != 'all'")
    connection.commit()
    connection.close()
    found = line.run("store", "check")
    assert found.code == 1
    assert "is not in the feeds of its categories" in found.out
    repaired = line.run("store", "check", "--repair")
    assert repaired.code == 0
    assert repaired.out.startswith("refiled    ")
    assert line.run("store", "check").code == 0


def test_a_wrong_count_is_found_and_counted_again(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    assert line.run("store", "check").code == 0
    connection = sqlite3.connect(path_of(line))
    connection.execute("UPDATE month_counts SET releases = releases + 1 WHERE feed = 'all'")
    connection.commit()
    connection.close()
    found = line.run("store", "check")
    assert (found.code, found.out.count("the counts of the feed all are wrong")) == (1, 1)
    repaired = line.run("store", "check", "--repair")
    assert (repaired.code, repaired.out.splitlines()[0]) == (0, "recounted  all")
    assert line.run("store", "check").code == 0


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        ("UPDATE release_search SET digest = 'other'", "is not found by its own words"),
        ("DELETE FROM release_search", "is not found by its own words"),
        ("INSERT INTO release_terms (rowid, terms) VALUES (1, 'more')", "cannot be used"),
    ],
)
def test_a_release_that_is_not_found_by_its_words_is_indexed_again(
    line: CommandLine, seed: Path, harm: str, finding: str
) -> None:
    line.run("release", "add", str(seed))
    line.run("store", "check", "--repair")  # indexes what came: no service does it here
    with closing(sqlite3.connect(path_of(line))) as connection:
        connection.execute(harm)
        connection.commit()
    found = line.run("store", "check")
    assert found.code == 1
    assert "search: " in found.out
    assert finding in found.out
    repaired = line.run("store", "check", "--repair")
    assert repaired.code == 0
    assert repaired.out.startswith("indexed    ")
    assert line.run("store", "check").code == 0


def test_a_store_with_another_configuration_says_who_applied_it(
    line: CommandLine, seed: Path
) -> None:
    line.run("release", "add", str(seed))
    found = line.run("store", "check", "--set", "site.title=Another")
    assert found.code == 1
    assert "the store has another one, applied by command at " in found.out


def test_a_store_without_its_log_lacks_what_was_in_it(line: CommandLine, seed: Path) -> None:
    """A copy that was made of the file alone, and put back."""
    line.run("store", "upgrade")
    empty = path_of(line).read_bytes()
    line.run("release", "add", str(seed))
    line.run("store", "upgrade")  # as a start does, it notes how much there is
    path_of(line).write_bytes(empty)
    found = line.run("store", "check")
    assert found.code == 1
    assert "lacks the last" in found.out
    for command in (["release", "add", str(seed)], ["release", "list"]):
        assert "lacks the last" in line.run(*command).talk
    assert line.run("store", "restored").code == 0
    assert line.run("store", "check").code == 0


def test_another_store_is_taken_only_when_it_is_meant(storeless: CommandLine, seed: Path) -> None:
    storeless.run("store", "upgrade")
    path_of(storeless).unlink()
    refused = storeless.run("release", "add", str(seed))
    assert refused.code == 1
    assert "is gone: put it back" in refused.talk
    assert not path_of(storeless).exists()
    adopted = storeless.run("store", "adopt")
    assert adopted.code == 0
    assert adopted.out.endswith("missing; the next start creates an empty store\n")
    assert "there is no store" in storeless.run("release", "add", str(seed)).talk
    assert storeless.run("store", "upgrade").code == 0
    assert storeless.run("release", "add", str(seed)).code == 0
    note = path_of(storeless).with_name("communique.db-note")
    note.write_text('{"id": "another", "changes": 0}')
    for command in ("check", "restored", "upgrade"):
        assert "is another one than at the last start" in _said(storeless, "store", command)
    assert storeless.results("store", "adopt") == [
        {"store": f"sqlite:///{path_of(storeless)}", "is_there": True}
    ]
    assert storeless.run("store", "check").code == 0


def test_a_note_that_cannot_be_read_is_told(line: CommandLine) -> None:
    line.run("store", "upgrade")
    path_of(line).with_name("communique.db-note").write_text("")
    assert "cannot be read" in line.run("store", "check").out
    assert line.run("store", "adopt").code == 0
    assert line.run("store", "check").code == 0
