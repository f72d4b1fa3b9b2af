"""The way back through the history of a feed, with a server of pages that may shift."""

from collections.abc import Callable
from typing import Any

import pytest

from feeds.imports.feed import read_feed
from feeds.imports.history import MAX_OLD_PAGES, HistoryWalk
from feeds.imports.items import ImportedItem

URL = "https://e.example/feed/"
Serve = Callable[[str], bytes | int]


def rss(numbers: list[int], *, generator: str = "", extra: str = "") -> bytes:
    items = "".join(
        f"<item><title>T{n}</title><link>https://e.example/{n}</link><guid>g{n}</guid></item>"
        for n in numbers
    )
    head = f"<generator>{generator}</generator>{extra}"
    return (
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
        'xmlns:fh="http://purl.org/syndication/history/1.0">'
        f"<channel><title>F</title>{head}{items}</channel></rss>"
    ).encode()


def walk(serve: Serve, url: str = URL, **arguments: Any) -> tuple[list[str], list[str], str]:
    """Walks to the end; returns the titles, the addresses asked for, and why it ended."""
    walking = HistoryWalk(url, **arguments)
    titles, asked = [], []
    while (address := walking.next_url) is not None:
        asked.append(address)
        answer = serve(address)
        if isinstance(answer, int):
            walking.not_there(answer)
            continue
        for item in walking.read(read_feed(answer, url=address)):
            assert isinstance(item, ImportedItem)
            titles.append(str(item.record.fields["title"]))
    return titles, asked, walking.ended


def linked(rel: str, href: str) -> str:
    return f'<atom:link rel="{rel}" href="{href}"/>'


def test_archives_of_rfc_5005() -> None:
    pages = {
        URL: rss([5, 4], extra=linked("prev-archive", "/archive/2")),
        "https://e.example/archive/2": rss([4, 3, 2], extra=linked("prev-archive", "1")),
        "https://e.example/archive/1": rss([1]),
    }
    titles, asked, ended = walk(pages.__getitem__)
    assert titles == ["T5", "T4", "T3", "T2", "T1"]
    assert asked == list(pages)
    assert ended == "no older document is named"


@pytest.mark.parametrize("rel", ["prev-archive", "next"])
def test_archives_that_the_newest_document_has_whole_are_passed(rel: str) -> None:
    """As of a newsroom like this one: of a thousand releases twenty came, and no older ones."""
    pages = {
        URL: rss([6, 5, 4, 3], extra=linked(rel, "/archive/3")),
        "https://e.example/archive/3": rss([6, 5], extra=linked(rel, "2")),
        "https://e.example/archive/2": rss([4, 3], extra=linked(rel, "1")),
        "https://e.example/archive/1": rss([2, 1]),
    }
    titles, asked, ended = walk(pages.__getitem__)
    assert titles == ["T6", "T5", "T4", "T3", "T2", "T1"]
    assert (asked, ended) == (list(pages), "no older document is named")


def test_a_chain_of_documents_without_anything_new_ends() -> None:
    numbers = iter(range(10_000))
    _, asked, ended = walk(lambda _: rss([1], extra=linked("prev-archive", f"/{next(numbers)}")))
    assert len(asked) == 1 + MAX_OLD_PAGES
    assert ended == f"{asked[-1]} has nothing new"


def test_pages_by_next_until_one_that_was_read() -> None:
    pages = {
        URL: rss([3], extra=linked("next", "?p=2")),
        f"{URL}?p=2": rss([2], extra=linked("next", URL)),
    }
    titles, _, ended = walk(pages.__getitem__)
    assert titles == ["T3", "T2"]
    assert ended == f"{URL} was read already"


def test_json_feed() -> None:
    pages = {
        URL: b'{"items": [{"id": "2", "content_text": "b"}], "next_url": "2.json"}',
        f"{URL}2.json": b'{"items": [{"id": "1", "content_text": "a"}]}',
    }
    titles, asked, _ = walk(pages.__getitem__)
    assert (titles, asked) == (["b", "a"], list(pages))


@pytest.mark.parametrize("url", [URL, "https://e.example/?feed=rss2&cat=3", f"{URL}?paged=1"])
def test_wordpress_names_no_page(url: str) -> None:
    """Something is published during the walk: the last item of each page comes again."""
    held = list(range(10, 0, -1))

    def serve(address: str) -> bytes | int:
        page = int(address.partition("paged=")[2] or 1)
        if page == 2:
            held.insert(0, 11)
        shown = held[(page - 1) * 4 : page * 4]
        return rss(shown, generator="https://wordpress.org/?v=6.4") if shown else 404

    titles, asked, ended = walk(serve, url)
    assert titles == [f"T{n}" for n in range(10, 0, -1)]
    assert "paged=2" in asked[1]
    assert asked[1].startswith(url.partition("?")[0])
    assert ("cat=3" in url) == ("cat=3" in asked[1])
    assert ended == f"{asked[-1]} answers 404"


def test_a_server_that_answers_every_page_with_the_newest() -> None:
    titles, asked, ended = walk(lambda _: rss([2, 1], generator="WordPress"))
    assert titles == ["T2", "T1"]
    assert len(asked) == 2
    assert ended == f"{URL}?paged=2 has nothing new"


def test_a_complete_feed_has_no_more() -> None:
    _, asked, ended = walk(lambda _: rss([1], extra="<fh:complete/>" + linked("next", "/2")))
    assert (len(asked), ended) == (1, "the feed says that it is complete")


def test_only_this_document_and_a_bound() -> None:
    numbers = iter(range(100))
    endless: Serve = lambda _: rss([n := next(numbers)], extra=linked("next", f"/{n}"))  # noqa: E731
    assert walk(endless, only_this=True)[2] == "only this document was asked for"
    assert walk(endless, max_pages=3)[2] == "3 documents were read"


def test_an_older_document_that_is_nowhere() -> None:
    assert walk(lambda _: rss([1], extra=linked("next", "file:///etc/hostname")))[2] == (
        "the older document has no web address: file:///etc/hostname"
    )
    walking = HistoryWalk(URL, only_this=True)
    walking.read(read_feed(rss([1])))
    with pytest.raises(ValueError, match="the walk is over"):
        walking.read(read_feed(rss([1])))
