from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from service.settings.value_types import (
    AllowedNetwork,
    BaseUrl,
    DatabaseUrl,
    Email,
    HubUrl,
    Url,
    read_store_url,
)


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as refused:
        read(kind, value)
    return refused.value.errors()[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example", "https://news.example"),
        ("https://news.example/", "https://news.example"),
        ("https://news.example/press//", "https://news.example/press"),
        ("HTTPS://News.Example:8443/Press", "https://news.example:8443/Press"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_base_url_has_no_slash_at_its_end(url: str, expected: str) -> None:
    assert read(BaseUrl, url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("news.example", "such as 'https://news.example.org'"),
        ("/press", "such as"),
        ("ftp://news.example", "such as"),
        ("https://", "such as"),
        ("https://:80/", "such as"),
        ("https://a.example:port", "such as"),
        ("https://a.example:99999", "such as"),
        ("https://[::1", "such as"),
        ("https://a.example/ b", "without space"),
        ("https://a.example/\n", "without space"),
        ("https://a.example/?x=1", "without a query"),
        ("https://a.example/#x", "without a fragment"),
        ("https://me:pw@a.example/", "without a user name"),
        ("https://a.example//press", "without '//'"),
        ("https://a.example/press/../news", "without '//', '/.' or '/..'"),
        ("https://a.example/press/%2E", "without '//', '/.' or '/..'"),
        ("https://bücher.example/ö", "'https://xn--bcher-kva.example/%C3%B6'"),
        ("https://straße.example:8443/", "'https://xn--strae-oqa.example:8443/'"),
        ("https://a..example/", "such as"),
        ("https://xn--a.example/", "such as"),
        ("http://2130706433/", "with its host in canonical form: '127.0.0.1'"),
    ],
)
def test_another_base_url_is_refused(url: str, reason: str) -> None:
    assert reason in refusal(BaseUrl, url)


def test_a_hub_may_have_a_query_but_no_fragment() -> None:
    assert read(HubUrl, "https://hub.example/?a=b") == "https://hub.example/?a=b"
    assert "without a fragment" in refusal(HubUrl, "https://hub.example/#a")
    assert "WebSub hub" in refusal(HubUrl, "hub.example")
    assert "without a user name" in refusal(HubUrl, "https://me:secret@hub.example/")


def test_a_url_is_kept_as_it_is() -> None:
    assert read(Url, "https://A.example/i.png?s=1#x") == "https://A.example/i.png?s=1#x"


def test_an_email_address_has_two_sides() -> None:
    assert read(Email, "press@example.org") == "press@example.org"
    for text in ("press", "@example.org", "a@b@c", "Press <a@b>", "a@b\n"):
        assert "e-mail" in refusal(Email, text)


def test_a_network_has_no_host_bits() -> None:
    assert read(AllowedNetwork, "10.0.0.0/8") == ip_network("10.0.0.0/8")
    assert read(AllowedNetwork, "127.0.0.1") == ip_network("127.0.0.1/32")
    assert read(AllowedNetwork, "fd00::/8") == ip_network("fd00::/8")
    assert refusal(AllowedNetwork, "10.1.2.3/8") == "expected a network, such as '10.0.0.0/8'"
    assert refusal(AllowedNetwork, "192.168.1.9/24").endswith("'192.168.1.0/24'")
    for value in ("hub.example", 10, None):
        assert "expected a network" in refusal(AllowedNetwork, value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////var/a.db", "sqlite:////var/a.db"),
        ("postgresql://me@db/news", "postgresql://me@db/news"),
        ("postgresql://me:pw@db/news", "postgresql://me:(hidden)@db/news"),
        ("postgresql+psycopg://me:p:w@db/n", "postgresql+psycopg://me:(hidden)@db/n"),
        ("postgresql://me:p/w@x@db/news", "postgresql://me:(hidden)@db/news"),
        ("postgresql:///n?password=pw&a=b", "postgresql:///n?password=(hidden)&a=b"),
        ("postgresql:///n?a=b&sslpassword=pw", "postgresql:///n?a=b&sslpassword=(hidden)"),
    ],
)
def test_the_url_of_a_store_prints_without_its_password(url: str, shown: str) -> None:
    read_url = read(DatabaseUrl, url)
    assert str(read_url) == shown
    assert repr(read_url) == f"StoreUrl({shown!r})"
    assert f"{read_url}" == shown
    assert read_url.reveal() == url


def test_the_url_from_a_secret_file_does_not_print_at_all() -> None:
    url = read_store_url("postgresql://me@db/news", is_secret=True)
    assert (str(url), repr(url)) == ("(hidden)", "StoreUrl('(hidden)')")
    assert str(url.within("/data", beside="/etc/news")) == "(hidden)"
    assert url.reveal() == "postgresql://me@db/news"


@pytest.mark.parametrize("url", ["postgres://u:pw@h/d", "mysql://pw", "pw", "sqlite:///a b", 5])
def test_a_refused_url_of_a_store_is_not_repeated(url: object) -> None:
    message = refusal(DatabaseUrl, url)
    assert "postgresql://" in message
    assert "pw" not in message


def test_the_data_folder_is_filled_in() -> None:
    url = read_store_url("sqlite:///{data_folder}/communique.db")
    assert (
        url.within("/srv/news", beside="/etc/news").reveal() == "sqlite:////srv/news/communique.db"
    )
