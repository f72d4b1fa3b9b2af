"""``communique import wxr``: its options, its report, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.wordpress import export, post

ALONE = ("--set", "intake.ask_media=false")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An export with a post, a draft, and one in local time."""
    file = tmp_path / "export.xml"
    file.write_bytes(
        export(
            post(1, title="One", terms=[("category", "x", "Finance")]),
            post(2, title="Two", status="draft"),
            post(3, title="Three", date="2019-07-01 00:30:00", date_gmt="0000-00-00 00:00:00"),
            post(4, title="Report", kind="press_release"),
        )
    )
    return file


def test_the_report_says_what_became_of_everything(line: CommandLine, path: Path) -> None:
    answer = line.run("import", "wxr", str(path), *ALONE)
    assert answer.code == 0
    figures = {" ".join(each.split()[1:]): each.split()[0] for each in answer.lines}
    assert figures["items in the export"] == "4"
    assert figures["taken"] == "2"
    assert figures["left out"] == "2"
    assert figures["of another kind: post_type press_release"] == "1"
    assert figures["date without a time zone"] == "1"
    assert figures["Finance → finance"] == "1"


def test_a_dry_run_prints_the_same_and_stores_nothing(line: CommandLine, path: Path) -> None:
    said = line.run("import", "wxr", str(path), "--dry-run", *ALONE)
    assert line.results("release", "list") == []
    assert "nothing was stored" in said.talk
    assert line.run("import", "wxr", str(path), *ALONE).lines == said.lines
    [again] = line.results("import", "wxr", str(path), "--dry-run", *ALONE)
    assert (again["dry_run"], again["unchanged"]) == (True, 2)


def test_a_release_is_shown_by_the_id_that_readers_know(line: CommandLine, path: Path) -> None:
    line.run("import", "wxr", str(path), *ALONE)
    [shown] = line.results("release", "show", "https://old.example/?p=1")
    assert shown["published_id"] == "https://old.example/?p=1"
    assert shown["title"] == "One"


def test_options_decide_zone_language_and_types(line: CommandLine, path: Path) -> None:
    options = ("--time-zone", "Europe/Zurich", "--language", "de", "--post-type", "press_release")
    line.run("import", "wxr", str(path), *options, "--post-type", "post", *ALONE)
    [three] = line.results("release", "show", "https://old.example/?p=3")
    assert (three["published"], three["language"]) == ("2019-06-30T22:30:00Z", "de")
    assert line.results("release", "show", "https://old.example/?p=4")


def test_another_source_is_another_system(line: CommandLine, path: Path) -> None:
    line.run("import", "wxr", str(path), *ALONE)
    [tally] = line.results("import", "wxr", str(path), "--source", "the other one", *ALONE)
    assert (tally["taken"], tally["ids_kept"]) == (2, 0)


def test_the_report_is_written_as_a_page(line: CommandLine, path: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    answer = line.run("import", "wxr", str(path), "--report", str(page), "--json", *ALONE)
    assert json.loads(answer.out)["taken"] == 2
    text = page.read_text(encoding="utf-8")
    assert "post_type press_release" in text
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--time-zone", "Europe/Nowhere"), "Europe/Zurich"),
        (("--language", "english"), "BCP 47"),
        (("--media", "steal"), "copy"),
    ],
)
def test_wrong_options_are_refused_with_the_right_form(
    line: CommandLine, path: Path, options: tuple[str, ...], words: str
) -> None:
    answer = line.run("import", "wxr", str(path), *options, *ALONE)
    assert answer.code == 2
    assert words in answer.talk


def test_another_file_is_refused(line: CommandLine, tmp_path: Path) -> None:
    other = tmp_path / "other.xml"
    other.write_text("<rss><channel/></rss>")
    answer = line.run("import", "wxr", str(other), *ALONE)
    assert answer.code == 1
    assert f"{other}: this is no export of WordPress" in answer.talk
    assert "Tools, Export, All content" in answer.talk


def test_a_report_that_cannot_be_written_is_refused_before_the_import(
    line: CommandLine, path: Path, tmp_path: Path
) -> None:
    for report in (tmp_path, tmp_path / "none" / "report.html"):
        answer = line.run("import", "wxr", str(path), "--report", str(report), *ALONE)
        assert answer.code == 2
        assert "a folder that exists" in answer.talk
    assert line.results("release", "list") == []
