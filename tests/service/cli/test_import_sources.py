"""``communique import feed``, ``folder``, ``ghost`` and ``csv``: from a file to the newsroom."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.running_service import Service
from tests.support.upstream_server import Page, atom, entry, upstream_server

DATA = Path(__file__).parents[2] / "data"
#: No server is asked for pictures.
QUIET = ("--media", "keep", "--set", "intake.ask_media=false")


def bring(line: CommandLine, *arguments: str) -> dict[str, object]:
    [tally] = line.results("import", *arguments, *QUIET)
    return tally


def published(line: CommandLine) -> list[dict[str, str]]:
    return [
        line.results("release", "show", release["slug"])[0]
        for release in line.results("release", "list", "--limit", "100")
    ]


def test_a_feed_from_a_file_keeps_ids_and_dates(line: CommandLine) -> None:
    path = str(DATA / "feeds" / "nasa-breaking-news-2018-09.rss")
    tried = bring(line, "feed", path, "--dry-run")
    assert (tried["dry_run"], tried["taken"], tried["ids_kept"]) == (True, 10, 10)
    assert line.results("release", "list") == []
    done = bring(line, "feed", path)
    assert {**done, "dry_run": True} == tried
    first = published(line)[0]
    assert first["published"] == "2018-09-04T22:48:00Z"
    assert "nasa-to-host-live-chat-on-successful-mission-to-asteroid-belt" in json.dumps(first)
    again = bring(line, "feed", path)
    assert (again["taken"], again["unchanged"]) == (0, 10)


def test_a_feed_from_a_server_with_its_history(line: CommandLine, service: Service) -> None:
    service.write_main({"outbound": {"allow_networks": ["127.0.0.0/8"]}})
    with upstream_server() as server:
        server.pages["/feed"] = Page(
            body=atom(entry(2), head='<link rel="prev-archive" href="/1"/>')
        )
        server.pages["/1"] = Page(body=atom(entry(1)))
        only = line.run("import", "feed", server.url("/feed"), "--only-this", *QUIET)
        assert only.code == 0, only
        assert "1 document read; only this document was asked for" in only.talk
        done = line.run("import", "feed", server.url("/feed"), *QUIET)
        assert "2 documents read; no older document is named" in done.talk
        server.pages["/feed"] = Page(body=b"<html>")
        failed = line.run("import", "feed", server.url("/feed"), *QUIET)
    assert failed.code == 1
    assert "a page in HTML came instead of the feed: give the address of the feed" in failed.talk
    assert sorted(release["title"] for release in line.results("release", "list")) == [
        "Decision 1",
        "Decision 2",
    ]


def test_the_feed_and_the_export_of_one_site_are_one_source(
    line: CommandLine, tmp_path: Path
) -> None:
    """A feed whose site moved to https brings the same releases."""
    text = (
        '<rss version="2.0"><channel><title>F</title><link>{0}://old.example/</link><item>'
        "<title>T</title><link>{0}://old.example/1</link><guid>g1</guid>"
        "<pubDate>Tue, 03 Jun 2003 09:39:21 GMT</pubDate></item></channel></rss>"
    )
    path = tmp_path / "feed.xml"
    for scheme, taken in (("http", 1), ("https", 0)):
        path.write_text(text.format(scheme), encoding="utf-8")
        assert bring(line, "feed", str(path))["taken"] == taken


def test_a_static_site(line: CommandLine, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "content" / "news").mkdir(parents=True)
    (site / "hugo.toml").write_text('baseURL = "https://old.example/"\n', encoding="utf-8")
    (site / "content" / "news" / "a.md").write_text(
        "---\ntitle: A\ndate: 2020-01-02T03:04:05Z\naliases: [/alt/]\ncategories: [finance]\n---\n"
        "{{< chart 1 >}}Text\n",
        encoding="utf-8",
    )
    (site / "content" / "news" / "b.md").write_text(
        "---\ntitle: B\ndraft: true\n---\n", encoding="utf-8"
    )
    (site / "content" / "secret.md").symlink_to("/etc/hostname")
    report = tmp_path / "report.html"
    tally = bring(line, "folder", str(site), "--report", str(report))
    assert (tally["taken"], tally["ids_kept"], tally["addresses"]) == (1, 1, 2)
    assert list(tally["left_out"]) == ["draft"]  # type: ignore[call-overload]
    assert list(tally["lost"]) == ["the shortcode '{{< chart 1 >}}'"]  # type: ignore[call-overload]
    assert "What an import did" in report.read_text(encoding="utf-8")
    [release] = published(line)
    assert release["published"] == "2020-01-02T03:04:05Z"
    assert "https://old.example/news/a/" in json.dumps(release)


def test_a_folder_without_its_address_says_what_is_lost(line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "2020").mkdir()
    (tmp_path / "2020" / "a.md").write_text("---\ntitle: A\ndate: 2020-01-02\n---\nx\n")
    done = line.run("import", "folder", str(tmp_path / "2020"), "--dry-run", *QUIET)
    assert done.code == 0
    assert "the address of the old site is not known" in done.talk
    told = line.run(
        "import", "folder", str(tmp_path / "2020"), "--dry-run", "--site", "https://o.example",
        "--permalink", "/:year/:slugorfilename/", "--ids", "link", *QUIET,
    )  # fmt: skip
    assert "not known" not in told.talk
    assert "1  id kept as readers know it" in told.out


@pytest.mark.parametrize("command", ["ghost", "folder"])
def test_an_export_of_ghost(line: CommandLine, tmp_path: Path, command: str) -> None:
    path = tmp_path / "export.json"
    post = {"id": "5cc0ffee", "title": "T", "slug": "t", "html": "<p>x</p>", "status": "published",
            "published_at": "2020-01-02T03:04:05.000Z"}  # fmt: skip
    path.write_text(json.dumps({"db": [{"data": {"posts": [post]}}]}), encoding="utf-8")
    without = line.run("import", command, str(path), *QUIET)
    assert without.code == 2
    assert "--site" in without.talk
    tally = bring(line, command, str(path), "--site", "https://g.example")
    assert (tally["taken"], tally["addresses"]) == (1, 1)
    [release] = published(line)
    assert "5cc0ffee" in json.dumps(release)


def test_what_is_no_export_of_ghost_is_told(line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    for data, message in (
        (b"%PDF-1.7\n\xe2\xe3", "the file is no JSON: give the JSON file that Ghost exports"),
        (b'{"db": [{"data":\n{"posts": [', "breaks off or is damaged at line 2: export it again"),
    ):
        path.write_bytes(data)
        told = line.run("import", "ghost", str(path), "--site", "https://g.example", *QUIET)
        assert told.code == 1
        assert message in " ".join(told.talk.split())


def test_a_table(line: CommandLine, tmp_path: Path) -> None:
    path, mapping = tmp_path / "t.csv", tmp_path / "m.yaml"
    path.write_bytes("Nr;Was;Wie;Wann\n1;Größe;Text;03/02/2020\n2;;x;\n".encode("windows-1252"))
    mapping.write_text(
        "columns: {id: Nr, body: Wie, published: Wann}\ndate_format: '%d/%m/%Y'\n", encoding="utf-8"
    )
    missing = line.run("import", "csv", str(path), "--mapping", str(mapping), *QUIET)
    assert missing.code == 1
    assert "no column is called title: say which it is: --column title=…" in missing.talk
    tally = bring(line, "csv", str(path), "--mapping", str(mapping), "--column", "title=Was")
    assert tally["taken"] == 1
    assert tally["left_out"] == {
        "not readable: column 'Was' is empty": {"count": 1, "examples": ["line 3"]}
    }
    [release] = published(line)
    assert release["title"] == "Größe"
    assert release["published"].startswith("2020-02-03")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("colums: {}\n", encoding="utf-8")
    told = line.run("import", "csv", str(path), "--mapping", str(wrong), *QUIET)
    assert "holds 'colums': it may hold columns, date_format, separator, site" in told.talk
    told = line.run("import", "csv", str(path), "--mapping", str(path), *QUIET)
    assert f"{path}:1: no mapping in YAML: write columns: and below it" in told.talk
    told = line.run("import", "csv", str(path), "--separator", "", *QUIET)
    assert (told.code, "give a character, such as ;" in told.talk) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("feed", "nowhere.xml"),
            "nowhere.xml: No such file or directory: give a file with a feed, or its address",
        ),
        (("feed", "ftp://old.example/feed"), "feeds are fetched by http and https only"),
        (("folder", "nowhere"), "nowhere"),
        (("csv", "nowhere"), "nowhere"),
    ],
)
def test_what_is_not_there(line: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    done = line.run("import", *arguments)
    assert done.code != 0
    assert message in done.talk


def test_a_folder_without_pages_is_refused(line: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    file = folder / "feed.xml"
    file.write_text("<rss/>")
    for path in (folder, file):
        answer = line.run("import", "folder", str(path), "--site", "https://o.example", *QUIET)
        assert answer.code == 1
        assert f"{path}: no folder with Markdown" in answer.talk
