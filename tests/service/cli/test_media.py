"""``communique media``: files in, listed, checked, and removed."""

import sqlite3

from tests.support.command_line import CommandLine
from tests.support.pictures import PNG, png
from tests.support.running_service import Service


def test_files_are_stored_listed_and_removed(line: CommandLine, service: Service) -> None:
    photo, page = service.folder / "photo.png", service.folder / "page.html"
    photo.write_bytes(png(40, 30))
    page.write_text("<!doctype html><title>x</title>", encoding="utf-8")
    done = line.run("media", "add", str(photo), str(page))
    assert done.code == 1
    [url] = done.lines
    assert url.endswith("/photo.png")
    assert "HTML" in done.talk
    [record] = line.results("media", "list")
    assert record["digest"] in url
    assert (record["media_type"], record["length_bytes"]) == ("image/png", len(png(40, 30)))
    assert record["named_by"] == []
    [again] = line.results("media", "add", str(photo))
    assert (again["url"], again["width"], again["height"]) == (url, 40, 30)
    assert line.run("media", "remove", url).code == 0
    assert line.run("media", "remove", url).code == 1
    assert line.results("media", "list") == []


def test_a_check_finds_bytes_that_are_damaged(line: CommandLine, service: Service) -> None:
    photo = service.folder / "photo.png"
    photo.write_bytes(PNG)
    line.run("media", "add", str(photo))
    assert line.run("store", "check").code == 0
    path = service.folder / "data" / "communique.db"
    with sqlite3.connect(path) as store:
        store.execute("UPDATE media_chunks SET bytes = x'00'")
    store.close()
    checked = line.run("store", "check")
    assert checked.code == 1
    assert "are damaged" in checked.out
