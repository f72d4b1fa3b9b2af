"""Embargo notices in words; docs/embargo.md, "In words"."""

import json
from datetime import UTC, datetime
from io import BytesIO

import pytest

from feeds.ingest import read_documents
from feeds.ingest.embargo_words import notice_in
from feeds.model.release import Draft
from tests.feeds.ingest.intake import (
    AS_IS,
    RULES,
    SAMPLES,
    SEED_SHAPE,
    accepted,
    drafts,
    read,
    refuse,
    refused,
    take,
)

LAST = "2026-11-02T09:00:00+01:00 |Bugs|"
END = datetime(2026, 11, 3, 8, tzinfo=UTC)
NOTICE = "EMBARGOED UNTIL 3 November 2026, 09:00 CET"
#: "Embargo – what now?" is a headline.
NOUNS = ("Embargo", "SPERRFRIST")
BODY = "BERN -- The office announced that it closes."


@pytest.mark.parametrize(
    "line",
    [
        NOTICE,
        "*** STRICTLY EMBARGOED UNTIL 09:00 CET, TUESDAY 3 NOVEMBER 2026 ***",
        "Embargoed until 2026-11-03T09:00:00+01:00",
        "EMBARGOED FOR RELEASE: November 3, 2026, 3:00 a.m. EST",
        "Embargoed until 00:00 PT / 03:00 ET / 08:00 GMT, Nov. 3, 2026",
        "Under embargo until 3 November 2026, 09:00 (CET)",
        "Under strict embargo until 09:00 CET on 3rd November 2026",
        "Embargo: 3 November 2026, 09:00 hrs (UTC+1)",
        "Embargo lifts: 0800 GMT, 3 Nov 2026",
        "[Embargo: 3 November 2026, 09:00 CET]",
        "PRESS RELEASE – EMBARGOED UNTIL 3 November 2026, 09:00 CET",
        "Note to editors: embargoed until 3 November 2026, 09:00 CET",
        "This press release is embargoed until 3 November 2026, 09:00 CET.",
        "Not for publication before 3 November 2026, 09:00 CET",
        "NOT FOR RELEASE OR BROADCAST BEFORE 09:00 CET 3 November 2026",
        "Do not publish before 09:00 CET on 3 November 2026",
        "HOLD FOR RELEASE UNTIL 3 November 2026, 09:00 CET",
        "FOR RELEASE: 3 November 2026, 09:00 CET",
        "SOUS EMBARGO JUSQU’AU MARDI 3 NOVEMBRE 2026 À 9H00 CET",
        "Embargo jusqu'au 3 novembre 2026 à 9h00 (CET)",
        "Ne pas diffuser avant le 3 novembre 2026, 09:00 CET",
        "EMBARGADO HASTA EL 3 de noviembre de 2026, 09:00 CET",
        "SPERRFRIST: Dienstag, 3. November 2026, 9 Uhr MEZ",
        "Sperrfrist bis 3.11.2026, 09.00 Uhr (MEZ)",
        "EMBARGO FINO ALLE 09:00 CET DEL 3 NOVEMBRE 2026",
        "Sob embargo até 3 de novembro de 2026, 08:00 UTC",
        "Onder embargo tot 3 november 2026, 09:00 CET",
        "ЭМБАРГО ДО 3 ноября 2026 года, 11:00 МСК",
        "محظور النشر حتى ٣ نوفمبر ٢٠٢٦، الساعة ٠٨:٠٠ بتوقيت غرينتش",
        "解禁时间：2026年11月3日8时 UTC",
    ],
)
def test_a_line_sets_the_embargo(line: str) -> None:
    """Every form is found in every position; the line is removed, with a warning."""
    form = accepted(f"{line}\n\nOffice closes\n\n{BODY}\n\n{LAST}")
    below = accepted(f"Office closes\n\n{line}\n\n{BODY}\n\n{LAST}")
    text = take(title="Office closes", body=f"{line}\n\n{BODY}", published="2026-11-02")
    html = take(
        title="Office closes", body=f"<p><b>{line}</b></p><p>{BODY}</p>", body_format="html",
        published="2026-11-02",
    )  # fmt: skip
    for draft in (form, below, text, html):
        assert draft.embargoed_until == draft.content.published == END
        assert (draft.content.title, draft.content.body) == ("Office closes", f"<p>{BODY}</p>")
        assert draft.content.summary == BODY
        assert any("contains an embargo notice" in warning for warning in draft.warnings)


@pytest.mark.parametrize(
    "line",
    [
        "EMBARGOED",
        "*** UNDER EMBARGO ***",
        "Embargo",
        "SPERRFRIST",
        "NOT FOR PUBLICATION",
        "EMBARGOED UNTIL FURTHER NOTICE",
        "EMBARGOED UNTIL DELIVERY",
        "FOR RELEASE ON DELIVERY",
        "EMBARGOED UNTIL 3 NOVEMBER",
        "EMBARGOED UNTIL 3 November 2026",
        "EMBARGOED UNTIL 09:00 CET",
        "EMBARGOED UNTIL 3 November 2026, 09:00",
        "EMBARGOED UNTIL 3 November 2026, 09:00 local time",
        "EMBARGOED UNTIL 3 November 2026, midnight GMT",
        "EMBARGOED UNTIL 03/11/2026, 09:00 GMT",
        "EMBARGOED UNTIL 3 November 2026, 9:00 ET",
        "EMBARGOED UNTIL 3 November 2026, 09:00 IST",
        "EMBARGOED UNTIL 3 July 2027, 09:00 CET",
        "EMBARGOED UNTIL Monday 3 November 2026, 09:00 CET",
        "EMBARGOED UNTIL 31 November 2026, 09:00 CET",
        "EMBARGOED UNTIL 3 November 2026, 09:00 CET or delivery, whichever is later",
        "EMBARGOED UNTIL 3 November 2026, 09:00 CET (10:00 GMT)",
        "Sperrfrist: 3. November 2026, 10 Uhr",
        "Sous embargo jusqu'au 3 novembre 2026",
        "Ce communiqué est sous embargo jusqu'au 3 novembre 2026",
        "请勿在2026年11月3日上午9时前发布",
        "يحظر النشر قبل الثالث من نوفمبر",
    ],
)
def test_a_line_that_leaves_a_doubt_refuses_the_document(line: str) -> None:
    html = f"<h2>{line}</h2><p>{BODY}</p>"
    for refusal in (
        refused(f"{line}\n\nOffice closes\n\n{BODY}\n\n{LAST}"),
        refused(f"Office closes\n\n{line}\n\n{BODY}\n\n{LAST}"),
        refuse(body=f"{line}\n\n{BODY}", published="2026-11-02"),
        refuse(body=html, body_format="html", published="2026-11-02"),
        refuse(title=f"[{line}] Office closes" if line in NOUNS else f"{line} – Office closes"),
        refuse(summary=line, published="2026-11-02"),
    ):
        assert "embargo" in refusal.reason
        assert "EMBARGOED UNTIL 2026-11-03T09:00:00+01:00" in refusal.remedy
        assert "'embargoed_until'" in refusal.remedy


@pytest.mark.parametrize(
    ("title", "left"),
    [
        (f"{NOTICE}: Office closes", "Office closes"),
        (f"[{NOTICE}] Office closes", "Office closes"),
        (f"Office closes ({NOTICE})", "Office closes"),
        (f"Office closes – {NOTICE}", "Office closes"),
        (f"{NOTICE} | Office closes: what now", "Office closes: what now"),
    ],
)
def test_a_title_goes_without_it(title: str, left: str) -> None:
    draft = take(title=title, published="2026-11-02")
    assert (draft.content.title, draft.embargoed_until) == (left, END)


def test_a_title_that_is_nothing_else_is_refused() -> None:
    refusal = refuse(title=NOTICE, published="2026-11-02")
    assert (refusal.field, refusal.remedy) == ("title", "give the headline as the title")


def test_words_on_one_line_and_the_moment_on_the_next() -> None:
    draft = accepted(
        f"EMBARGOED UNTIL\nTuesday, 3 November 2026, 09:00 CET\n\nOffice closes\n\n{BODY}\n\n{LAST}"
    )
    assert (draft.content.title, draft.embargoed_until) == ("Office closes", END)
    draft = take(body=f"EMBARGOED UNTIL:\n3 November 2026, 09:00 CET\n\n{BODY}")
    assert (draft.content.body, draft.embargoed_until) == (f"<p>{BODY}</p>", END)


def test_a_paragraph_that_begins_with_it_keeps_the_rest() -> None:
    for body, body_format in (
        (f"{NOTICE} – {BODY}", "text"),
        (f"<p>{NOTICE} – {BODY}</p>", "html"),
    ):
        draft = take(body=body, body_format=body_format)
        assert (draft.content.body, draft.embargoed_until) == (f"<p>{BODY}</p>", END)


def test_a_line_of_html_ends_with_its_break() -> None:
    draft = take(
        body=f"<div><p><b>EMBARGOED UNTIL</b> 3 November 2026, <i>09:00 CET</i><br>{BODY}</p>",
        body_format="html",
    )
    assert draft.content.body == f"<div><p>{BODY}</p></div>"
    assert draft.embargoed_until == END


def test_the_field_may_say_the_same_or_later() -> None:
    for until in ("2026-11-03T09:00:00+01:00", "2026-11-03T10:00:00+01:00"):
        draft = take(body=f"{NOTICE}\n\n{BODY}", embargoed_until=until)
        assert draft.embargoed_until == datetime.fromisoformat(until)
        assert draft.content.body == f"<p>{BODY}</p>"
    for line in ("EMBARGOED", "EMBARGOED UNTIL 3 November 2026, 09:00", "EMBARGOED UNTIL DELIVERY"):
        draft = take(body=f"{line}\n\n{BODY}", embargoed_until="2026-11-03T09:00:00+01:00")
        assert draft.embargoed_until == END


@pytest.mark.parametrize("line", [NOTICE, "EMBARGOED UNTIL 3 November 2026, 09:00"])
def test_a_field_that_contradicts_is_refused(line: str) -> None:
    refusal = refuse(body=f"{line}\n\n{BODY}", embargoed_until="2026-11-02T09:00:00Z")
    assert refusal.field == "embargoed_until"
    assert "before what the text says: 'EMBARGOED UNTIL" in refusal.reason


def test_two_lines_that_contradict_each_other_are_refused() -> None:
    refusal = refuse(
        title=f"Office closes ({NOTICE})", body=f"Embargo: 3 November 2026, 10:00 CET\n\n{BODY}"
    )
    assert "until 2026-11-03T08:00:00Z and 2026-11-03T09:00:00Z" in refusal.reason


@pytest.mark.parametrize(
    "line", [NOTICE, "EMBARGOED UNTIL 3 November 2026", "SPERRFRIST: 3.11.2026"]
)
def test_an_embargo_that_was_over_when_it_was_published_is_none(line: str) -> None:
    draft = take(body=f"{line}\n\n{BODY}", published="2026-11-05T09:00:00Z")
    assert draft.content.body == f"<p>{BODY}</p>"
    assert draft.content.published == datetime(2026, 11, 5, 9, tzinfo=UTC)
    assert draft.embargoed_until in (None, END)


@pytest.mark.parametrize(
    "title",
    [
        "Arms embargo against X extended until 2027",
        "UN embargo lifted",
        "UN arms embargo on Libya extended until 3 November 2026",
        "Embargo on Russian oil takes effect on 5 December 2026",
        "Embargo: what it means for farmers",
        "Embargo ends on 1 January 2027 for Cuban cigars, Council decides",
        "Embargo against X extended until 3 November 2026",
        "EMBARGO ACT OF 1807: EXHIBITION OPENS",
        "The Foreign Trade (Embargo) Act is amended",
        "Embargoed goods seized at the border",
        "Embargoed for decades, Cuba opens up",
        "Under embargo for 60 years, the island opens up",
        "Oil: embargo ends 1 January 2027",
        "Sous embargo depuis 60 ans, Cuba s'ouvre",
        "L'embargo sur les armes prolongé jusqu'au 3 novembre 2026",
        "Sperrfrist beim Arbeitslosengeld verkürzt",
        "Sperrfrist: Was Mieter wissen müssen",
        "Brücke gesperrt bis 3. November 2026",
        "Levantado el embargo",
        "Эмбарго на нефть продлено",
        "联合国延长武器禁运",
        "NOT FOR RELEASE, PUBLICATION OR DISTRIBUTION IN THE UNITED STATES",
        "Not for distribution to U.S. news wire services",
        "Embargo: none",
        "Sperrfrist: keine",
        "No embargo",
        "Do not use hair dryers in the bath, office warns",
        "Do not publish your address online",
        "Hold for the next available agent: call centres tested",
        "Release date for Leap 15.3 announced",
        "For release candidates see the wiki",
        "Frei ab 18: neue Regeln",
        "Diffusion de la télévision numérique",
    ],
)  # fmt: skip
def test_a_release_about_an_embargo_is_under_none(title: str) -> None:
    body = f"{title}, it was announced today.\n\n{title}\n\nThe arms embargo runs until 2027."
    draft = take(title=title, summary=title, body=body)
    assert draft.embargoed_until is None
    assert (draft.content.title, draft.content.summary) == (title, title)
    assert draft.warnings == ()
    markup = f"<h2>{title}</h2><p>{title}, it was announced today.</p>"
    assert take(title="T", body=markup, body_format="html").embargoed_until is None


def test_a_heading_further_down_is_no_notice() -> None:
    lines = [f"Paragraph {number} of the report." for number in range(5)]
    body = "\n\n".join([*lines, "Embargo", "The embargo was extended."])
    assert take(body=body).embargoed_until is None


def test_a_line_of_its_own_counts_wherever_it_stands() -> None:
    lines = [f"Paragraph {number} of the report." for number in range(20)]
    assert take(body="\n\n".join([*lines, NOTICE])).embargoed_until == END


def test_no_real_release_is_under_embargo() -> None:
    """None of a thousand real releases is under embargo, and none is refused for one."""
    real = [*SAMPLES.glob("*.jsonl"), *SAMPLES.glob("*.txt"), *SEED_SHAPE.glob("*.txt")]
    found = [draft for path in real for draft in drafts(read(path.read_bytes(), path.name))]
    assert len(found) > 1_000
    for path in AS_IS.glob("*.txt"):
        title, _, body = path.read_text("latin-1").strip().partition("\n")
        record = {"title": title, "body": body, "body_format": "text", "published": "2008-01-01"}
        (outcome,) = read_documents(
            BytesIO(json.dumps(record).encode()), document=f"{path.name}.json", rules=RULES
        )
        assert isinstance(outcome, Draft), outcome
        found.append(outcome)
    assert [draft for draft in found if draft.embargoed_until is not None] == []
    assert [each for draft in found for each in draft.warnings if "embargo" in each] == []


def test_a_notice_is_told_from_a_long_paragraph_at_once() -> None:
    """The patterns do not backtrack."""
    for piece in (
        "Embargo ",
        "not for ",
        "embargoed until 3 ",
        "[",
        "under embargo – ",
        "embargo 1 ",
    ):
        notice_in(piece * 20_000)
