"""Exports of WordPress: what of them is taken, and what broken ones cost."""

from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feeds.errors import DocumentRefused
from feeds.imports import xml_items
from feeds.imports.drafting import ImportSource, draft_of
from feeds.imports.items import (
    NO_ZONE,
    IdFormat,
    ImportedItem,
    Item,
    ItemState,
    KnownId,
    LeftOut,
    Reason,
    SourceHead,
)
from feeds.imports.wxr import read_wxr
from feeds.model.release import Draft
from tests.support.newsrooms import RULES
from tests.support.wordpress import HEAD, attachment, export, post

ZURICH = ZoneInfo("Europe/Zurich")


def read(data: bytes) -> tuple[SourceHead, list[Item]]:
    head, items = read_wxr(BytesIO(data), zone=ZURICH)
    return head, list(items)


def items_of(*items: str) -> list[Item]:
    return read(export(*items))[1]


def taken(*items: str) -> ImportedItem:
    """The last of these items, which is taken."""
    item = items_of(*items)[-1]
    assert isinstance(item, ImportedItem), item
    return item


def draft(*items: str) -> Draft:
    """The draft of the last of these items."""
    head, read_items = read(export(*items))
    item = read_items[-1]
    assert isinstance(item, ImportedItem), item
    source = ImportSource.of(head, document="export.xml", name=None, language=None)
    made = draft_of(item, source, RULES)
    assert isinstance(made, Draft), made
    return made


def test_the_head_says_whose_export_it_is() -> None:
    head, items = read(export())
    assert head.site_url == "https://old.example"
    assert (head.title, head.language) == ("Old Newsroom", "en-GB")
    assert items == []


def test_a_post_becomes_a_release_with_its_id_and_addresses() -> None:
    item = taken(post(12))
    assert item.known_id == KnownId(
        value="https://old.example/?p=12", format=IdFormat.RSS, is_permalink=False
    )
    assert item.link == "https://old.example/2019/05/post-12/"
    assert item.old_addresses == ("/?p=12", "https://old.example/?p=12")
    made = draft(post(12))
    assert made.content.title == "A treaty is signed"
    assert made.content.body == "<p>It was signed today.</p>\n<p>By both.</p>"
    assert made.content.published == datetime(2019, 5, 4, 9, tzinfo=UTC)
    assert made.content.language == "en-GB"
    assert made.content.url is None  # it leads here from now on
    assert made.embargoed_until is None


def test_an_author_is_named_once_and_meant_by_login() -> None:
    assert [each.name for each in draft(post()).content.authors] == ["Anna Berger"]
    # No reader is told the address.
    assert [each.email for each in draft(post()).content.authors] == [None]


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"status": "draft"}, Reason.DRAFT, ""),
        ({"status": "auto-draft"}, Reason.DRAFT, ""),
        ({"status": "pending"}, Reason.PENDING, ""),
        ({"status": "private"}, Reason.PRIVATE, ""),
        ({"status": "trash"}, Reason.TRASH, ""),
        ({"status": "inherit"}, Reason.NOT_A_RELEASE, "status inherit"),
        ({"status": "embargo-plugin"}, Reason.NOT_A_RELEASE, "status embargo-plugin"),
        ({"status": ""}, Reason.NOT_A_RELEASE, "status missing"),
        ({"password": "x"}, Reason.PASSWORD, ""),
        ({"password": "x", "status": "future"}, Reason.PASSWORD, ""),
        ({"kind": "page"}, Reason.NOT_A_RELEASE, "post_type page"),
        ({"kind": ""}, Reason.NOT_A_RELEASE, "post_type missing"),
    ],
)
def test_what_is_not_public_stays_so(changes: dict[str, str], reason: Reason, detail: str) -> None:
    [item] = items_of(post(title="Which", **changes))  # type: ignore[arg-type]
    assert isinstance(item, LeftOut)
    assert (item.reason, item.detail, item.example) == (reason, detail, "Which")
    assert item.line == HEAD.count("\n") + 1


def test_what_is_scheduled_comes_under_embargo() -> None:
    soon = post(status="future", date_gmt="2031-01-02 03:04:05")
    assert taken(soon).state is ItemState.SCHEDULED
    made = draft(soon)
    assert made.embargoed_until == datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_old_embargo_in_a_text_hides_nothing() -> None:
    made = draft(post(body="EMBARGOED UNTIL further notice\n\nIt was signed."))
    assert made.embargoed_until is None


def test_a_date_without_zone_is_read_in_the_zone_of_the_site() -> None:
    local = post(date="2019-07-04 00:30:00", date_gmt="0000-00-00 00:00:00")
    assert draft(local).content.published == datetime(2019, 7, 3, 22, 30, tzinfo=UTC)
    assert any(NO_ZONE in each for each in draft(local).warnings)
    assert not any(NO_ZONE in each for each in draft(post()).warnings)


def test_the_date_of_the_last_change_is_kept() -> None:
    changed = "<wp:post_modified_gmt>2020-01-01 00:00:00</wp:post_modified_gmt>"
    assert draft(post(more=changed)).content.updated == datetime(2020, 1, 1, tzinfo=UTC)


def test_terms_have_their_hierarchy_and_tags_stand_beside() -> None:
    terms = [
        ("post_tag", "x", "Signing &amp; sealing"),
        ("category", "tax", "Tax"),
        ("post_format", "aside", "Aside"),
    ]
    item = taken(post(terms=terms))
    assert item.terms == {"Tax": ("Money",), "Signing & sealing": ()}
    assert draft(post(terms=terms)).content.category_names == ("Tax", "Signing & sealing")


def test_polylang_says_language_and_work() -> None:
    made = draft(post(terms=[("language", "fr", "Français"), ("post_translations", "pll_1", "x")]))
    assert made.content.language == "fr"
    assert made.content.details.work == "https://old.example pll_1"


def test_an_excerpt_is_the_summary() -> None:
    assert draft(post(excerpt="In <b>short</b>.")).content.summary == "In short."


def test_the_featured_picture_is_found_wherever_it_stands() -> None:
    url = "https://old.example/wp-content/uploads/2019/05/a.jpg"
    front = post(1, meta=[("_thumbnail_id", "7")])
    [file] = draft(attachment(7, url, alt="Two <people>"), front).unmeasured
    assert (file.known.url, file.known.media_type) == (url, "image/jpeg")
    # Behind the post, as exports have it.
    _, items = read(export(front, attachment(7, url, alt="x")))
    assert isinstance(items[0], ImportedItem)
    assert items[0].record.fields["enclosures"] == [
        {"url": url, "type": "image/jpeg", "title": "File 7", "alt": "x"}
    ]


def test_an_enclosure_of_a_podcast_is_kept_with_its_length() -> None:
    value = "https://old.example/a.mp3\n12345\naudio/mpeg\na:1:{}"
    [file] = draft(post(meta=[("enclosure", value)])).content.enclosures
    assert (file.url, file.length_bytes, file.media_type) == (
        "https://old.example/a.mp3",
        12345,
        "audio/mpeg",
    )


def test_files_that_a_text_links_to_are_named() -> None:
    pdf = "https://old.example/wp-content/uploads/a.pdf"
    item = taken(post(body=f'<a href="{pdf}">a</a> <a href="https://x.example/">b</a>'))
    assert [file.url for file in item.files] == [pdf]


def test_an_id_that_is_no_address_is_no_old_address() -> None:
    assert taken(post(5, guid="45863 at https://old.example")).old_addresses == ("/?p=5",)
    assert taken(post(5, guid="/blog/5")).old_addresses[1] == "https://old.example/blog/5"


def test_a_former_slug_is_an_old_address() -> None:
    item = taken(post(5, meta=[("_wp_old_slug", "first-name")]))
    assert "https://old.example/2019/05/first-name/" in item.old_addresses


def test_comments_are_counted() -> None:
    assert taken(post(comments=3)).comments == 3


def test_a_title_is_plain_text_of_html() -> None:
    made = draft(post(title="AT&amp;T &lt;3 <em>Bern</em>: the &amp;lt;video&amp;gt; element"))
    assert made.content.title == "AT&T <3 Bern: the &lt;video&gt; element"
    assert draft(post(title="5 < 6 & 7")).content.title == "5 < 6 & 7"


def test_without_a_title_the_first_words_are_taken() -> None:
    assert draft(post(title="", body="A &amp; B met.\n\nThen.")).content.title == "A & B met. Then."


def test_an_empty_text_is_that_of_the_excerpt_or_the_picture() -> None:
    assert draft(post(body=" ", excerpt="Short.")).content.body == "<p>Short.</p>"
    url = "https://old.example/wp-content/uploads/a.jpg"
    front = post(1, body="", meta=[("_thumbnail_id", "7")])
    assert f'src="{url}"' in draft(attachment(7, url), front).content.body


def test_a_gallery_shows_the_pictures_of_the_library() -> None:
    urls = [f"https://old.example/wp-content/uploads/{n}.jpg" for n in (7, 8, 9)]
    library = [attachment(n, url) for n, url in zip((7, 8), urls, strict=False)]
    library.append(attachment(9, urls[2], parent=1))
    body = draft(*library, post(1, body='A.\n\n[gallery ids="8,7"]')).content.body
    assert body.index(urls[1]) < body.index(urls[0])
    assert urls[2] in draft(*library, post(1, body="A.\n\n[gallery]")).content.body
    assert draft(post(1, body="A.\n\n[gallery]")).left_out == ("1 shortcode [gallery]",)


def test_a_copied_guid_is_kept_for_the_first_only() -> None:
    first, second = items_of(post(1), post(2, guid="https://old.example/?p=1"))
    assert isinstance(first, ImportedItem)
    assert isinstance(second, ImportedItem)
    assert first.known_id is not None
    assert second.known_id is None
    assert any("guid" in each for each in second.record.warnings)


# Broken input.


def titles(data: bytes) -> list[str]:
    return [
        str(one.record.fields["title"]) for one in read(data)[1] if isinstance(one, ImportedItem)
    ]


def test_a_byte_order_mark_and_control_characters_cost_nothing() -> None:
    data = b"\xef\xbb\xbf" + export(post(title="With\x0b a \x08tab"), post(2, body="A\x00B"))
    assert titles(data) == ["With a tab", "A treaty is signed"]


def test_a_missing_version_and_missing_namespaces_cost_nothing() -> None:
    head = HEAD.replace("<wp:wxr_version>1.2</wp:wxr_version>", "").replace(
        'xmlns:wp="http://wordpress.org/export/1.2/"', ""
    )
    assert titles(export(post(), head=head)) == ["A treaty is signed"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_every_version_of_the_format_is_read(version: str) -> None:
    assert titles(export(post()).replace(b"/export/1.2/", f"/export/{version}/".encode())) == [
        "A treaty is signed"
    ]


def test_a_broken_item_is_named_with_its_line_and_the_others_are_taken() -> None:
    broken = post(2, title="Broken").replace("</wp:status>", "")
    _, items = read(export(post(1), broken, post(3, title="Good")))
    assert [isinstance(one, ImportedItem) for one in items] == [True, False, True]
    [left] = [one for one in items if isinstance(one, LeftOut)]
    assert (left.reason, left.example) == (Reason.UNREADABLE, "Broken")
    assert left.line == HEAD.count("\n") + post(1).count("\n") + 1


def test_an_item_without_an_end_costs_itself_alone() -> None:
    open_ended = post(2).replace("</item>", "")
    _, items = read(export(post(1), open_ended, post(3, title="Good")))
    assert [isinstance(one, ImportedItem) for one in items] == [True, False, True]


def test_a_file_that_ends_early_costs_its_last_item() -> None:
    data = export(post(1), post(2))
    cut = data[: data.rindex(b"<content:encoded>") + 30]
    _, items = read(cut)
    assert isinstance(items[0], ImportedItem)
    [left] = items[1:]
    assert isinstance(left, LeftOut)
    assert left.detail == "the file ends in it"


def test_tags_of_items_inside_texts_are_texts() -> None:
    data = export(post(1, body="Write &lt;item&gt;: <code><item></item></code>"), post(2))
    assert len(titles(data)) == 2


def test_references_of_html_and_forbidden_ones_are_mended() -> None:
    data = export(post(1)).replace(
        b"<![CDATA[A treaty is signed]]>", b"Caf&eacute; &#11;&#x1F;& more&nbsp;&amp; &bogus; x"
    )
    assert titles(data)[0].startswith("Café")


def test_bytes_of_another_encoding_cost_a_character() -> None:
    data = export(post(title="Caf\u00e9")).replace("Café".encode(), b"Caf\xe9")
    assert titles(data) == ["Caf\ufffd"]
    latin = export(post(title="Caf\u00e9")).replace("Café".encode(), b"Caf\xe9")
    latin = latin.replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"')
    assert titles(latin) == ["Café"]


def test_an_item_that_is_too_long_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_items, "MAX_ITEM_BYTES", 600_000)
    data = export(post(1), post(2, body="x" * 2_000_000), post(3, title="Good"))
    assert titles(data) == ["A treaty is signed", "Good"]


def test_entities_are_never_expanded() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "secret"><!ENTITY b SYSTEM "file:///etc/passwd">]>\n<rss'
    data = export(post(title="x")).replace(b"<rss", bomb.encode(), 1)
    data = data.replace(b"<![CDATA[x]]>", b"&a; &b;")
    assert all("secret" not in each and "root:" not in each for each in titles(data))


def test_another_file_is_refused() -> None:
    for data in (b"", b"<rss><channel></channel></rss>", b"\x89PNG"):
        with pytest.raises(DocumentRefused, match="no export of WordPress"):
            read(data)


# Real exports.

DATA = Path(__file__).parents[2] / "data" / "wxr"


def drafts(name: str) -> tuple[list[Draft], Counter[str]]:
    head, items = read((DATA / name).read_bytes())
    source = ImportSource.of(head, document=name, name=None, language=None)
    made, left = [], Counter[str]()
    for item in items:
        if isinstance(item, LeftOut):
            left[f"{item.reason} {item.detail}".strip()] += 1
            continue
        one = draft_of(item, source, RULES)
        if isinstance(one, Draft):
            made.append(one)
        else:
            left[one.reason] += 1
    return made, left


def test_wordpress_own_export_of_everything() -> None:
    made, left = drafts("theme-unit-test-data.wordpress.xml")
    assert len(made) == 55
    assert left == {
        "of another kind post_type nav_menu_item": 70,
        "of another kind post_type attachment": 37,
        "of another kind post_type page": 21,
        "draft": 1,
        "protected by a password": 1,
        "body is empty": 1,
    }
    assert {author.name for each in made for author in each.content.authors} == {
        "Theme Buster",
        "Theme Reviewer",
    }
    assert len({each.source_key for each in made}) == len(made)
    assert sum(each.embargoed_until is not None for each in made) == 1
    assert all("[caption" not in each.content.body for each in made)


def test_an_export_of_1_1() -> None:
    [one], left = drafts("valid-wxr-1.1.xml")
    assert one.content.title == "Hello world!"
    assert one.content.category_names == ("alpha", "Clippable", "bieup")
    assert left == {"of another kind post_type page": 1}


def test_an_export_with_every_kind_of_character() -> None:
    [one], _ = drafts("wxr-utf-8-challenges.xml")
    assert one.published_id is not None
    assert "🚀" in one.published_id.value
    assert one.content.title.startswith('"The Road')
