"""RFC 9112 section 3.2: which requests say for which host they are."""

import pytest

from service.http_rules import names_one_host

GOOD = [
    "news.example.org", "news.example.org:8000", "localhost", "localhost:", "192.0.2.1",
    "[2001:db8::1]", "[2001:db8::1]:443", "[::ffff:192.0.2.1]", "[v1.fe80::a+en1]", "a_b.example",
    "xn--bcher-kva.example", "b%C3%BCcher.example", "a.example.", "", " news.example.org\t",
]  # fmt: skip
BAD = [
    "a b", "a/b", "a:b", "a:1:2", "user@a", "a?", "a#b", "[::1", "::1", "[::1]x", "[::1%eth0]",
    "[::1%25eth0]", "[nonsense]", "[]", "a\x00b", "a\\b", "a%", "a%zz", "bücher.example",
    "http://a", '"a"', "a:80 ,b", "<a>", "a:٣",
]  # fmt: skip


@pytest.mark.parametrize("host", GOOD)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_host_is_a_name_or_an_address(host: str, version: str) -> None:
    assert names_one_host([host.encode()], http_version=version)


@pytest.mark.parametrize("host", BAD)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_what_is_no_host_is_none(host: str, version: str) -> None:
    """In HTTP/1.0 too: "any request message"."""
    assert not names_one_host([host.encode()], http_version=version)


def test_one_and_only_one_is_asked_for() -> None:
    assert not names_one_host([], http_version="1.1")
    assert names_one_host([], http_version="1.0")
    for version in ("1.0", "1.1"):
        assert not names_one_host([b"a", b"a"], http_version=version)
