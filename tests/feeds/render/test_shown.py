"""What stands before a text that was corrected: in its own language and direction, and escaped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import html

from feeds.errors import InvalidRelease
from feeds.html.plain_text import plain_text
from feeds.model.release import ChangeNote, Release
from feeds.render import content
from tests.support.rendering import CONTENT, RELEASE

MAY = datetime(2019, 5, 21, 16, 38, 50, tzinfo=UTC)


def corrected(*texts: str, language: str = "en") -> Release:
    notes = tuple(
        ChangeNote(at=MAY + timedelta(days=day), text=text) for day, text in enumerate(texts)
    )
    return replace(RELEASE, content=replace(CONTENT, language=language), notes=notes)


def test_a_release_that_was_not_corrected_is_its_text() -> None:
    assert content.body(RELEASE) == CONTENT.body


def test_a_note_stands_before_the_text_with_its_date() -> None:
    assert content.body(corrected("The date was wrong.")) == (
        '<p class="correction" lang="en" dir="ltr"><strong>Correction, '
        '<time datetime="2019-05-21T16:38:50Z">21 May 2019</time>:</strong> '
        f"<bdi>The date was wrong.</bdi></p>\n{CONTENT.body}"
    )


def test_the_newest_stands_first_and_an_old_one_of_many_is_left_to_the_page() -> None:
    texts = [f"Note {number}" for number in range(12)]
    paragraphs = plain_text(content.body(corrected(*texts)), language="en").split("\n\n")
    assert paragraphs[0] == "Correction, 1 June 2019: Note 11"
    assert [each.rpartition(" ")[2] for each in paragraphs[:-1]] == [
        str(number) for number in range(11, 1, -1)
    ]


def test_a_note_is_text_whatever_it_looks_like() -> None:
    note = '</p><script>alert("1")</script> & <b>'
    tree = html.fragment_fromstring(content.body(corrected(note)), create_parent=True)
    assert tree.xpath("string(.//bdi)") == note
    assert not tree.xpath(".//script | .//b")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-GB", "Correction, 21 May 2019: X"),
        ("fr", "Rectificatif, 21 mai 2019\u00a0: X"),
        ("es-419", "Corrección, 21 de mayo de 2019: X"),
        ("ar", "تصويب، 21 مايو 2019: X"),
        ("ru", "Исправление, 21 мая 2019 г.: X"),
        ("zh-Hans", "更正\uff0c2019年5月21日\uff1a X"),
        ("he", "Correction, 21 May 2019: X"),
    ],
)
def test_our_words_are_in_the_releases_language(language: str, text: str) -> None:
    body = content.body(corrected("X", language=language))
    assert plain_text(body, language="en").startswith(f"{text}\n\n")


def test_an_arabic_note_is_arabic_throughout() -> None:
    body = content.body(corrected("جرى تصويب هذا البيان.", language="ar"))
    assert body.startswith('<p class="correction" lang="ar" dir="rtl"><strong>تصويب')
    assert 'dir="ltr"' not in body


def test_where_we_have_no_words_ours_are_marked_as_english() -> None:
    """A Hebrew note must not be turned round by the English words before it, nor turn them."""
    body = content.body(corrected("התאריך תוקן.", language="he"))
    assert body.startswith(
        '<p class="correction" lang="he" dir="rtl"><strong lang="en" dir="ltr">Correction, '
    )
    assert "<bdi>התאריך תוקן.</bdi>" in body
    made_up = content.body(corrected("This release has been corrected.", language="he"))
    assert made_up.startswith('<p class="correction" lang="en" dir="ltr"><strong>Correction, ')
    assert "<bdi>This release has been corrected.</bdi>" in made_up


def test_what_no_format_can_hold_is_no_note() -> None:
    """One promise for all formats, so that all of them list the same releases."""
    with pytest.raises(InvalidRelease, match="notes"):
        corrected("a\x00b")


def test_the_machines_zone_does_not_count() -> None:
    """The date for people and the date for machines are of one day."""
    late = ChangeNote(at=datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), text="X")
    body = content.body(replace(RELEASE, notes=(late,)))
    assert '<time datetime="2019-12-31T23:59:59Z">31 December 2019</time>' in body


@pytest.mark.parametrize(
    ("language", "shown_as"),
    [
        ("en", "<p>B</p>"),
        ("ar", '<div lang="ar" dir="rtl"><p>B</p></div>'),
        ("az-Arab", '<div lang="az-Arab" dir="rtl"><p>B</p></div>'),
        ("az-Latn", "<p>B</p>"),
        ("und", "<p>B</p>"),
    ],
)
def test_feeds_tell_which_way_a_leftward_text_is_written(language: str, shown_as: str) -> None:
    release = replace(RELEASE, content=replace(CONTENT, body="<p>B</p>", language=language))
    assert content.feed_body(release) == shown_as
    assert content.body(release) == "<p>B</p>", "the page tells it around the text"
