"""Two spellings of one address (RFC 3986 section 6.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http_rules.addresses import normalise_url

ADDRESS = "https://news.example.org/feeds/caf%C3%A9.atom"


@pytest.mark.parametrize(
    "spelled",
    [
        ADDRESS,
        "HTTPS://News.Example.ORG/feeds/caf%C3%A9.atom",
        "https://news.example.org:443/feeds/caf%C3%A9.atom",
        "https://news.example.org:/feeds/caf%C3%A9.atom",
        "https://news.example.org/feeds/caf%c3%a9.atom",
        "https://news.example.org/%66eeds/caf%C3%A9%2Eatom",
        "https://news.example.org/feeds/café.atom",
    ],
)
def test_the_same_address(spelled: str) -> None:
    assert normalise_url(spelled) == ADDRESS


@pytest.mark.parametrize(
    "other",
    [
        "http://news.example.org/feeds/caf%C3%A9.atom",
        "https://news.example.org:80/feeds/caf%C3%A9.atom",
        "https://news.example.org/Feeds/caf%C3%A9.atom",
        "https://news.example.org/feeds%2Fcaf%C3%A9.atom",
        "https://news.example.org/feeds/caf%25C3%25A9.atom",
        "https://news.example.org/feeds/cafe%CC%81.atom",
        "https://news.example.org/feeds/caf%C3%A9.atom?",
        "https://news.example.org/feeds/caf%C3%A9.atom\n",
        "https://news.example.org/feeds/caf%E9.atom",
        "not an address",
        "",
    ],
)
def test_another_address(other: str) -> None:
    assert normalise_url(other) != ADDRESS


def test_an_address_without_a_path_is_the_one_of_its_root() -> None:
    assert normalise_url("http://news.example.org:80") == normalise_url("http://news.example.org/")


@given(st.text(max_size=30))
def test_the_one_spelling_is_its_own(rest: str) -> None:
    once = normalise_url(f"http://a.example/{rest}")
    assert normalise_url(once) == once
    assert once.isascii()
