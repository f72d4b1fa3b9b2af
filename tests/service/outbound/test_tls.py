"""TLS goes by the name in the URL, although the connection goes to a checked address."""

import ssl
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
import trustme

from service.outbound import HttpClient, ServerUnreachable
from tests.support.hub_server import HubServer, running_hub

FIELDS = [("hub.mode", "publish")]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def asked_names() -> list[str | None]:
    """The names that clients asked for by SNI."""
    return []


@pytest.fixture
def hub(authority: trustme.CA, asked_names: list[str | None]) -> Iterator[HubServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hub.example").configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: asked_names.append(name)
    with running_hub(tls=context) as hub:
        yield hub


@pytest.fixture
def door(authority: trustme.CA, tmp_path: Path) -> HttpClient:
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return HttpClient(
        [ip_network("127.0.0.1/32")],
        10.0,
        1000,
        "communique-test",
        ca_file=ca_file,
        resolve=lambda _host, _port: [ip_address("127.0.0.1")],
    )


def test_the_certificate_and_sni_go_by_the_name(
    door: HttpClient, hub: HubServer, asked_names: list[str | None]
) -> None:
    assert door.post_form(hub.url_at("hub.example"), FIELDS).status == 204
    assert asked_names == ["hub.example"]
    assert hub.arrivals[0].headers["host"] == f"hub.example:{hub.port}"


def test_a_dot_at_the_end_of_the_name_is_no_part_of_it(door: HttpClient, hub: HubServer) -> None:
    assert door.post_form(hub.url_at("hub.example."), FIELDS).status == 204


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    door: HttpClient, hub: HubServer, host: str
) -> None:
    with pytest.raises(ServerUnreachable, match="certificate refused") as failed:
        door.post_form(hub.url_at(host), FIELDS)
    assert not failed.value.permanent
    assert hub.arrivals == []


def test_a_certificate_of_an_unknown_authority_is_refused(hub: HubServer) -> None:
    door = HttpClient(
        [ip_network("127.0.0.1/32")],
        10.0,
        1000,
        "communique-test",
        resolve=lambda _host, _port: [ip_address("127.0.0.1")],
    )
    with pytest.raises(ServerUnreachable, match="certificate refused"):
        door.post_form(hub.url_at("hub.example"), FIELDS)
    assert hub.arrivals == []
