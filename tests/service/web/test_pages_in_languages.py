"""Whole pages: no English word on a Greek one, and language and direction wherever they change.

Words of the pages come from a catalogue that marks each message; whatever is neither marked nor
Greek is a text that nobody can translate.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import pytest
from babel.messages.catalog import Catalog
from flask.testing import FlaskClient
from lxml import html

from feeds.categories import Catalogue
from feeds.model.feed import ALL, Category, FeedClosure, Redirect
from feeds.model.release import (
    Contact,
    Correction,
    Details,
    Draft,
    Enclosure,
    Person,
    RelatedLink,
    SourceFeed,
    Weight,
)
from feeds.model.text import direction
from service.web import create_app, page_language
from tests import messages
from tests.service.web.offices import SITE, feed_of, open_office
from tests.support.newsrooms import Office, draft, later

Tree = Any

#: The search: empty, with hits, without, and with what cannot be searched for.
SEARCHES = (
    "/search", "/search?q=Ανακοίνωση", "/search?q=ωωω", "/search?q=-", "/search?q=ω&language=xx",
    "/search?q=ω&category=none", "/search?q=ω&from=2026-13-01", f"/search?q={'ω' * 2000}",
)  # fmt: skip

WORD = "Ανακοίνωση"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}

#: Attributes that are read out or shown, and what the script shows.
ATTRIBUTES = ("alt", "aria-label", "data-by-hand", "data-copied", "placeholder", "title")

#: Names that are the same in every language, addresses, and abbreviations of units and zones.
SAME_EVERYWHERE = re.compile(
    r"https?://\S+|[\w.+-]+@[\w.]+|\b(?:[\w-]+\.)+(?:example|org|test|pdf|jpg)\S*"
    r"|\bAtom\b|\bRSS\b|\bJSON Feed\b|\bUTC\b|\bPDF\b|\bMP3\b"
)
MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def marked(text: str) -> str:
    """A message with each of its words between marks, and its markup as it is."""
    parts = re.split(r"(<[^>]+>)", text)
    return "".join(
        part if part.startswith("<") or not part.strip() else f"⟦{part}⟧" for part in parts
    )


def write_marked(path: Path, language: str) -> None:
    """Write a catalogue in which every message says that it is one."""
    catalog = Catalog(locale=language, fuzzy=False, header_comment="# For a test.")
    for message in messages.template():
        if not message.id:
            continue
        one, many = (message.id, message.id) if isinstance(message.id, str) else message.id
        forms = [marked(one)] + [marked(many)] * (catalog.num_plurals - 1)
        plural = not isinstance(message.id, str)
        catalog.add(message.id, forms if plural else marked(one), context=message.context)
    path.write_bytes(messages.written(catalog))


@pytest.fixture
def catalogue_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the marked catalogue the one of a language."""

    def add(language: str) -> None:
        write_marked(tmp_path / f"{language}.po", language)
        files = {**page_language.catalogue_files(), language: tmp_path / f"{language}.po"}
        monkeypatch.setattr(page_language, "catalogue_files", lambda: files)
        forget()

    yield add
    monkeypatch.undo()
    forget()


def forget() -> None:
    page_language._messages.cache_clear()
    page_language._page_language.cache_clear()


def rich(language: str) -> Draft:
    """A release with all that there is, in Greek letters."""
    return draft(
        "id:rich", "news",
        title=WORD, summary=WORD, body=f"<p>{WORD}</p><table><tr><td>{WORD}</td></tr></table>",
        language=language, url="https://source.example/1", authors=(Person(name=WORD),),
        enclosures=(
            Enclosure(url="https://x.test/a.pdf", media_type="application/pdf", length_bytes=10**6),
            Enclosure(
                url="https://x.test/b.mp3", media_type="audio/mpeg", length_bytes=900, title=WORD,
                duration_s=754,
            ),
            Enclosure(
                url="https://x.test/c.jpg", media_type="image/jpeg", length_bytes=5000, alt=WORD,
                credit=WORD, thumbnail="https://x.test/c-small.jpg",
            ),
        ),
        details=Details(
            contacts=(Contact(name=WORD, role=WORD, phone="+41 22 917 12 34", email="a@x.test"),),
            related=(
                RelatedLink(url="https://r.test/"), RelatedLink(url="https://r.test/", title=WORD),
            ),
            place=WORD, number="19589", rights=WORD, work="work:1",
            license="https://creativecommons.example/by/4.0/",
            source=SourceFeed(title=WORD, site_url="https://source.example/"),
        ),
    )  # fmt: skip


def open_in(language: str, folder: Path) -> Office:
    """A newsroom with every kind of page, in one language."""
    person = Person(name=WORD)
    site = replace(SITE, language=language, title=WORD, subtitle=WORD, rights=WORD, author=person)
    settings = {"language": language, "description": WORD, "author": person, "hubs": (site.hub,)}
    ended = FeedClosure(
        on=later(minutes=1), gone_at=later(days=9), words=WORD,
        onward=Redirect(url=site.feed_page(ALL), title=WORD),
    )  # fmt: skip
    slugs = ("news", "empty", "over", "gone")
    endings = {"over": ended, "gone": replace(ended, gone_at=later(minutes=2))}
    feeds = [
        feed_of(slug, WORD, group=WORD, ending=endings.get(slug), **settings) for slug in slugs
    ]
    own = {"only_in": language, "beside": "news", "any_of": ("news",)}
    office = open_office(
        folder,
        Catalogue(
            site,
            [Category(slug=slug, title=f"{WORD} {at}") for at, slug in enumerate(slugs)],
            [feed_of(ALL, WORD, **settings), *feeds, feed_of("own", WORD, **{**settings, **own})],
        ),
    )
    first = rich(language)
    other = draft("id:other", "news", title=WORD, summary=WORD, body=f"<p>{WORD}</p>",
                  language="ar", details=Details(work="work:1"))  # fmt: skip
    office.add(first, other, now=later(minutes=-9))
    for weight, text in ((Weight.MAJOR, "1"), (Weight.MINOR, "2")):
        content = replace(first.content, body=f"<p>{WORD} {text}</p>")
        correction = Correction(weight=weight, note=WORD)
        changed = replace(first, content=content, correction=correction)
        office.add(changed, now=later(minutes=int(text) - 9))
    [taken] = office.add(draft("id:gone", "news", title=WORD, language=language))
    office.newsroom.retract(taken.release.id, reason=WORD, by="me", now=later(seconds=30))
    office.publish(now=later(minutes=3))
    return office


def crawl(client: FlaskClient, site_url: str) -> dict[str, Tree]:
    """Every page that is linked from another, and those that say why there is none."""
    found: dict[str, Tree] = {}
    waiting = ["/", "/nowhere", "/feeds/gone", *SEARCHES]
    while waiting:
        path = waiting.pop()
        response = client.get(path, headers=BROWSER)
        if path in found or response.mimetype != "text/html":
            continue
        found[path] = html.fromstring(response.get_data())
        for link in found[path].xpath("//a/@href"):
            address = urldefrag(link.removeprefix(site_url)).url
            if address.startswith("/") and not address.startswith("/hub"):
                waiting.append(address)
    return found


def pages_in(language: str, folder: Path, closing: ExitStack) -> dict[str, Tree]:
    office = open_in(language, folder)
    closing.callback(office.database.close)
    # Later, so that feeds have ended.
    client = create_app(office.current, clock=lambda: later(minutes=3), has_hub=True).test_client()
    pages = crawl(client, office.catalogue.site.base_url)
    listed = office.newsroom.releases(limit=100)
    [gone] = [one.release.slug for one in listed if one.release.retraction is not None]
    pages |= crawl_one(client, f"/releases/{gone}")
    return pages


def crawl_one(client: FlaskClient, path: str) -> dict[str, Tree]:
    return {path: html.fromstring(client.get(path, headers=BROWSER).get_data())}


def is_arabic(path: str, tree: Tree) -> bool:
    """Whether a page shows the Arabic release, or Arabic releases only."""
    return path.endswith("/ar") or bool(tree.xpath("//article[@lang='ar']"))


def shown_texts(tree: Tree) -> Iterator[str]:
    """Everything that is shown or read out, in one piece each: messages may hold markup."""
    yield tree.findtext(".//title")
    # The phrases of corrections are those of feeds (tests/feeds/render/test_phrases.py).
    for unread in tree.xpath("//script | //code | //*[contains(@class, 'correction')]/strong"):
        unread.drop_tree()
    yield tree.find("body").text_content()
    yield from tree.xpath(" | ".join(f"//body//@{name}" for name in ATTRIBUTES))
    yield from tree.xpath("//meta[@name='description']/@content")


@pytest.mark.parametrize(("language", "text_direction"), [("el", "ltr"), ("he", "rtl")])
def test_no_page_has_a_word_that_is_not_translated(
    language: str, text_direction: str, tmp_path: Path, catalogue_of: Any, closing: ExitStack
) -> None:
    catalogue_of(language)
    pages = pages_in(language, tmp_path, closing)
    assert len(pages) > 8
    foreign = {}
    for path, tree in pages.items():
        expected = ("ar", "rtl") if is_arabic(path, tree) else (language, text_direction)
        assert (tree.get("lang"), tree.get("dir")) == expected, path
        if tree.get("lang") != language:
            continue
        texts = [SAME_EVERYWHERE.sub("", MARKED.sub("", text)) for text in shown_texts(tree)]
        foreign[path] = [
            found[0] for text in texts for found in [LATIN_WORD.findall(text)] if found
        ]
    assert {path: words for path, words in foreign.items() if words} == {}


def test_a_marked_catalogue_finds_a_word_that_is_none(tmp_path: Path, closing: ExitStack) -> None:
    """Without the catalogue the same pages are English."""
    tree = pages_in("el", tmp_path, closing)["/"]
    assert tree.get("lang") == "en"
    assert LATIN_WORD.search(SAME_EVERYWHERE.sub("", MARKED.sub("", " ".join(shown_texts(tree)))))


@pytest.mark.parametrize("language", ["ar", "de", "ur"])
def test_language_and_direction_are_those_of_each_text(
    language: str, tmp_path: Path, closing: ExitStack
) -> None:
    """HTML Standard 3.2.6: whatever is in another language says so, with its direction."""
    page = "en" if language == "ur" else language  # there is no catalogue for Urdu
    for path, tree in pages_in(language, tmp_path, closing).items():
        own = "ar" if is_arabic(path, tree) else page
        assert (tree.get("lang"), tree.get("dir")) == (own, direction(own)), path
        for element in tree.xpath("//*[@lang][not(self::bdi)]"):  # bdi has a direction anyway
            assert element.get("dir") in {direction(element.get("lang")), "ltr", "auto"}, path
        for time in tree.xpath("//main//time"):
            language_of = time.xpath("ancestor-or-self::*[@lang][1]/@lang")[0]
            in_note = time.xpath("ancestor::*[contains(@class, 'correction')]")
            assert in_note or language_of == own, path
        for title in tree.xpath("//article//h1[@class='page-title']"):
            assert title.xpath("ancestor-or-self::*[@lang][1]/@lang")[0] in {language, "ar"}, path
