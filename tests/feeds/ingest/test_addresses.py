"""Addresses as browsers read them. Unless a test says otherwise, its expectations are what node 20
gives for ``new URL(reference, BASE).href``, or what that becomes by being given to it."""

import pytest

from feeds.ingest.addresses import absolute, absolute_srcset
from tests.feeds.ingest.intake import refuse, take

BASE = "https://example.org/n/1/page.html"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (r"images\photo one.jpg", "https://example.org/n/1/images/photo%20one.jpg"),
        (r"\img\b.png", "https://example.org/img/b.png"),
        (r"https://example.org\reports\q3.pdf", "https://example.org/reports/q3.pdf"),
        (r"HTTPS:\\example.net\a", "https://example.net/a"),
        (r"\\cdn.example\x.png", "https://cdn.example/x.png"),
        (r"/\cdn.example/x.png", "https://cdn.example/x.png"),
        (r"./..\..\x", "https://example.org/x"),
        (r"?q=a\b", r"https://example.org/n/1/page.html?q=a%5Cb"),
        (r"https://example.net/a?b=c\d#e\f", "https://example.net/a?b=c%5Cd#e%5Cf"),
        (r"mailto:a\b@example.org", "mailto:a%5Cb@example.org"),
        ("https:/example.net/x", "https://example.org/example.net/x"),
        ("https:more.html", "https://example.org/n/1/more.html"),
        ("http:/example.net/x", "http://example.net/x"),
        ("http:example.net/x", "http://example.net/x"),
        ("http:///example.net/x", "http://example.net/x"),
        ("////example.net/x", "https://example.net/x"),
        ("https://exam\tple.net/\nx", "https://example.net/x"),
        (" https://example.net/a b ", "https://example.net/a%20b"),
        ("https://straße.example/x", "https://xn--strae-oqa.example/x"),
        ("//straße.example:8443?q", "https://xn--strae-oqa.example:8443?q"),
        ("https://u:p@straße.example/", "https://u:p@xn--strae-oqa.example/"),
        ("https://例え.テスト/パ?k=値#片",
         "https://xn--r8jz45g.xn--zckzah/%E3%83%91?k=%E5%80%A4#%E7%89%87"),
        ("https://Example.NET/", "https://Example.NET/"),
        ("http://0x7f.1/x", "http://127.0.0.1/x"),
        ("http://2130706433:8080/", "http://127.0.0.1:8080/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://example.net/100%25", "https://example.net/100%25"),
    ],
)  # fmt: skip
def test_an_address_is_read_as_browsers_read_it(reference: str, expected: str) -> None:
    assert absolute(reference, base=BASE) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "https://",
        r"\\",
        "http:?x",
        "https://exa mple.org/",
        "https://256.1.1.1/",
        "https://1.2.3.4.5/x",
        "https://xn--a/x",
        "https://a.xn--a.example/x",
        "https://example.org:99999/x",
        "https://[1::2::3]/",
        "java\tscript:alert(1)",
        r"c:\temp\x.png",
    ],
)
def test_an_address_that_leads_nowhere_is_none(reference: str) -> None:
    assert absolute(reference, base=BASE) is None


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("https://example.net/100%", "https://example.net/100%25"),
        ("https://example.net/a%zzb?c=%4&d=%41", "https://example.net/a%25zzb?c=%254&d=%41"),
        ("50%/x.png", "https://example.org/n/1/50%25/x.png"),
    ],
)
def test_a_percent_sign_that_escapes_nothing_is_escaped(reference: str, expected: str) -> None:
    """Browsers keep it, servers differ, and RFC 3986 section 2.1 does not allow it."""
    assert absolute(reference, base=BASE) == expected


def test_candidates_are_read_as_browsers_read_them() -> None:
    srcset = "\\img\\a-320.webp 320w,\n\timages\\b.webp\t2x, https://straße.example/c%.png 3x"
    assert absolute_srcset(srcset, base="https://example.org/n/1/") == (
        "https://example.org/img/a-320.webp 320w, https://example.org/n/1/images/b.webp 2x, "
        "https://xn--strae-oqa.example/c%25.png 3x"
    )


@pytest.mark.parametrize(
    "written", ["https://www.straße.example/n/1", r"https:\\www.straße.example\n/1"]
)
def test_every_field_spells_hosts_alike(written: str) -> None:
    expected = "https://www.xn--strae-oqa.example/n/1"
    content = take(
        url=written,
        body_format="html",
        body=f'<p><a href="{written}">a</a> <a href="rel">b</a></p>',
        enclosures=[{"url": written, "type": "text/plain", "length": 5, "thumbnail": written}],
        related=[written],
        authors=[{"name": "A", "url": written}],
        contacts=[{"name": "B", "uri": written}],
        license=written,
    ).content
    (enclosure,) = content.enclosures
    found = [content.url, enclosure.url, enclosure.thumbnail, content.authors[0].uri,
             content.details.related[0].url, content.details.contacts[0].uri,
             content.details.license]  # fmt: skip
    assert found == [expected] * len(found)
    assert f'href="{expected}"' in content.body
    assert 'href="https://www.xn--strae-oqa.example/n/rel"' in content.body


@pytest.mark.parametrize("broken", ["%zz", "%", "100%.pdf", "%a", "?x=%u0041"])
@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("url", "url"),
        ("license", "license"),
        ("related", "related[0].url"),
        ("contacts", "contacts[0].uri"),
        ("enclosures", "enclosures[0].url"),
    ],
)
def test_an_address_with_a_broken_escape_is_refused(field: str, named: str, broken: str) -> None:
    address = f"https://example.org/{broken}"
    value = {
        "url": address,
        "license": address,
        "related": [address],
        "contacts": [{"name": "A", "uri": address}],
        "enclosures": [{"url": address, "type": "text/plain", "length": 5}],
    }[field]
    refusal = refuse(**{field: value})
    assert refusal.field == named
    assert refusal.reason.startswith(f"{named} holds a percent sign that escapes nothing: 'https:")
    assert "%25" in refusal.remedy


def test_an_author_whose_address_has_a_broken_escape_goes_without_it() -> None:
    """An invalid address of an author is always left out."""
    draft = take(authors=[{"name": "A", "url": "https://example.org/%zz"}])
    assert draft.content.authors[0].uri is None
    assert "is not a web address; left out" in draft.warnings[0]


@pytest.mark.parametrize("path", ["///C:/Users/x.docx", r"//c:\x.docx", "https://D:/x", "///C:"])
def test_a_file_on_the_disk_of_its_author_is_no_address(path: str) -> None:
    """Browsers read the drive as a host, which is never meant."""
    assert absolute(path, base=BASE) is None
