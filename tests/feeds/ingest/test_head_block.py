"""The head block above the title of a document that people write; docs/sending-a-release.md."""

from datetime import UTC, datetime

import pytest

from feeds.ingest import read_record
from feeds.model.intake import Refusal
from feeds.model.release import Weight
from tests.feeds.ingest.intake import RULES, accepted, refused, retraction

LAST = "2019-05-21T16:38:50+00:00 Tuesday, 21 May 2019|Finance|"
TEXT = "Budget for 2027\n\nThe budget grows by 2 percent.\n"


def test_every_field_of_the_block_is_read() -> None:
    block = (
        "ID: pm-2026-114\nPublished: 2026-11-28T09:00:00+01:00\nUpdated: 2026-11-29\n"
        "Category: Finance, state\nCategories: Budget | Europe\nLanguage: en-GB\n"
        "URL: https://example.org/pm/114\nSummary: It grows.\nAuthor: Office of Finance\n"
        "Contact: Jane Doe, +41 31 000 00 00\nPlace: Bern\nNumber: 114\nRights: © 2026\n"
        "Licence: https://example.org/licence\nRelated: https://example.org/plan\n"
        "Work: budget-2027\nCorrection: minor; a comma\n"
    )
    draft = accepted(f"{block}\n{TEXT}")
    content, details = draft.content, draft.content.details
    assert draft.source_key == "id:pm-2026-114"
    assert (content.title, content.body) == (
        "Budget for 2027",
        "<p>The budget grows by 2 percent.</p>",
    )
    assert content.published == datetime(2026, 11, 28, 8, tzinfo=UTC)
    assert content.category_names == ("Finance, state", "Budget", "Europe")
    assert (content.language, content.summary) == ("en-GB", "It grows.")
    assert content.url == "https://example.org/pm/114"
    assert [one.name for one in content.authors] == ["Office of Finance"]
    assert (details.place, details.number, details.rights) == ("Bern", "114", "© 2026")
    assert (details.license, details.work) == ("https://example.org/licence", "budget-2027")
    assert [one.url for one in details.related] == ["https://example.org/plan"]
    assert len(details.contacts) == 1
    assert draft.correction is not None
    assert (draft.correction.weight, draft.correction.note) == (Weight.MINOR, "a comma")
    assert draft.warnings == ()


def test_the_last_line_may_go_with_a_block() -> None:
    draft = accepted(
        f"Embargo: 2030-05-21T17:00:00Z\nCorrection: The sum was wrong.\n{TEXT}\n{LAST}"
    )
    assert draft.content.category_names == ("Finance",)
    assert draft.embargoed_until == datetime(2030, 5, 21, 17, tzinfo=UTC)
    assert draft.correction is not None
    assert draft.correction.weight is Weight.MAJOR
    assert draft.is_dated
    in_words = accepted(f"Embargo: 21 May 2030, 17:00 UTC\nPlace: Bern\n\n{TEXT}")
    assert in_words.embargoed_until == draft.embargoed_until
    undated = accepted(f"Place: Bern\nNumber: 7\n\n{TEXT}")
    assert not undated.is_dated
    assert accepted("Title: Here\nPlace: Bern\n\nText.\n").content.title == "Here"


@pytest.mark.parametrize(
    "headline",
    [
        "Correction: who said what, and when",
        "Language: a right for all",
        "Contact: the film",
        "Retreat: leaders meet in Bern",
        "Place: the final frontier",
        "Bern: budget grows",
    ],
)
def test_a_headline_with_a_colon_stays_a_headline(headline: str) -> None:
    assert accepted(f"{headline}\n\nText.\n\n{LAST}").content.title == headline


def test_faults_are_told_by_line_and_field() -> None:
    faults = {
        f"Embrago: 2030-05-21T17:00:00Z\n\n{TEXT}\n{LAST}": (1, "Embrago", "write Embargo:"),
        f"Place: Bern\nPubished: 2026-11-28\n\n{TEXT}": (2, "Pubished", "write Published:"),
        f"Place: Bern\nPlace: Basel\n\n{TEXT}": (2, "place", "remove one"),
        f"Number: 7\nPlace:\n\n{TEXT}": (2, "place", "write the value"),
        f"Number: 7\nEmbargo: next week\n\n{TEXT}": (2, "embargoed_until", "write day, time"),
        f"Number: 7\nEmbargo: 2030-05-21T17:00\n\n{TEXT}": (2, "embargoed_until", "offset"),
        f"Number: 7\nPublished: 28.11.2026\n\n{TEXT}": (2, "published", "write it as"),
        f"Number: 7\nLanguage: german\n\n{TEXT}": (2, "language", "write it as en"),
        f"Published: 2026-11-28\n\n{TEXT}\n{LAST}": (7, "published", "remove one"),
        "Place: Bern\nNumber: 7\n": (None, "body", "write title and text"),
    }
    for text, (line, field, remedy) in faults.items():
        refusal = refused(text)
        assert (refusal.origin.line, refusal.field) == (line, field), text
        assert remedy in refusal.remedy, text


def test_a_document_may_retract_a_release() -> None:
    request = retraction("Retract: pm-2026-114\nReason: It was sent by mistake.\n")
    assert (request.name, request.reason) == ("pm-2026-114", "It was sent by mistake.")
    below = retraction("Retract: budget.txt\n\nIt was sent\nby mistake.\n")
    assert (below.name, below.reason) == ("budget.txt", "It was sent by mistake.")
    assert retraction('{"retract": "a", "reason": "b"}', "a.json").name == "a"
    over_api = read_record({"retract": "a", "reason": "b"}, document="api", rules=RULES)
    assert isinstance(over_api, Refusal)
    assert over_api.field == "retract"
    refusal = refused("Retract: budget.txt\n")
    assert (refusal.field, refusal.reason) == ("reason", "reason is empty")
