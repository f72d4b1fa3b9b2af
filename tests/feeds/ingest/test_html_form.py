"""HTML files; docs/sending-a-release.md, "HTML"."""

from datetime import UTC, datetime

from tests.feeds.ingest.intake import accepted, refused, retraction

PAGE = """<!DOCTYPE html>
<html lang="de-CH"><head><meta charset="%s"><title>Straße | Stadt</title>
<meta property="article:published_time" content="2026-11-05T09:00:00+01:00">
<meta name="description" content="Sie ist fertig."><meta name="author" content="Bauamt">
<meta name="category" content="Verkehr"><meta name="category" content="Bau, Umwelt">
<meta name="number" content="114"><meta name="viewport" content="width=device-width">
<link rel="canonical" href="https://stadt.example/strasse"><style>p { color: red }</style></head>
<body><nav><a href="/">Start</a></nav>
<main><h1>Neue <br>Straße</h1><p>Sie ist <b>offen</b>.</p></main>
<footer>Impressum</footer></body></html>
"""


def test_a_page_is_read_with_what_it_says_about_itself() -> None:
    for encoding in ("utf-8", "iso-8859-1"):
        draft = accepted((PAGE % encoding).encode(encoding), "strasse.html")
        content = draft.content
        assert content.title == "Neue Straße"
        assert content.body == "<p>Sie ist <b>offen</b>.</p>"
        assert content.published == datetime(2026, 11, 5, 8, tzinfo=UTC)
        assert (content.summary, content.language) == ("Sie ist fertig.", "de-CH")
        assert content.category_names == ("Verkehr", "Bau, Umwelt")
        assert [one.name for one in content.authors] == ["Bauamt"]
        assert content.details.number == "114"
        assert draft.source_key == "url:https://stadt.example/strasse"
        assert draft.left_out == ("what stands outside of <main> on the page",)


def test_a_page_without_a_main_element_is_read_without_navigation() -> None:
    page = (
        "<title>Bridge opens</title><header>Town</header><nav>Start</nav>"
        "<p>Embargo: 2030-05-21</p><p>Category: Traffic</p><p>It opens.</p><footer>Us</footer>"
    )
    draft = accepted(page, "bridge.html")
    assert (draft.content.title, draft.content.body) == ("Bridge opens", "<p>It opens.</p>")
    assert draft.content.category_names == ("Traffic",)
    assert draft.embargoed_until is not None
    assert draft.left_out == ("navigation, header and footer of the page",)
    assert not accepted("<title>A</title><p>B</p>", "a.html").is_dated


def test_a_page_may_retract_and_faults_are_told() -> None:
    page = '<meta name="retract" content="strasse.html"><p>It was wrong.</p>'
    request = retraction(page, "retract.html")
    assert (request.name, request.reason) == ("strasse.html", "It was wrong.")
    assert "Heading 1" in refused("<p>Only a text</p>", "a.html").remedy
    wrong = refused(b'<meta charset="utf-8"><title>Stra\xdfe</title>', "a.html")
    assert wrong.reason == "the document says that its encoding is 'utf-8', and is not in it"
    assert refused(b"<title>Stra\xdfe</title>", "a.html").reason.endswith("is not UTF-8")
