"""Our phrases in entries: the same bytes until a version says otherwise."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from feeds.model import phrases
from feeds.model.feed import Format
from feeds.model.release import ChangeNote
from feeds.render import fingerprint
from feeds.render.content import body
from tests.support.rendering import SITE, entry_of, stub_of

#: By language and version. A change of phrases raises their version: entries are then rendered
#: anew, and nowhere else.
DIGESTS = {
    ("en", 1): "e3b5d0c7392d3aec",
    ("fr", 1): "b7b67fca5fd0dcca",
    ("es", 1): "9091d0f01393f2c3",
    ("ar", 1): "9da6df3fcc4cdb16",
    ("ru", 1): "f0653f26c1a429d4",
    ("zh", 1): "441223d2277a732c",
    ("de", 2): "deea456537335f94",
}

MOMENT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


def digest_of(language: str) -> str:
    spoken = phrases.phrases_in(language)
    texts = {name: text for name, text in asdict(spoken).items() if isinstance(text, str)}
    days = [spoken.day(datetime(2026, month, month, tzinfo=UTC)) for month in range(1, 13)]
    return sha256(json.dumps([texts, days], sort_keys=True).encode()).hexdigest()[:16]


def test_phrases_change_with_their_version_only() -> None:
    assert {
        (language, version): digest_of(language)
        for language, version in phrases.phrase_versions().items()
    } == DIGESTS


@pytest.mark.parametrize("feed_format", Format)
def test_a_later_version_renders_entries_of_that_language_anew(
    feed_format: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(language: str) -> str:
        entry = entry_of(language=language)
        return fingerprint(stub_of(entry.release), entry.categories, feed_format, SITE)

    before = {language: of(language) for language in ("en", "fr", "it")}
    changed = replace(phrases.phrases_in("fr"), version=2)
    monkeypatch.setattr(phrases, "_PHRASES", {**phrases._PHRASES, "fr": changed})
    assert {language for language, was in before.items() if of(language) != was} == {"fr"}


def test_a_german_release_has_german_phrases_and_an_italian_one_english_that_say_so() -> None:
    note = ChangeNote(at=MOMENT, text=phrases.phrases_in("de").was_corrected)
    german = replace(entry_of(language="de-AT", body="<p>.</p>").release, notes=(note,))
    assert body(german) == (
        '<p class="correction" lang="de-AT" dir="ltr"><strong>Berichtigung, '
        '<time datetime="2026-03-01T23:30:00Z">1. März 2026</time>:</strong> '
        "<bdi>Diese Pressemitteilung wurde berichtigt.</bdi></p>\n<p>.</p>"
    )
    italian = replace(entry_of(language="it").release, notes=(replace(note, text="Ecco."),))
    assert '<strong lang="en" dir="ltr">Correction, ' in body(italian)


def test_pages_have_the_day_of_their_time_zone() -> None:
    note = ChangeNote(at=MOMENT, text="So.")
    release = replace(entry_of().release, notes=(note,))
    assert ">1 March 2026<" in body(release)
    assert ">2 March 2026<" in body(release, ZoneInfo("Europe/Berlin"))
