"""Which type of answer a client is given: RFC 9110 section 12.5.1."""

import pytest

from service.http_rules import choose_type, prefers_html

ATOM, RSS, JSON, HTML = (
    "application/atom+xml",
    "application/rss+xml",
    "application/feed+json",
    "text/html",
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, HTML, id="no field"),
        pytest.param("", HTML, id="empty"),
        pytest.param("*/*", HTML, id="curl"),
        pytest.param(BROWSER, HTML, id="a browser"),
        pytest.param(ATOM, ATOM, id="Atom"),
        pytest.param(RSS, RSS, id="RSS"),
        pytest.param(JSON, JSON, id="JSON Feed"),
        pytest.param("Application/RSS+XML", RSS, id="types are case-insensitive"),
        pytest.param(f"{RSS};q=0.5, {JSON};q=0.9, {ATOM};q=0.7", JSON, id="by weight"),
        pytest.param(f"{RSS} ; q = 0.5 , {ATOM};q=0.4", RSS, id="blanks"),
        pytest.param(f"{RSS}, {ATOM}", ATOM, id="a tie: our order"),
        pytest.param(f"{JSON}, */*", JSON, id="named, before what passes by */*"),
        pytest.param("application/*", ATOM, id="a range of types"),
        pytest.param(f"application/*, {JSON}", JSON, id="named, before a range of types"),
        pytest.param(f"{ATOM};type=feed", ATOM, id="a parameter (RFC 5023 12)"),
        pytest.param(f"{HTML};level=1;q=0.3, {RSS};q=0.4", RSS, id="the weight is found"),
        pytest.param(f"{ATOM};;q=0.3, {RSS};q=0.2", ATOM, id="an empty parameter"),
        pytest.param(f"{ATOM};q=0, */*", HTML, id="anything but Atom"),
        pytest.param(f"{HTML};q=0, */*", ATOM, id="anything but the page"),
        pytest.param(f"{HTML};q=0.1, */*", ATOM, id="anything rather than the page"),
        pytest.param("image/png", HTML, id="nothing of ours: the field is disregarded"),
        pytest.param("*/*;q=0", HTML, id="nothing at all"),
        pytest.param(f"{ATOM};q=2, {RSS};q=0.1", RSS, id="a weight that is none"),
        pytest.param(
            f"{ATOM},application/rdf+xml,{RSS},application/x-netcdf,"
            "application/xml;q=0.9,text/xml;q=0.2,*/*;q=0.1",
            ATOM,
            id="feedparser",
        ),
        pytest.param(
            f"application/xml, {ATOM}, {RSS}, application/rdf+xml, {JSON}, text/html, */*;q=0.9",
            ATOM,
            id="miniflux: a page is liked as much",
        ),
        pytest.param(
            f"{RSS}, application/rdf+xml;q=0.8, {ATOM};q=0.6, application/xml;q=0.4, */*;q=0.2",
            RSS,
            id="a reader that wants RSS",
        ),
        pytest.param(ATOM + "," * 70_000, HTML, id="too long to be honest"),
    ],
)
def test_what_a_client_likes_best_is_sent(accept: str | None, expected: str) -> None:
    assert choose_type(accept, (ATOM, RSS, JSON, HTML), default=HTML) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(BROWSER, True, id="a browser"),
        pytest.param("text/html;q=0.4, application/json", False, id="a script"),
        pytest.param("application/problem+json, text/html", False, id="both alike"),
        pytest.param("*/*", False, id="curl"),
        pytest.param("application/atom+xml, */*;q=0.1", False, id="a feed reader"),
        pytest.param(None, False, id="no field"),
        pytest.param("text/html" + " " * 65536 + "x", False, id="too long to be honest"),
    ],
)
def test_who_is_shown_a_page_when_something_went_wrong(accept: str | None, expected: bool) -> None:
    assert prefers_html(accept) is expected
