"""Media, rights, licence and related links: RFC 4287, RFC 4946, Media RSS, JSON Feed 1.1.

Each as readers have it: a strict parser, feedparser, atoma, and JSON by hand.
"""

from dataclasses import asdict
from typing import Any

import atoma
import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Contact, Details, Enclosure, Person, RelatedLink
from feeds.render import assemble, render_fragment
from tests.support.atom_grammar import assert_valid
from tests.support.parsers import NAMESPACES, items_of, root_of
from tests.support.rendering import SITE, entry_of, head_of

PICTURE = Enclosure(
    url="https://x.test/1.jpg",
    media_type="image/jpeg",
    length_bytes=5,
    title="Hall <1> & yard",
    alt="The hall & who is in it",
    credit="Photo: A & B",
    thumbnail="https://x.test/1-small.jpg",
)
TALK = Enclosure(
    url="https://x.test/2.mp3", media_type="audio/mpeg", length_bytes=7, duration_s=754
)
PAPER = Enclosure(url="https://x.test/3.pdf", media_type="application/pdf", length_bytes=9)
DETAILS = Details(
    place="Geneva",
    number="SG/SM/19589",
    rights="© 2024 Example & Co",
    license="https://creativecommons.org/licenses/by/4.0/",
    contacts=(Contact(name="Jane Doe", role="Spokesperson", phone="+41 22 917 12 34"),),
    related=(
        RelatedLink(
            url="https://r.test/fr?a=1&b=2", title="Rapport", language="fr", media_type="text/html"
        ),
        RelatedLink(url="https://r.test/all"),
    ),
    work="never shown",
)
FULL = entry_of(authors=(Person(name="Jane"),), enclosures=(PICTURE, TALK, PAPER), details=DETAILS)


def written(feed_format: Format, *entries: Entry) -> bytes:
    fragments = [render_fragment(entry, feed_format, SITE) for entry in entries]
    return assemble(head_of(feed_format), feed_format, SITE, fragments)


def find(feed_format: Format, path: str, *entries: Entry) -> list[Any]:
    root = root_of(written(feed_format, *(entries or (FULL,))))
    return list(root.xpath(path, namespaces=NAMESPACES))


def attributes(elements: list[Any], *names: str) -> list[tuple[str | None, ...]]:
    return [tuple(element.get(name) for name in names) for element in elements]


def test_the_grammar_of_atom_is_kept() -> None:
    assert_valid(written(Format.ATOM, FULL, entry_of()))


@pytest.mark.parametrize(
    ("feed_format", "link"),
    [(Format.ATOM, "//atom:entry/atom:link"), (Format.RSS, "//item/atom:link")],
)
def test_related_links_and_the_licence_are_links(feed_format: Format, link: str) -> None:
    """RFC 4287 section 4.2.7.2; RFC 4946."""
    related = find(feed_format, f"{link}[@rel='related']")
    assert attributes(related, "href", "hreflang", "title", "type") == [
        ("https://r.test/fr?a=1&b=2", "fr", "Rapport", "text/html"),
        ("https://r.test/all", None, None, None),
    ]
    assert attributes(find(feed_format, f"{link}[@rel='license']"), "href") == [
        ("https://creativecommons.org/licenses/by/4.0/",)
    ]


def test_rights_stand_where_each_format_has_them() -> None:
    assert [each.text for each in find(Format.ATOM, "//atom:entry/atom:rights")] == [DETAILS.rights]
    assert [each.text for each in find(Format.RSS, "//item/dc:rights")] == [DETAILS.rights]
    assert b"<dc:rights>\xc2\xa9 2024 Example &amp; Co</dc:rights>" in written(Format.RSS, FULL)


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_each_file_is_a_media_content_of_its_own(feed_format: Format) -> None:
    """Media RSS: a group is for one file in several forms, and these are several files."""
    contents = find(feed_format, "//media:content")
    assert attributes(contents, "url", "fileSize", "type", "medium", "duration") == [
        (PICTURE.url, "5", "image/jpeg", "image", None),
        (TALK.url, "7", "audio/mpeg", "audio", "754"),
        (PAPER.url, "9", "application/pdf", None, None),
    ]
    assert find(feed_format, "//media:group") == []
    (picture, *others) = contents
    assert [(each.tag.partition("}")[2], each.text, dict(each.attrib)) for each in picture] == [
        ("title", PICTURE.title, {"type": "plain"}),
        ("description", PICTURE.alt, {"type": "plain"}),
        ("thumbnail", None, {"url": PICTURE.thumbnail}),
        ("credit", PICTURE.credit, {}),
    ]
    assert [len(other) for other in others] == [0, 0]


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_one_file_of_which_nothing_is_said_needs_no_media_rss(feed_format: Format) -> None:
    assert find(feed_format, "//media:*", entry_of(enclosures=(PAPER,))) == []
    assert len(find(feed_format, "//media:content", entry_of(enclosures=(PICTURE,)))) == 1


def test_the_one_enclosure_of_an_item_is_its_sound() -> None:
    """A podcast client takes it for the episode; the other files stand beside it."""
    enclosures = find(Format.RSS, "//item/enclosure")
    assert attributes(enclosures, "url", "type", "length") == [(TALK.url, "audio/mpeg", "7")]
    assert attributes(find(Format.RSS, "//item/atom:link[@rel='enclosure']"), "href") == [
        (PICTURE.url,),
        (PAPER.url,),
    ]


def test_an_item_with_sound_is_an_episode_and_no_other_is() -> None:
    found = [(each.tag.partition("}")[2], each.text) for each in find(Format.RSS, "//itunes:*")]
    assert found == [("title", FULL.release.content.title), ("duration", "754")]
    assert find(Format.RSS, "//itunes:*", entry_of(enclosures=(PICTURE,))) == []


def test_json_feed_has_attachments_and_an_extension_for_the_rest() -> None:
    (item,) = items_of(written(Format.JSON, FULL))
    assert item["attachments"] == [
        {
            "url": PICTURE.url,
            "mime_type": "image/jpeg",
            "title": PICTURE.title,
            "size_in_bytes": 5,
            "_communique": {
                "alt": PICTURE.alt,
                "credit": PICTURE.credit,
                "thumbnail": PICTURE.thumbnail,
            },
        },
        {
            "url": TALK.url,
            "mime_type": "audio/mpeg",
            "size_in_bytes": 7,
            "duration_in_seconds": 754,
        },
        {"url": PAPER.url, "mime_type": "application/pdf", "size_in_bytes": 9},
    ]
    assert item["_communique"] == {
        "place": "Geneva",
        "number": "SG/SM/19589",
        "contacts": [{"name": "Jane Doe", "role": "Spokesperson", "phone": "+41 22 917 12 34"}],
        "related": [
            {
                "url": "https://r.test/fr?a=1&b=2",
                "title": "Rapport",
                "language": "fr",
                "media_type": "text/html",
            },
            {"url": "https://r.test/all"},
        ],
        "rights": DETAILS.rights,
        "license": DETAILS.license,
    }
    (plain,) = items_of(written(Format.JSON, entry_of()))
    assert "_communique" not in plain


@pytest.mark.parametrize("feed_format", [Format.ATOM, Format.RSS])
def test_feedparser_has_it_all_and_takes_no_part_for_the_whole(feed_format: Format) -> None:
    read = feedparser.parse(written(feed_format, FULL), sanitize_html=False)
    assert not read.bozo
    (entry,) = read.entries
    content = FULL.release.content
    assert (entry.title, entry.summary) == (content.title, content.summary)
    assert (entry.id, entry.link) == (FULL.release.id, SITE.release_page(FULL.release.slug))
    assert entry.content[0].value == content.body
    assert [author.name for author in entry.authors] == ["Jane"]
    assert entry.rights == DETAILS.rights
    assert {each.href for each in entry.enclosures} == {PICTURE.url, TALK.url, PAPER.url}
    assert [(each["url"], each["filesize"]) for each in entry.media_content] == [
        (PICTURE.url, "5"),
        (TALK.url, "7"),
        (PAPER.url, "9"),
    ]
    assert entry.media_thumbnail == [{"url": PICTURE.thumbnail}]
    assert [each["content"] for each in entry.media_credit] == [PICTURE.credit]
    by_rel = {link.rel: link for link in entry.links}
    assert by_rel["license"].href == DETAILS.license
    assert [link.href for link in entry.links if link.rel == "related"] == [
        link.url for link in DETAILS.related
    ]
    if feed_format is Format.RSS:
        assert entry.itunes_duration == "754"


def test_atoma_reads_the_documents() -> None:
    atom = atoma.parse_atom_bytes(written(Format.ATOM, FULL)).entries[0]
    assert atom.rights.value == DETAILS.rights
    links = [(link.rel, link.href, link.length) for link in atom.links if link.rel == "enclosure"]
    assert links == [
        ("enclosure", PICTURE.url, 5),
        ("enclosure", TALK.url, 7),
        ("enclosure", PAPER.url, 9),
    ]
    (enclosure,) = atoma.parse_rss_bytes(written(Format.RSS, FULL)).items[0].enclosures
    assert (enclosure.url, enclosure.length, enclosure.type) == (TALK.url, 7, "audio/mpeg")
    (item,) = atoma.parse_json_feed_bytes(written(Format.JSON, FULL)).items
    assert [each.size_in_bytes for each in item.attachments] == [5, 7, 9]


#: One line of what XML allows, as intake leaves it.
LINE = (
    st.text(
        st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=["Cc"])
        | st.sampled_from("<>&\"']\u2028"),
        max_size=30,
    )
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@given(title=LINE, alt=LINE, credit=LINE, rights=LINE)
def test_text_of_any_kind_comes_out_the_same(
    title: str, alt: str, credit: str, rights: str
) -> None:
    file = Enclosure(
        url=PAPER.url, media_type="a/b", length_bytes=1, title=title, alt=alt, credit=credit
    )
    link = RelatedLink(url="https://r.test/", title=title)
    contact = Contact(name=title, role=alt, organisation=credit, phone=rights)
    details = Details(rights=rights, related=(link,), contacts=(contact,), place=alt, number=credit)
    entry = entry_of(enclosures=(file,), details=details)
    for feed_format, path in ((Format.ATOM, "//atom:entry"), (Format.RSS, "//item")):
        (element,) = find(feed_format, path, entry)
        assert element.findtext("media:content/media:title", "", NAMESPACES) == title
        assert element.findtext("media:content/media:description", "", NAMESPACES) == alt
        assert element.findtext("media:content/media:credit", "", NAMESPACES) == credit
        own = "atom:rights" if feed_format is Format.ATOM else "dc:rights"
        assert element.findtext(own, "", NAMESPACES) == rights
        (related,) = element.xpath("atom:link[@rel='related']", namespaces=NAMESPACES)
        assert related.get("title") == title
    (item,) = items_of(written(Format.JSON, entry))
    said = {name: value for name, value in asdict(contact).items() if value}
    assert item["_communique"]["contacts"] == [said]
    assert (item["_communique"]["place"], item["_communique"]["number"]) == (alt, credit)
    assert item["attachments"][0]["_communique"] == {"alt": alt, "credit": credit}
