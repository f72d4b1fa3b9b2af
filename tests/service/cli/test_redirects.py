"""``communique redirects``: what is used, what is missing, and where an address leads."""

from datetime import UTC, datetime

from werkzeug.test import Client

from feeds.model.feed import Format
from feeds.model.redirect import RedirectOrigin, ToFeed
from tests.support.command_line import CommandLine
from tests.support.nginx import running_nginx

RULES = """
redirects:
  - {old: /feed/, feed: all}
  - {old: "/?feed=atom", feed: all, format: atom}
  - {old: /comments/feed/, gone: true}
"""


def _ready(line: CommandLine) -> None:
    categories = line.service.folder / "categories.yaml"
    text = categories.read_text(encoding="utf-8").partition("\nredirects:")[0]
    categories.write_text(text + RULES, encoding="utf-8")
    now = datetime.now(UTC)
    with line.service.opened_store() as database, database.transaction() as tx:
        tx.redirects.add({"/old.php": ToFeed("all", Format.JSON)}, now=now)
        uses = {
            (RedirectOrigin.CONFIGURATION, "/feed/"): 3,
            (RedirectOrigin.IMPORT, "/old.php"): 2,
        }
        tx.redirect_uses.add(uses, now=now)
        tx.redirect_uses.add_missing({"/tag/x/feed": 7}, now=now, keep=10)


def test_redirects_are_listed_with_their_uses_and_what_is_missing(line: CommandLine) -> None:
    _ready(line)
    answer = line.run("redirects", "list")
    assert answer.code == 0
    text = "\n".join(" ".join(columns) for columns in answer.columns)
    for expected in (
        "/feed/ yaml feed all.rss 3 uses last ",
        "/?feed=atom yaml feed all.atom never used",
        "/comments/feed/ yaml gone never used",
        "/old.php import http",
        "missing /tag/x/feed 7 requests last ",
    ):
        assert expected in text
    assert "1 old address of imports, 1 missing address" in answer.talk
    [record] = line.results("redirects", "list")
    assert [(one["old"], one["uses"]) for one in record["redirects"]] == [
        ("/feed/", 3),
        ("/?feed=atom", 0),
        ("/comments/feed/", 0),
        ("/old.php", 2),
    ]
    assert [(one["address"], one["requests"]) for one in record["missing"]] == [("/tag/x/feed", 7)]


def test_what_a_rule_answers_at_last_is_not_missing_any_more(line: CommandLine) -> None:
    """It was named for months after the rule that it asked for was written."""
    _ready(line)
    with line.service.opened_store() as database, database.transaction() as tx:
        asked = {"/feed": 9, "/?feed=atom": 8, "/comments/feed": 7, "/old.php": 6, "/rss.xml": 5}
        tx.redirect_uses.add_missing(asked, now=datetime.now(UTC), keep=10)
    [record] = line.results("redirects", "list")
    assert [one["address"] for one in record["missing"]] == ["/tag/x/feed", "/rss.xml"]
    [status] = line.results("status")
    assert status["missing_feeds"]["total"] == 2


def test_what_an_address_answers_can_be_tried(line: CommandLine) -> None:
    _ready(line)
    for asked, status, end in (
        ("https://old.example/feed", 301, "/feeds/all.rss"),
        ("/?x=1&feed=atom", 301, "/feeds/all.atom"),
        ("/old.php?a=b", 301, "/feeds/all.json"),
        ("/comments/feed", 410, ""),
    ):
        [record] = line.results("redirects", "check", asked)
        assert record["status"] == status
        assert (record["location"] or "").endswith(end)
    assert line.run("redirects", "check", "/feed/").columns[0][0] == "301"
    nothing = line.run("redirects", "check", "/nothing")
    assert (nothing.code, nothing.out) == (1, "")
    assert "no redirect answers /nothing" in nothing.talk
    assert line.run("redirects", "check", "mailto:a@b.c").code == 1
    told = line.run("redirects", "check", "http://[x/").talk
    assert "its host cannot be read; write it as /feed/" in " ".join(told.split())


def test_maps_are_printed_for_another_nginx(line: CommandLine) -> None:
    _ready(line)
    answer = line.run("redirects", "export")
    assert answer.code == 0
    assert "$communique_redirect" in answer.out
    assert '"/old.php"' in answer.out
    with running_nginx(
        http=answer.out,
        server="if ($communique_redirect = 410) { return 410; } "
        "if ($communique_redirect) { return 301 $communique_redirect; } "
        "location / { return 404; }",
    ) as nginx:
        client = Client(nginx)
        assert client.get("/comments/feed/").status_code == 410
        assert client.get("/feed").headers["Location"].endswith("/feeds/all.rss")
        assert client.get("/?feed=atom").headers["Location"].endswith("/feeds/all.atom")
        assert client.get("/nothing").status_code == 404
