"""``communique feed``: feeds out."""

import gzip
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.parsers import by_feedparser


@pytest.fixture
def published(line: CommandLine, seed: Path) -> CommandLine:
    """A newsroom with one release, and the editions that hold it."""
    line.run("release", "add", str(seed))
    line.run("feed", "render")
    return line


def states(line: CommandLine) -> dict[str, str]:
    """The state of each feed."""
    return {feed["slug"]: feed["state"] for feed in line.results("feed", "list")}


def test_feeds_are_listed_in_configured_order(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    listed = line.run("feed", "list").columns
    assert [columns[0] for columns in listed] == ["all", "cooperation", "finance"]
    assert [columns[1:3] for columns in listed] == [["0", "1"], ["0", "1"], ["0", "0"]]
    assert {columns[4] for columns in listed} == {"stale"}
    assert listed[1][5] == "International, regional, and subregional cooperation"


def test_what_is_stale_gets_its_edition(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    made = line.run("feed", "render")
    assert made.code == 0
    assert ["published", "all", "edition 1", "1 release", "atom, rss, json"] in made.columns
    assert "3 new editions" in made.talk
    assert set(states(line).values()) == {"current"}
    assert line.run("feed", "render").lines == []


def test_only_the_named_feeds_get_theirs(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    made = line.run("feed", "render", "cooperation", "cooperation")
    assert [columns[:2] for columns in made.columns] == [["published", "cooperation"]]
    assert states(line) == {"all": "stale", "cooperation": "current", "finance": "stale"}
    again = line.results("feed", "render", "cooperation")
    assert again == [{"result": "current", "feed": "cooperation", "edition": 1}]


def test_a_feed_that_another_process_has_is_told_as_busy(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    with line.service.opened_store() as database, database.transaction() as tx:
        columns = "claimed_by = 'another', claimed_until = 9e15"
        tx.connection.exec_driver_sql(f"UPDATE feeds SET {columns} WHERE slug = 'all'")
    made = line.run("feed", "render", "all")
    assert made.code == 1
    assert made.columns == [["busy", "all", "tried again later: another process renders it"]]


def test_a_configuration_that_changed_is_rendered_as_it_is_now(published: CommandLine) -> None:
    made = published.run("feed", "render", "--set", "site.title=Another name")
    assert {columns[0] for columns in made.columns} == {"published"}
    with_old_title = published.run("feed", "render", "all", "--format", "atom")
    assert "Test newsroom" in with_old_title.out


def test_an_unknown_feed_stops_before_anything_is_made(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    answer = line.run("feed", "render", "all", "finanse")
    assert (answer.code, answer.out) == (1, "")
    assert answer.talk == "communique: no feed 'finanse'\n"
    assert set(states(line).values()) == {"stale"}


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_a_proof_is_the_document_and_stores_nothing(
    line: CommandLine, seed: Path, suffix: str
) -> None:
    line.run("release", "add", str(seed))
    proof = line.run("feed", "render", "cooperation", "--format", suffix)
    [entry] = by_feedparser(proof.out.encode())
    assert entry.title == "CTED participates in Dushanbe Process Conference"
    assert states(line)["cooperation"] == "stale"


def test_a_proof_is_byte_for_byte_what_is_published(published: CommandLine) -> None:
    with published.service.opened_store() as database, database.read() as tx:
        stored = {
            row.format: gzip.decompress(row.gzip)
            for row in tx.connection.exec_driver_sql(
                "SELECT format, gzip FROM documents WHERE feed = 'all'"
            )
        }
    for suffix, document in stored.items():
        proof = published.run("feed", "render", "all", "--format", suffix)
        assert proof.out.encode() == document
        [record] = published.results("feed", "render", "all", "--format", suffix)
        assert record["document"].encode() == document


def test_our_own_documents_have_no_findings(line: CommandLine, samples: Path, seed: Path) -> None:
    line.run("release", "add", str(samples), str(seed))
    line.run("feed", "render")
    answer = line.run("feed", "check")
    assert (answer.code, answer.out) == (0, "")
    assert answer.talk == "9 documents checked, 0 findings\n"


def test_a_feed_without_an_edition_is_a_finding(line: CommandLine, seed: Path) -> None:
    line.run("release", "add", str(seed))
    line.run("feed", "render", "all")
    answer = line.run("feed", "check", "all", "finance")
    assert answer.code == 1
    assert [columns[0] for columns in answer.columns] == [
        "finance.atom:",
        "finance.rss:",
        "finance.json:",
    ]


def test_a_document_that_broke_in_the_store_is_found(published: CommandLine) -> None:
    with published.service.opened_store() as database, database.transaction() as tx:
        tx.connection.exec_driver_sql(
            "UPDATE documents SET gzip = ? WHERE feed = 'all' AND format = 'atom'",
            (gzip.compress(b"<feed"),),
        )
    [finding] = published.run("--json", "feed", "check", "all").records
    assert finding["document"] == "all.atom"
    assert finding["message"].startswith("is not well-formed")


def test_a_newsroom_that_moved_is_found_until_its_feeds_are_made_anew(
    published: CommandLine,
) -> None:
    moved = ("--set", "site.base_url=https://news.example.org")
    assert "as its own address" in published.run("feed", "check", *moved).out
    published.run("feed", "render", *moved)
    assert published.run("feed", "check", *moved).code == 0


def test_files_are_checked_without_a_newsroom(line: CommandLine, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.xml"
    good.write_text(
        '{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [], '
        '"home_page_url": "https://a.example/", "feed_url": "https://a.example/feed.json"}'
    )
    bad.write_text("<rss version='2.0'><channel><title>T</title></channel></rss>")
    line.service.main.unlink()
    answer = line.run("feed", "check", str(good), str(bad), str(tmp_path / "none.atom"))
    assert answer.code == 1
    assert [f"{bad}:", "feed: has no link"] in answer.columns
    assert [f"{tmp_path / 'none.atom'}:", "cannot be read: No such file or directory"] in (
        answer.columns
    )
    assert str(good) not in answer.out


def test_a_feed_that_is_gone_is_listed_as_such_and_not_checked(published: CommandLine) -> None:
    text = published.service.categories.read_text()
    ended = "slug: finance\n    ended: {on: 2020-01-01, words: Over}"
    published.service.categories.write_text(text.replace("slug: finance", ended))
    assert states(published)["finance"] == "gone"
    [row] = [row for row in published.run("feed", "list").columns if row[0] == "finance"]
    assert "(ends 2020-01-01T09:00:00Z, gone 2020-03-31T09:00:00Z)" in row[-1]
    assert "6 documents checked" in published.run("feed", "check").talk
