"""All samples of the project can be read, and the drafts keep the promises."""

import re
from pathlib import Path
from unicodedata import is_normalized

import pytest

from feeds.model.release import Draft
from feeds.model.text import is_xml_text
from tests.feeds.ingest.intake import AS_IS, SAMPLES, SEED_SHAPE, drafts, read, refusals

COUNTS = {
    "arabr-ar.jsonl": 2,
    "debian-multilingual.jsonl": 145,
    "govuk-examples.jsonl": 15,
    "opensuse-news.jsonl": 126,
    "postgresql-multilingual.jsonl": 46,
    "us-congress.jsonl": 90,
    "us-digitalgov.jsonl": 150,
    "us-doj.jsonl": 430,
}
LINK = re.compile(r' (?:href|src|poster|cite)="([^"]*)"')


@pytest.fixture(scope="module")
def everything() -> list[Draft]:
    paths = [*SAMPLES.glob("*.jsonl"), *SAMPLES.glob("*.txt"), *SEED_SHAPE.glob("*.txt")]
    return [draft for path in paths for draft in drafts(read(path.read_bytes(), path.name))]


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_each_sample_set_gives_its_releases_with_keys_of_their_own(name: str, count: int) -> None:
    found = drafts(read((SAMPLES / name).read_bytes(), name))
    assert len(found) == count
    assert len({draft.source_key for draft in found}) == count


def test_of_1006_records_two_are_refused_for_a_time_without_zone() -> None:
    outcomes = [outcome for name in COUNTS for outcome in read((SAMPLES / name).read_bytes(), name)]
    assert len(outcomes) == 1006
    assert [(str(refusal.origin), refusal.reason) for refusal in refusals(outcomes)] == [
        ("opensuse-news.jsonl:78", "published has no time zone: '2024-05-14T05:30:00'"),
        ("opensuse-news.jsonl:109", "published has no time zone: '2025-12-02T00:30:00'"),
    ]


def test_an_offset_that_no_place_has_is_taken_with_a_warning() -> None:
    """19 releases of one real set also have the time of day as their offset."""
    found = drafts(read((SAMPLES / "opensuse-news.jsonl").read_bytes(), "opensuse-news.jsonl"))
    odd = [draft for draft in found if any("no place on Earth" in w for w in draft.warnings)]
    assert len(odd) == 19


def test_the_38_documents_in_the_shape_of_the_seed_are_read(everything: list[Draft]) -> None:
    paths = sorted(SEED_SHAPE.glob("*.txt"))
    outcomes = [outcome for path in paths for outcome in read(path.read_bytes(), path.name)]
    assert len(drafts(outcomes)) == 38
    assert {draft.source_key for draft in drafts(outcomes)} == {f"file:{p.name}" for p in paths}


@pytest.mark.parametrize("path", sorted(AS_IS.glob("*.txt")), ids=lambda path: path.stem)
def test_text_of_no_form_is_refused_with_its_last_line(path: Path) -> None:
    (outcome,) = refusals(read(path.read_bytes(), path.name))
    lines = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    last = max(number for number, line in enumerate(lines, start=1) if line.strip())
    assert outcome.origin.line == last
    assert "time stamp" in outcome.reason
    assert "2019-05-21T16:38:50+00:00" in outcome.remedy


def test_text_is_nfc_and_fit_for_xml(everything: list[Draft]) -> None:
    assert len(everything) == 1004 + 1 + 38
    for draft in everything:
        content = draft.content
        for text in (content.title, content.body, content.summary, *content.category_names):
            assert is_xml_text(text)
            assert is_normalized("NFC", text)


def test_titles_and_summaries_are_one_line_of_plain_text(everything: list[Draft]) -> None:
    for draft in everything:
        for text in (draft.content.title, draft.content.summary):
            assert text
            assert "\n" not in text
            # The text form takes every character for itself.
            assert draft.origin.line is None or not re.search(r"&#?\w+;", text)


def test_every_link_is_absolute_and_safe(everything: list[Draft]) -> None:
    links = [link for draft in everything for link in LINK.findall(draft.content.body)]
    assert len(links) > 7_000
    notes = [link for link in links if link.startswith("#n")]  # footnotes in the body itself
    assert len(notes) == 4
    links = [link for link in links if link not in notes]
    assert {link.partition(":")[0] for link in links} == {"http", "https", "mailto", "ftp", "tel"}


def test_nothing_active_and_no_styling_is_left(everything: list[Draft]) -> None:
    for draft in everything:
        tags = re.findall(r"<[^>]*>", draft.content.body)
        assert not [tag for tag in tags if re.search(r"^<(script|style|iframe|form|svg)\b", tag)]
        assert not [tag for tag in tags if re.search(r" (class|style|on\w+)=", tag)]
        ids = re.findall(r' id="([^"]*)"', draft.content.body)
        assert set(ids) == {link[1:] for link in LINK.findall(draft.content.body) if link[0] == "#"}


def test_the_words_of_an_html_body_survive() -> None:
    name = "postgresql-multilingual.jsonl"
    hebrew = next(
        draft
        for draft in drafts(read((SAMPLES / name).read_bytes(), name))
        if draft.content.language == "he"
    )
    assert '<p dir="rtl">' in hebrew.content.body
    assert "PostgreSQL" in hebrew.content.summary


def test_a_heading_that_repeats_the_title_is_dropped() -> None:
    name = "postgresql-multilingual.jsonl"
    found = drafts(read((SAMPLES / name).read_bytes(), name))
    assert sum(draft.content.body.startswith("<h1") for draft in found) == 0
    assert found[0].content.title == "PostgreSQL 12 Liberado!"
    assert found[0].content.body.startswith("<p>\n  El Grupo Global")
