"""``communique release embargoes`` and ``embargo``; and how ``add`` tells what waits."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.running_service import wait_until

LONG_AFTER = "2099-03-02T09:00:00+01:00"


@pytest.fixture
def merger(tmp_path: Path) -> Path:
    """A document that waits for a long time."""
    path = tmp_path / "merger.json"
    path.write_text(
        json.dumps(
            {
                "id": "m1",
                "title": "Two become one",
                "body": "They merge.",
                "published": "2026-01-05T09:00:00Z",
                "embargoed_until": LONG_AFTER,
                "categories": ["Finance", "Nobody's"],
            }
        ),
        encoding="utf-8",
    )
    return path


def test_what_waits_is_told_and_counted_when_it_is_added(line: CommandLine, merger: Path) -> None:
    tried = line.run("release", "add", "--dry-run", str(merger))
    assert (tried.code, "dry run: nothing was stored" in tried.talk) == (0, True)
    answer = line.run("release", "add", str(merger))
    assert answer.code == 0
    for told in (tried, answer):
        [[verdict, name, filed, note, unclaimed]] = told.columns
        assert (verdict, name, filed) == ("embargoed", "merger.json", "finance")
        assert note == "embargoed until 2099-03-02T08:00:00Z"
        assert unclaimed.startswith("unclaimed: ")
        assert "new 0  corrected 0  unchanged 0  embargoed 1  refused 0" in told.talk
        assert "feed render" not in told.talk
        assert "--unfiled" not in told.talk
    [document, summary] = line.results("release", "add", str(merger))
    assert (document["verdict"], document["feeds"]) == ("unchanged", [])
    assert document["embargoed_until"] == "2099-03-02T08:00:00Z"
    assert summary["summary"]["unchanged"] == 1


def test_what_waits_is_listed_for_ops_alone(line: CommandLine, merger: Path) -> None:
    line.run("release", "add", "--by", "Ana", str(merger))
    answer = line.run("release", "embargoes")
    assert answer.columns == [
        ["2099-03-02T08:00:00Z", "id:m1", "Two become one", "set by Ana"],
    ]
    [record] = line.results("release", "embargoes")
    assert (record["source_key"], record["title"]) == ("id:m1", "Two become one")
    assert (record["until"], record["by"]) == ("2099-03-02T08:00:00Z", "Ana")
    assert record["id"].startswith("urn:uuid:")
    assert line.results("release", "list") == []
    [status] = line.results("status")
    assert (status["embargoes"], status["releases"]["total"]) == (1, 0)
    shown = {columns[0]: columns[1:] for columns in line.run("status").columns}
    assert shown["embargoed"] == ["1", "(communique release embargoes)"]


def test_show_finds_what_waits(line: CommandLine, merger: Path) -> None:
    line.run("release", "add", "--by", "Ana", str(merger))
    [record] = line.results("release", "embargoes")
    [shown] = line.results("release", "show", record["id"], "--body")
    assert (shown["embargoed_until"], shown["set_by"]) == ("2099-03-02T08:00:00Z", "Ana")
    assert (shown["title"], shown["published"]) == ("Two become one", "2099-03-02T08:00:00Z")
    assert (shown["revision"], shown["feeds"]) == (1, ["all", "finance"])
    assert shown["unclaimed"] == ["Nobody's"]
    assert [act["deed"] for act in shown["acts"]] == ["embargoed"]
    assert "They merge." in shown["body"]
    assert {"warnings", "left_out"}.isdisjoint(shown)
    by_slug = line.run("release", "show", shown["slug"])
    assert ["embargoed until", "2099-03-02T08:00:00Z"] in by_slug.columns

    line.run("release", "embargo", "id:m1", "--lift")
    [public] = line.results("release", "show", "id:m1")
    assert {"embargoed_until", "correction"}.isdisjoint(public)
    corrected = merger.read_text(encoding="utf-8").replace("They merge.", "They do not.")
    merger.write_text(corrected, encoding="utf-8")
    line.run("release", "add", str(merger))
    [public] = line.results("release", "show", "id:m1", "--body")
    assert "They merge." in public["body"]
    assert public["correction"]["embargoed_until"] == "2099-03-02T08:00:00Z"
    assert line.run("release", "show", "id:m9").code == 1
    late = line.run("release", "embargo", "id:m1", "--drop")
    assert late.code == 0, "the correction is dropped"
    late = line.run("release", "embargo", "id:m1", "--until", "2099-05-01")
    assert (late.code, "the release with this name is public" in late.talk) == (1, True)


def test_an_embargo_is_moved_lifted_and_dropped(line: CommandLine, merger: Path) -> None:
    line.run("release", "add", str(merger))
    moved = line.run("release", "embargo", "id:m1", "--until", "2099-04-01", "--by", "Bo")
    assert moved.code == 0
    assert moved.columns[0][0].startswith("embargoed until 2099-04-01T")
    [record] = line.results("release", "embargoes")
    assert record["by"] == "Bo"
    [lifted] = line.results("release", "embargo", record["id"], "--lift")
    assert (lifted["done"], lifted["verdict"]) == ("lifted", "new")
    assert lifted["feeds"] == ["all", "finance"]
    assert line.results("release", "embargoes") == []
    [listed] = line.results("release", "list")
    assert listed["id"] == record["id"]

    other = merger.with_name("other.json")
    other.write_text(merger.read_text(encoding="utf-8").replace("m1", "m2"), encoding="utf-8")
    line.run("release", "add", str(other))
    dropped = line.run("release", "embargo", "id:m2", "--drop")
    assert dropped.columns == [["dropped", "id:m2", "Two become one"]]
    assert line.results("release", "embargoes") == []


@pytest.mark.parametrize(
    ("arguments", "code", "talk"),
    [
        (("m9", "--lift"), 1, "no document under embargo has the name 'm9'"),
        (("id:m1", "--until", "2020-01-01"), 1, "is past: give a later moment, or lift"),
        (("id:m1", "--until", "2099-01-01T09:00"), 2, "has no time zone"),
        (("id:m1",), 2, "give one of --until, --lift and --drop"),
        (("id:m1", "--lift", "--drop"), 2, "give one of"),
    ],
)
def test_a_slip_changes_nothing(
    line: CommandLine, merger: Path, arguments: tuple[str, ...], code: int, talk: str
) -> None:
    line.run("release", "add", str(merger))
    answer = line.run("release", "embargo", *arguments)
    assert answer.code == code
    assert talk in " ".join(answer.talk.replace("│", " ").split())
    [record] = line.results("release", "embargoes")
    assert record["until"] == "2099-03-02T08:00:00Z"


def test_without_a_service_what_is_due_comes_out_with_the_next_editions(
    line: CommandLine, tmp_path: Path
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    path = tmp_path / "soon.json"
    record = {"id": "s1", "title": "Soon", "body": "Now.", "published": "2026-01-05T09:00:00Z"}
    path.write_text(json.dumps({**record, "embargoed_until": soon.isoformat()}), encoding="utf-8")
    line.run("release", "add", str(path))
    line.run("feed", "render")
    assert line.results("release", "list") == []
    wait_until(lambda: datetime.now(UTC) >= soon)
    line.run("feed", "render")
    [listed] = line.results("release", "list")
    assert listed["title"] == "Soon"


def test_show_says_what_was_left_out_of_what_waits(line: CommandLine, tmp_path: Path) -> None:
    mail = tmp_path / "budget.eml"
    text = f"Embargo: {LONG_AFTER}\nLanguage: pt_BR\n\nThe budget grows.\n-- \nAnna Example\n"
    mail.write_text(f"Subject: Budget\n\n{text}", encoding="utf-8")
    line.run("release", "add", str(mail))
    [record] = line.results("release", "embargoes")
    [shown] = line.results("release", "show", record["id"])
    assert shown["warnings"] == ["language: 'pt_BR' read as 'pt-BR'"]
    assert len(shown["left_out"]) == 1
    assert "Anna Example" in shown["left_out"][0]
    assert "Anna Example" in line.run("release", "show", record["id"]).out
