"""The work that a document and its translations share; docs/releases-in.md, "Translations"."""

import pytest

from feeds.model.history import originals_of, work_of
from feeds.model.release import Draft, ReleaseId
from feeds.revision import new_release
from tests.feeds.ingest.intake import refuse, take
from tests.support.newsrooms import NOON


def work(draft: Draft) -> str:
    """Returns the work that the release of a document belongs to."""
    return work_of(new_release(draft, ReleaseId("urn:uuid:1"), now=NOON))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"work": " SG/SM/19589 "}, "SG/SM/19589", id="a key that is free"),
        pytest.param({"translation_of": "a-1"}, "a-1", id="id"),
        pytest.param({"translation_of": 17}, "17", id="id that is a number"),
        pytest.param({"translation_of": "urn:uuid:5"}, "urn:uuid:5", id="id that is a URN"),
        pytest.param({"translation_of": "http://e.org/1"}, "https://e.org/1", id="address"),
        pytest.param({"work": "w", "translation_of": "a-1"}, "w", id="both"),
        pytest.param({"work": None, "translation_of": " "}, None, id="neither"),
        pytest.param(
            {"work": "a&amp;b", "body": "<p>x</p>", "body_format": "html"},
            "a&amp;b",
            id="no markup",
        ),
    ],
)
def test_a_document_names_its_work(fields: dict[str, object], expected: str | None) -> None:
    assert take(**fields).content.details.work == expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"work": "x" * 201}, "work"),
        ({"work": ["w"]}, "work"),
        ({"translation_of": "x" * 501}, "translation_of"),
        ({"translation_of": True}, "translation_of"),
    ],
)
def test_what_is_no_name_is_refused(fields: dict[str, object], field: str) -> None:
    assert refuse(**fields).field == field


@pytest.mark.parametrize(
    ("original", "named"),
    [
        pytest.param({"id": "a-1"}, "a-1", id="id"),
        pytest.param({"id": 17}, 17, id="number"),
        pytest.param({"guid": "http://e.org/?p=1"}, "http://e.org/?p=1", id="guid like an address"),
        pytest.param({"url": "http://e.org/1"}, "https://e.org/1", id="address"),
        pytest.param({"url": "https://e.org/ü"}, "https://e.org/ü", id="address to be encoded"),
    ],
)
def test_an_original_that_says_nothing_is_found(original: dict[str, object], named: object) -> None:
    held, translation = take(**original), take(translation_of=named, id="t", language="fr")
    assert work(held) == work(translation)
    assert held.source_key in originals_of(work(translation))
