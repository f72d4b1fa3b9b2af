"""Host names as browsers spell them. Every expectation is what node 20 gives for
``new URL("http://" + host).hostname``, but for those marked."""

import pytest

from feeds.model.hosts import ascii_host


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("www.Straße.example", "www.xn--strae-oqa.example", id="sharp s"),
        pytest.param("βόλος.com", "xn--nxasmm1c.com", id="final sigma"),
        pytest.param("نامه\u200cای.com", "xn--mgba3gch31f060k.com", id="joiner in Persian"),
        pytest.param("क्\u200dष.com", "xn--11b2ezcw70k.com", id="joiner in Hindi"),
        pytest.param("例え。テスト", "xn--r8jz45g.xn--zckzah", id="ideographic full stop"),
        pytest.param("ＧＯ.com", "go.com", id="full width"),
        pytest.param("אבג.com", "xn--4dbcd.com", id="right to left"),
        pytest.param("☕.example", "xn--53h.example", id="a symbol, which IDNA2008 has not"),
        pytest.param("a\u00adb.com", "ab.com", id="soft hyphen"),
        pytest.param("u\u0308.com", "xn--tda.com", id="composed first"),
        pytest.param("XN--BCHER-KVA.Example", "xn--bcher-kva.example", id="encoded already"),
        pytest.param("my_host.Example.", "my_host.example.", id="underscore and a dot at the end"),
        pytest.param("ä_b.com", "xn--_b-uia.com", id="underscore among letters"),
        pytest.param("-a.ab--c-.example", "-a.ab--c-.example", id="hyphens"),
        pytest.param("ex%C3%A4mple.org", "xn--exmple-cua.org", id="escaped"),
        pytest.param("1.example", "1.example", id="a number in front"),
        pytest.param("0x7f.1", "127.0.0.1", id="hexadecimal"),
        pytest.param("0x7F000001.", "127.0.0.1", id="hexadecimal in one"),
        pytest.param("2130706433", "127.0.0.1", id="decimal in one"),
        pytest.param("0177.0.0.1", "127.0.0.1", id="octal"),
        pytest.param("1.2.3", "1.2.0.3", id="three numbers"),
        pytest.param("1.0x", "1.0.0.0", id="an empty hexadecimal number"),
        pytest.param("①②⑦.0.0.1", "127.0.0.1", id="in circles"),
        pytest.param("2001:DB8:0:0::7", "2001:db8::7", id="IPv6"),
    ],
)
def test_a_host_is_spelled_as_browsers_spell_it(host: str, expected: str) -> None:
    assert ascii_host(host) == expected


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("", id="nothing"),
        pytest.param("256.1.1.1", id="too large a number"),
        pytest.param("4294967296", id="too large in one"),
        pytest.param("1.2.3.4.5", id="too many numbers"),
        pytest.param("08.1", id="no octal number"),
        pytest.param("ü.1", id="a name that ends in a number"),
        pytest.param("xn--a", id="encoded nothing"),
        pytest.param("xn--.com", id="empty"),
        pytest.param("xn--a-ecp.ru", id="encoded what is none"),
        pytest.param("a\u200db.com", id="a joiner where none may stand"),
        pytest.param("\u0338a.com", id="a mark in front"),
        pytest.param("אa.com", id="both directions in one label"),
        pytest.param("%zz.com", id="broken escape"),
        pytest.param("a%2fb.org", id="an escaped slash"),
        pytest.param("%ff.org", id="escaped, not UTF-8"),
        pytest.param("exa mple.org", id="space"),
        pytest.param("a\\b.org", id="backslash"),
        pytest.param("a<b>.org", id="brackets"),
        pytest.param("℀.com", id="a slash when normalised"),
        pytest.param("\ufffd.com", id="forbidden character"),
        pytest.param("fe80::1%eth0", id="zone"),
        pytest.param("1::2::3", id="no IPv6"),
        # Browsers take these three; no DNS knows them.
        pytest.param("a..b", id="empty label"),
        pytest.param("\u00ad.com", id="nothing visible"),
        pytest.param(f"{'a' * 64}.com", id="long label"),
        pytest.param(f"{'ü' * 60}.com", id="long label when encoded"),
        pytest.param("ü" * 300, id="long name"),
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its message is idna's in half of the cases
        ascii_host(host)
