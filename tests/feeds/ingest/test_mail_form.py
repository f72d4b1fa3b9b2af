"""Messages: every text of them once, in the right encoding, without what is not the release."""

import base64
from datetime import UTC, datetime

import pytest

from tests.feeds.ingest.intake import accepted, refused, retraction
from tests.feeds.ingest.word_files import PNG, p, word

HEAD = (
    b"From: Press <press@example.org>\r\nSubject: Budget\r\nMIME-Version: 1.0\r\n"
    b"Date: Sat, 28 Nov 2026 10:00:00 +0100\r\n"
)


def part(kind: str, content: str | bytes, *more: str) -> bytes:
    body = content.encode() if isinstance(content, str) else content
    lines = [f"Content-Type: {kind}", "Content-Transfer-Encoding: 8bit", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def many(kind: str, *parts: bytes, more: str = "") -> bytes:
    mark = f"b{abs(hash(parts))}"
    inside = b"".join(b"--%b\r\n%b\r\n" % (mark.encode(), each) for each in parts)
    start = f'Content-Type: multipart/{kind}; boundary="{mark}"{more}\r\n\r\n'.encode()
    return start + inside + b"--%b--\r\n" % mark.encode()


TEXT = part("text/plain; charset=utf-8", "The *plain* text.")
HTML = part("text/html; charset=utf-8", "<p>The <b>rich</b> text.</p>")
PDF = part("application/pdf", b"%PDF", 'Content-Disposition: attachment; filename="plan.pdf"')
RICH = "<p>The <b>rich</b> text.</p>"
FORWARDED = (
    "please publish\n\n---------- Forwarded message ---------\nFrom: A <a@example.org>\n"
    "Date: Fri, Nov 27, 2026 at 9:00 AM\nSubject: Re: New bridge\nTo: <press@example.org>\n\n"
    "The bridge opens.\n"
)

#: The message, its body as it comes out, and what is told.
CASES: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "text alone": (TEXT, "<p>The *plain* text.</p>", ()),
    "alternatives (M1)": (many("alternative", TEXT, HTML), RICH, ()),
    "alternatives in the wrong order (M1)": (many("alternative", HTML, TEXT), RICH, ()),
    "text, picture, text, HTML, attachment (M1b)": (
        many("mixed", TEXT, part("image/png", PNG, "Content-Disposition: inline"), TEXT, HTML, PDF),
        f"<p>The *plain* text.</p>\n<p>The *plain* text.</p>\n{RICH}",
        ("the attachment image/png", "the attachment plan.pdf (application/pdf)"),
    ),
    "the footer of a list (M9)": (
        many(
            "mixed",
            many("alternative", TEXT, HTML),
            part("text/plain", "_____________\nPress list\n"),
        ),
        RICH,
        ("the footer of a mailing list ('_____________ Press list')",),
    ),
    "HTML, PDF, HTML in an alternative (M11)": (
        many("alternative", TEXT, many("mixed", HTML, PDF, HTML)),
        f"{RICH}\n{RICH}",
        ("the attachment plan.pdf (application/pdf)",),
    ),
    "HTML, PDF, HTML side by side as alternatives (M11)": (
        many("alternative", TEXT, HTML, PDF, part("text/html", "<p>And more of it.</p>")),
        f"{RICH}\n<p>And more of it.</p>",
        ("the attachment plan.pdf (application/pdf)",),
    ),
    "the same text as HTML twice": (
        many("alternative", TEXT, HTML, part("text/html", "<p>The rich\n<i>text</i>.</p>")),
        "<p>The rich\n<i>text</i>.</p>",
        (),
    ),
    "HTML, and a part of it before": (
        many("alternative", part("text/html", "<p>The rich</p>"), HTML, TEXT),
        RICH,
        (),
    ),
    "plain text twice": (
        many("alternative", TEXT, part("text/plain", "And more.")),
        "<p>The *plain* text.</p>\n<p>And more.</p>",
        (),
    ),
    "related, with pictures by id and by address (M3)": (
        many(
            "related",
            part(
                "text/html",
                '<p>a<img src="cid:logo%40example.org" alt="Arms"><img src="b.png" alt="B"></p>',
            ),
            part("image/png", PNG, "Content-ID: <logo@example.org>"),
            part("image/png; name=b.png", PNG, "Content-Location: b.png"),
        ),
        "<p>a Arms B</p>",
        ("the picture image/png ('Arms')", "the picture b.png ('B')"),
    ),
    "flowed, with quotations (M2)": (
        part(
            "text/plain; format=flowed",
            "One line \r\nthat goes on.\r\n\r\n> A quoted line \r\n> flows.\r\n",
        ),
        "<p>One line that goes on.</p>\n<p>&gt; A quoted line flows.</p>",
        (),
    ),
    "flowed, whose spaces are none (M2)": (
        part("text/plain; format=flowed; delsp=yes", "Presse \r\nkonferenz am Montag\r\n"),
        "<p>Pressekonferenz am Montag</p>",
        (),
    ),
    "UTF-8 that says it is ASCII (M7)": (
        part("text/plain; charset=us-ascii", "Straße"),
        "<p>Straße</p>",
        (),
    ),
    "windows-1252 that says it is Latin 1 (M7c)": (
        part("text/plain; charset=iso-8859-1", b"\x84Stra\xdfe\x93"),
        "<p>„Straße“</p>",
        (),
    ),
    "windows-1252 that says it is UTF-8": (
        part("text/plain; charset=utf-8", b"Stra\xdfe"),
        "<p>Straße</p>",
        (),
    ),
    "HTML that says it in itself (M7d)": (
        part("text/html", b'<meta charset="iso-8859-2"><p>\xb9koda</p>'),
        "<p>škoda</p>",
        (),
    ),
    "an attached message beside text (M8)": (
        many("mixed", TEXT, part("message/rfc822", "Subject: Secret\r\n\r\nText\r\n")),
        "<p>The *plain* text.</p>",
        ("the attached message 'Secret'",),
    ),
    "an invitation, a clear signature (M9)": (
        many(
            "signed",
            many("alternative", TEXT, HTML, part("text/calendar", "BEGIN:VCALENDAR")),
            part("application/pkcs7-signature; name=smime.p7s", b"x"),
        ),
        RICH,
        ("the attachment text/calendar",),
    ),
    "a signature, in text": (
        part("text/plain", "Text.\r\n\r\n-- \r\nJane Doe\r\nPress office\r\n"),
        "<p>Text.</p>",
        ("the signature 'Jane Doe Press office'",),
    ),
    "a signature, in HTML": (
        part("text/html", '<p>Text.</p><div class="gmail_signature">Jane Doe</div>'),
        "<p>Text.</p>",
        ("the signature 'Jane Doe'",),
    ),
    "an answer, in text": (
        part(
            "text/plain", "Text.\r\n\r\nOn Fri, Nov 27, 2026, Bob wrote:\r\n> Please.\r\n> Now.\r\n"
        ),
        "<p>Text.</p>",
        ("the message that it answers, from 'On Fri, Nov 27, 2026, Bob wrote:' on",),
    ),
    "an answer, in HTML": (
        part(
            "text/html",
            '<p>Text.</p><div class="gmail_quote">'
            '<div class="gmail_attr">On Friday, Bob wrote:</div>'
            "<blockquote>Please.</blockquote></div>",
        ),
        "<p>Text.</p>",
        ("the message that it answers, from 'On Friday, Bob wrote:' on",),
    ),
    "an answer of Outlook": (
        part(
            "text/html",
            "<p>Text.</p><p>From: Bob<br>Sent: Friday<br>To: Jane<br>Subject: x</p><p>Old</p>",
        ),
        "<p>Text.</p>",
        ("the message that it answers, from 'From: Bob' on",),
    ),
    "a quotation of the release's own": (
        part("text/plain", "He said:\r\n\r\n> We grow.\r\n\r\nThe end.\r\n"),
        "<p>He said:</p>\n<p>&gt; We grow.</p>\n<p>The end.</p>",
        (),
    ),
}


def test_every_text_comes_out_once_and_what_is_left_out_is_told() -> None:
    wrong = []
    for name, (message, expected, told) in CASES.items():
        draft = accepted(HEAD + message, "budget.eml")
        found = tuple(
            each.removesuffix(": only its description is in the text") for each in draft.left_out
        )
        if (draft.content.body, found) != (expected, told):
            wrong.append((name, draft.content.body, found))
        assert draft.content.title == "Budget"
    assert wrong == []


def test_headers_are_decoded_and_a_forwarded_release_is_the_inner_one() -> None:
    subject = b"Subject: =?utf-8?B?U3RyYcOf?=\r\n =?utf-8?Q?e?= Fwd: =?x-unknown?Q?a?=\r\n"
    message = HEAD.replace(b"Subject: Budget\r\n", subject) + TEXT
    assert accepted(message, "a.eml").content.title == "Straße Fwd: a"
    for body in (
        part("text/plain", FORWARDED),
        part("text/html", "<p>" + FORWARDED.replace("<", "&lt;").replace("\n", "<br>")),
    ):
        draft = accepted(HEAD.replace(b"Budget", b"WG: Fwd: Budget") + body, "a.eml")
        assert draft.content.title == "New bridge"
        assert draft.content.body in ("<p>The bridge opens.</p>", "<p>The bridge opens.<br></p>")
        assert draft.left_out == (
            "the head of the forwarded message",
            "what stands above the forwarded message: 'please publish'",
        )


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("Sat, 28 Nov 2026 10:00:00 +0100", datetime(2026, 11, 28, 9, tzinfo=UTC)),
        ("Mon, 28 Nov 2026 10:00:00 EDT (summer)", datetime(2026, 11, 28, 14, tzinfo=UTC)),
        ("Sat, 28 Nov 2026 10:00:00 -0000", None),
        ("Sat, 28 Nov 2026 10:00:00 CEST", None),
        ("Sat, 28 Nov 2026 10:00:00", None),
        ("Sat, 28 Nov 2026 10:00:60 +0100", None),
    ],
)
def test_a_date_without_a_known_zone_is_unknown(date: str, published: datetime | None) -> None:
    message = HEAD.replace(b"Sat, 28 Nov 2026 10:00:00 +0100", date.encode()) + TEXT
    draft = accepted(message, "budget.eml")
    assert (draft.content.published if draft.is_dated else None) == published
    assert bool(draft.warnings) is (published is None)


def test_a_head_block_may_stand_above_the_text() -> None:
    block = "Embargo: 2030-05-21\nCategory: Finance\nPublished: 2026-01-01\n"
    for body in (
        part("text/plain", f"{block}\nIt grows."),
        part("text/html", "<div>" + block.replace("\n", "</div><div>") + "</div><p>It grows.</p>"),
    ):
        draft = accepted(HEAD + body, "budget.eml")
        assert draft.content.category_names == ("Finance",)
        assert draft.content.body == "<p>It grows.</p>"
        assert draft.embargoed_until is not None
        assert draft.source_key == "file:budget.eml"
    for kind in ("text/plain", "text/html"):
        message = HEAD + part(
            kind,
            "Retract: budget.eml<br>\nReason: Wrong.".replace(
                "<br>", "<br>" * (kind == "text/html")
            ),
        )
        assert retraction(message, "r.eml").reason == "Wrong."


@pytest.mark.parametrize(
    ("message", "reason", "remedy"),
    [
        (part("application/pkcs7-mime; smime-type=signed-data", b"x"), "S/MIME", "clear signature"),
        (many("encrypted", TEXT), "encrypted", "without encryption"),
        (
            many("mixed", TEXT, part("application/ms-tnef; name=winmail.dat", b"x")),
            "winmail.dat",
            "HTML",
        ),
        (
            part("message/rfc822", "Subject: A\r\n\r\nText\r\n"),
            "only holds another one",
            "save that message",
        ),
        (many("mixed", part("text/plain", " "), PDF), "plan.pdf", "send the file by itself"),
        (
            part("text/plain; charset=x-unknown", b"\xff\xfe\x80"),
            "unknown encoding: 'x-unknown'",
            "UTF-8",
        ),
    ],
    ids=["opaque S/MIME", "encrypted", "winmail", "forwarded alone", "no text", "encoding"],
)
def test_what_cannot_be_read_is_refused(message: bytes, reason: str, remedy: str) -> None:
    refusal = refused(HEAD + message, "budget.eml")
    assert reason in refusal.reason
    assert remedy in refusal.remedy


# A release that is attached as a Word document.

LONG = ("The bridge opens today. It is long, and it took nine years to build. " * 5).strip()
RELEASE = word(p(LONG))
COVER = HEAD.replace(b"Subject: Budget", b"Subject: For Monday")


def attachment(name: str, content: bytes = RELEASE) -> bytes:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    encoded = base64.encodebytes(content)
    lines = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n"
    return f'{lines}Content-Disposition: attachment; filename="{name}"\r\n\r\n'.encode() + encoded


NOTE = part("text/plain; charset=utf-8", "Dear all,\n\nanbei die Mitteilung.\n\nBest\nAnna\n")


@pytest.mark.parametrize(
    "message",
    [
        many("mixed", NOTE, attachment("bridge.docx"), PDF),
        many("mixed", part("text/html", "<p>Please see the attached.</p>"), attachment("b.docx")),
        many("mixed", part("text/plain", "For Monday."), attachment("b.docx")),
        many("mixed", part("text/plain", " "), attachment("b.docx")),
        attachment("b.docx"),
    ],
    ids=["a note", "in HTML", "short", "blank", "alone"],
)
def test_an_attached_document_is_the_release_if_the_text_is_only_a_note(message: bytes) -> None:
    draft = accepted(COVER + message, "budget.eml")
    assert draft.content.title == "Budget"
    assert draft.content.body == f"<p>{LONG}</p>"
    assert draft.content.published == datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert draft.source_key == "file:budget.eml"
    assert draft.warnings[0].startswith("the release was read from the attachment b")
    assert not any(".docx" in each for each in draft.left_out)
    is_told = any(each.startswith("the text of the message: ") for each in draft.left_out)
    assert is_told is (b"text/" in message and b" \r\n--" not in message)
    assert any("plan.pdf" in each for each in draft.left_out) is (b"plan.pdf" in message)


def test_what_the_head_of_the_message_says_counts_for_what_is_attached() -> None:
    block = "Embargo: 2030-05-21\nCategory: Finance\n\nAttached.\n"
    message = many("mixed", part("text/plain", block), attachment("bridge.docx"))
    draft = accepted(COVER + message, "budget.eml")
    assert draft.content.category_names == ("Finance",)
    assert f"{draft.embargoed_until:%Y-%m-%d}" == "2030-05-21"
    own = word(p("Embargo: 2030-06-21") + p(LONG))
    only = many("mixed", part("text/plain", "Attached."), attachment("bridge.docx", own))
    draft = accepted(HEAD + only, "budget.eml")
    assert f"{draft.embargoed_until:%Y-%m-%d}" == "2030-06-21"
    both = many("mixed", part("text/plain", block), attachment("bridge.docx", own))
    assert "under embargo until" in refused(HEAD + both, "budget.eml").reason
    # An embargo in words is not lost with the note, or the subject, in which it stands.
    words = "EMBARGO: 21 May 2030, 17:00 CEST"
    for subject, text in (("For you", f"{words}\n\nPlease find it attached."), (words, "Attached")):
        message = many("mixed", part("text/plain", text), attachment("bridge.docx"))
        cover = HEAD.replace(b"Subject: Budget", f"Subject: {subject}".encode())
        draft = accepted(cover + message, "budget.eml")
        assert draft.embargoed_until == datetime(2030, 5, 21, 15, tzinfo=UTC)
    for text in (
        "Attached our release. Please respect the embargo of Friday.",
        "Anbei die Mitteilung, bitte nicht vor Montag veröffentlichen.",
    ):
        unclear = many("mixed", part("text/plain; charset=utf-8", text), attachment("b.docx"))
        refusal = refused(HEAD + unclear, "budget.eml")
        assert refusal.field == "embargoed_until"
        assert "may say that it is under embargo" in refusal.reason
    free = part("text/plain", "Attached our release for publication today, without embargo.")
    draft = accepted(HEAD + many("mixed", free, attachment("b.docx")), "budget.eml")
    assert draft.embargoed_until is None


def test_a_text_that_is_the_release_stays_it_beside_documents() -> None:
    text = "The budget grows by two percent. " * 20
    for beside, written in (
        (attachment("law.docx"), text),
        (attachment("law.docx"), text + "The law is attached."),
        (attachment("law.docx", word(p("Short") + p("."))), "The budget grows."),
        (PDF, "The budget grows."),
    ):
        draft = accepted(HEAD + many("mixed", part("text/plain", written), beside), "budget.eml")
        assert draft.content.title == "Budget"
        assert draft.content.body == f"<p>{written.strip()}</p>"
        assert len(draft.left_out) == 1
    retract = part("text/plain", "Retract: budget.eml\nReason: Wrong; see the attached.")
    message = many("mixed", retract, attachment("bridge.docx"))
    assert retraction(HEAD + message, "r.eml").reason == "Wrong; see the attached."


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (many("mixed", NOTE, attachment("a.docx"), attachment("b.docx")), "which of them"),
        (many("mixed", attachment("a.docx"), attachment("b.docx")), "which of them"),
        (many("mixed", NOTE, PDF), "'plan.pdf' is attached: such files are not read"),
        (many("mixed", NOTE, attachment("a.docx", b"PK")), "'a.docx' cannot be read: "),
    ],
    ids=["two", "two alone", "a PDF file", "damaged"],
)
def test_a_note_is_never_published_in_place_of_what_is_attached(
    message: bytes, reason: str
) -> None:
    assert reason in refused(HEAD + message, "budget.eml").reason
