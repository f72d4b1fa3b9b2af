"""Contacts, place, number, rights, related links, and details of files."""

from unicodedata import is_normalized

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.intake import Refusal
from feeds.model.release import Contact, Details, Draft, Enclosure, RelatedLink
from feeds.model.text import is_xml_text
from tests.feeds.ingest.intake import SAMPLES, drafts, read, record, refuse, take


def test_a_press_release_has_more_than_its_text() -> None:
    draft = take(
        url="https://e.org/news/1",
        place="  Genève \n",
        number="SG/SM/19589",
        rights="© 2024 E.org",
        license="https://creativecommons.org/licenses/by/4.0/",
        work="annual-report-2024",
        contacts=[
            {
                "name": "José Núñez",
                "role": "Spokesperson",
                "organisation": "Press Service",
                "phone": "+41 22 917 12 34",
                "email": "press@e.org",
                "uri": "/press",
            },
            "Night desk, +41 22 917 00 00",
        ],
        related=[
            "/reports/2024",
            {
                "url": "https://f.org/r",
                "title": "Rapport",
                "language": "fr_CA",
                "type": "Text/HTML",
            },
        ],
    )
    assert draft.content.details == Details(
        place="Genève",
        number="SG/SM/19589",
        rights="© 2024 E.org",
        license="https://creativecommons.org/licenses/by/4.0/",
        work="annual-report-2024",
        contacts=(
            Contact(
                name="José Núñez",
                role="Spokesperson",
                organisation="Press Service",
                phone="+41 22 917 12 34",
                email="press@e.org",
                uri="https://news.example.org/press",
            ),
            Contact(name="Night desk, +41 22 917 00 00"),
        ),
        related=(
            RelatedLink(url="https://e.org/reports/2024"),
            RelatedLink(
                url="https://f.org/r", title="Rapport", language="fr-CA", media_type="text/html"
            ),
        ),
    )
    assert draft.warnings == ("language: 'fr_CA' read as 'fr-CA'",)


def test_what_is_not_said_is_not_there() -> None:
    nothing = {"place": " ", "number": None, "rights": "\u200b", "license": "", "related": None}
    assert take(**nothing, contacts=[], contact="").content == take().content


def test_a_desk_without_a_name_is_called_by_what_it_has() -> None:
    contacts = [{"organization": "Press Service"}, {"email": "a@e.org", "tel": "12"}]
    assert take(contact=contacts).content.details.contacts == (
        Contact(name="Press Service"),
        Contact(name="a@e.org", email="a@e.org", phone="12"),
    )


def test_references_are_decoded_where_the_body_is_html() -> None:
    assert take(place="C&ocirc;te").content.details.place == "C&ocirc;te"
    html = take(place="C&ocirc;te", body_format="html").content.details
    assert html.place == "Côte"


def test_the_release_numbers_of_a_real_set() -> None:
    found = drafts(read((SAMPLES / "us-doj.jsonl").read_bytes(), "us-doj.jsonl"))
    numbers = [draft.content.details.number for draft in found]
    assert len([number for number in numbers if number]) == 417
    assert "09-096" in numbers


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"place": ["Geneva"]}, "place", "place is not a text: a list"),
        ({"place": "x" * 301}, "place", "place has 301 characters; at most 300"),
        ({"number": 7}, "number", "number is not a text: 7"),
        ({"rights": "x" * 2_001}, "rights", "rights has 2001 characters"),
        ({"work": "x" * 201}, "work", "work has 201 characters; at most 200"),
        ({"license": "CC BY"}, "license", "license is not an absolute web address: 'CC BY'"),
        ({"license": "javascript:alert(1)"}, "license", "not an absolute web address"),
        ({"license": "javascript://e.org/%0Aalert(1)"}, "license", "not an absolute web address"),
        ({"related": ["javascript://e.org/%0Ax"]}, "related[0].url", "related[0].url is not a web"),
        ({"license": {}}, "license", "license is not an absolute web address: an object"),
        ({"contacts": [7]}, "contacts[0]", "contacts[0] is neither text nor object: 7"),
        ({"contacts": ["A", {}]}, "contacts[1]", "contacts[1] names nobody: an object"),
        (
            {"contacts": [{"name": "A", "email": "at work"}]},
            "contacts[0].email",
            "contacts[0].email is no e-mail address: 'at work'",
        ),
        (
            {"contacts": [{"name": "A", "uri": "java\tscript:x"}]},
            "contacts[0].uri",
            "contacts[0].uri is not a web address",
        ),
        ({"contacts": [{"name": "A", "phone": 5}]}, "contacts[0].phone", "is not a text: 5"),
        ({"contacts": ["A"] * 51}, "contacts", "contacts has 51 entries; at most 50"),
        ({"related": ["data:text/html,x"]}, "related[0].url", "related[0].url is not a web"),
        ({"related": [{"title": "T"}]}, "related[0].url", "related[0].url is missing"),
        (
            {"related": [{"url": "/a", "language": "french"}]},
            "related[0].language",
            "related[0].language is not a BCP 47 tag: 'french'",
        ),
        (
            {"related": [{"url": "/a", "type": "pdf"}]},
            "related[0].media_type",
            "related[0].media_type is not a media type: 'pdf'",
        ),
        ({"related": ["/a"] * 101}, "related", "related has 101 entries; at most 100"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    fields: dict[str, object], field: str, reason: str
) -> None:
    refusal = refuse(**fields)
    assert refusal.field == field
    assert reason in refusal.reason
    assert refusal.remedy


def test_all_faults_are_told_together() -> None:
    refusal = refuse(place=1, license="x", related=[{}])
    assert refusal.reason.count(";") == 2


def test_a_file_tells_what_it_shows_who_made_it_and_how_long_it_lasts() -> None:
    draft = take(
        enclosures={
            "url": "/hall.mp4",
            "type": "video/mp4",
            "length": 12,
            "alt": " The hall,\nfull ",
            "credit": "Photo: A & B",
            "thumbnail": "/hall-small.jpg",
            "duration": "1:02:03",
        }
    )
    assert draft.content.enclosures == (
        Enclosure(
            url="https://news.example.org/hall.mp4",
            media_type="video/mp4",
            length_bytes=12,
            alt="The hall, full",
            credit="Photo: A & B",
            thumbnail="https://news.example.org/hall-small.jpg",
            duration_s=3723,
        ),
    )
    assert draft.unmeasured == ()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (754, 754),
        (754.9, 754),
        ("754", 754),
        ("754.5", 754),
        ("12:34", 754),
        ("00:12:34.5", 754),
        ("100:00", 6000),
        ("", None),
        (0, None),
        (None, None),
    ],
)
def test_durations_as_they_are_written(written: object, seconds: int | None) -> None:
    file = {"url": "/a", "type": "audio/mpeg", "length": 1, "duration": written}
    assert take(enclosures=file).content.enclosures[0].duration_s == seconds


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"duration": "long"}, "duration", "is not a duration: 'long'"),
        ({"duration": "1:60"}, "duration", "is not a duration: '1:60'"),
        ({"duration": -1}, "duration", "is not a duration: -1"),
        ({"duration": True}, "duration", "is not a duration: True"),
        ({"duration": 360_001}, "duration", "is not a duration: 360001"),
        ({"duration": float("nan")}, "duration", "is not a duration: nan"),
        ({"thumbnail": "data:image/png;base64,x"}, "thumbnail", "is not a web address"),
        ({"alt": 7}, "alt", "is not a text: 7"),
        ({"alt": "x" * 2_001}, "alt", "has 2001 characters"),
        ({"credit": "x" * 301}, "credit", "has 301 characters"),
    ],
)
def test_what_a_file_cannot_be_is_refused(said: dict[str, object], field: str, reason: str) -> None:
    refusal = refuse(enclosures=[{"url": "/a", "type": "audio/mpeg", "length": 1} | said])
    assert refusal.field == f"enclosures[0].{field}"
    assert f"enclosures[0].{field} {reason}" in refusal.reason


def test_a_file_that_does_not_tell_its_type_or_length_is_kept_apart_in_its_place() -> None:
    draft = take(
        enclosures=[
            {"url": "/1", "type": "audio/mpeg"},
            {"url": "/2", "type": "audio/mpeg", "length": 2},
            {"url": "/3", "length": 3, "alt": "A"},
        ]
    )
    assert [each.url[-2:] for each in draft.content.enclosures] == ["/2"]
    assert [
        (each.field, each.position, each.known.media_type, each.known.length_bytes)
        for each in draft.unmeasured
    ] == [("enclosures[0]", 0, "audio/mpeg", 0), ("enclosures[2]", 2, "", 3)]
    assert draft.unmeasured[1].known.alt == "A"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["url", "uri", "name", "email", "phone", "title", "language", "type", "length",
             "alt", "credit", "thumbnail", "duration"]
        ),
        inner,
    ),
    max_leaves=8,
)  # fmt: skip
FIELDS = st.sampled_from(
    ["contacts", "contact", "related", "place", "number", "release_number", "rights", "license",
     "work", "enclosures", "body_format"]
)  # fmt: skip


@given(fields=st.dictionaries(FIELDS, JSON))
def test_whatever_is_sent_is_refused_or_clean(fields: dict[str, object]) -> None:
    (outcome,) = read(record(**fields), "a.json")
    if isinstance(outcome, Refusal):
        assert is_xml_text(outcome.reason)
        return
    assert isinstance(outcome, Draft)
    for text in _texts(outcome):
        assert is_xml_text(text)
        assert is_normalized("NFC", text)
        assert "\n" not in text


def _texts(draft: Draft) -> list[str]:
    details = draft.content.details
    things: list[object] = [*details.contacts, *details.related, *draft.content.enclosures]
    texts = [details.place, details.number, details.rights, details.license, details.work]
    for thing in things:
        names = type(thing).__dataclass_fields__  # type: ignore[attr-defined]
        texts += [getattr(thing, name) for name in names]
    return [text for text in texts if isinstance(text, str)]
