"""Readers of RSS that know rssCloud: they register, are verified, and are told of changes."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

import pytest

from feeds.model.feed import Format
from tests.support.hub_server import HubServer, running_hub
from tests.support.running_service import Service, document, running, wait_until
from tests.support.subscriber import Call, Manner, Subscriber, running_subscriber

TOLD = "/told"


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    with running_subscriber("127.0.0.1") as reader:
        yield reader


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(folder=tmp_path)
    service.write_main({"own_hub": {"offered": True}})
    with running(service):
        service.wait_until_hubs_are_told()
        yield service


def rss(service: Service) -> ET.Element:
    """The feed of everything, as a reader of RSS has it."""
    return ET.fromstring(service.get("/feeds/all.rss").body)


def register(service: Service, **fields: object) -> ET.Element:
    """Ask where the feed says; what was answered."""
    channel = rss(service).find("channel")
    assert channel is not None
    cloud = channel.find("cloud")
    assert cloud is not None
    assert (cloud.get("registerProcedure"), cloud.get("protocol")) == ("", "http-post")
    connection = HTTPConnection(cloud.get("domain", ""), int(cloud.get("port", "")), timeout=10)
    form = {"notifyProcedure": "", "protocol": "http-post", "path": TOLD, **fields}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", cloud.get("path", ""), urlencode(form), headers)
    answer = ET.fromstring(connection.getresponse().read())
    connection.close()
    return answer


def topic_of(service: Service) -> str:
    return f"{service.base_url}/feeds/all.rss"


def form_of(call: Call) -> list[tuple[str, str]]:
    assert call.header("Content-Type") == "application/x-www-form-urlencoded"
    return parse_qsl(call.body.decode(), keep_blank_values=True)


def subscriptions(service: Service) -> int:
    """How many there are by now."""
    with service.opened_store() as database, database.read() as tx:
        return len(tx.subscriptions.listed())


def test_a_reader_is_told_at_the_address_from_which_it_asked(
    service: Service, reader: Subscriber
) -> None:
    """A first notification shows that it is there, the next one that there is news."""
    answer = register(service, port=reader.port, url1=topic_of(service))
    assert answer.get("success") == "true", answer.get("msg")
    [test] = reader.wait_for_deliveries(1, TOLD)
    assert form_of(test) == [("url", topic_of(service))]
    wait_until(lambda: subscriptions(service) == 1)

    service.drop("news.txt", document("A treaty is signed", "Finance"))
    [_, notified] = reader.wait_for_deliveries(2, TOLD)
    assert form_of(notified) == [("url", topic_of(service))]
    assert rss(service).findtext("channel/item/title") == "A treaty is signed"
    assert reader.verifications() == []


def test_a_reader_elsewhere_proves_by_a_challenge_that_it_wants_this(
    service: Service, reader: Subscriber
) -> None:
    reader.behave(TOLD, verify=Manner(body=lambda call: call.field("challenge").encode()))
    answer = register(service, domain="localhost", port=reader.port, url1=topic_of(service))
    assert answer.get("success") == "true", answer.get("msg")
    [asked] = reader.wait_for_verifications(1, TOLD)
    assert asked.field("url") == topic_of(service)
    assert len(asked.field("challenge")) >= 16
    wait_until(lambda: subscriptions(service) == 1)
    assert reader.deliveries() == []

    service.drop("news.txt", document("A treaty is signed", "Finance"))
    [notified] = reader.wait_for_deliveries(1, TOLD)
    assert form_of(notified) == [("url", topic_of(service))]


def test_a_reader_that_did_not_ask_is_not_told(service: Service, reader: Subscriber) -> None:
    """Its name was used by another; it does not repeat the challenge."""
    other = "/other"
    register(service, domain="localhost", port=reader.port, url1=topic_of(service))
    reader.wait_for_verifications(1, TOLD)
    register(service, port=reader.port, path=other, url1=topic_of(service))
    reader.wait_for_deliveries(1, other)
    wait_until(lambda: subscriptions(service) == 1)
    service.drop("news.txt", document("A treaty is signed", "Finance"))
    reader.wait_for_deliveries(2, other)
    assert reader.deliveries(TOLD) == []


def test_another_server_is_named_and_told_of_rss_alone(tmp_path: Path) -> None:
    with running_hub() as cloud:
        service = Service(folder=tmp_path)
        urls: dict[str, object] = {
            "register_url": "http://cloud.example:5337/pleaseNotify",
            "ping_url": cloud.url,
        }
        service.write_main({"rsscloud": urls})
        with running(service):
            named = rss(service).find("channel/cloud")
            assert named is not None
            assert (named.get("domain"), named.get("port")) == ("cloud.example", "5337")
            told_of(cloud, service)
            cloud.forget()
            service.drop("news.txt", document("A treaty is signed", "Finance"))
            told_of(cloud, service, slugs=("all", "finance"))
            assert "hub" not in service.get("/feeds/all.rss").headers["link"]


def told_of(
    cloud: HubServer, service: Service, slugs: tuple[str, ...] = ("all", "cooperation", "finance")
) -> None:
    """The server was told of the RSS documents of these feeds, once each."""
    expected = [f"{service.base_url}/feeds/{slug}.{Format.RSS}" for slug in slugs]
    arrivals = cloud.wait_for(len(expected))
    assert sorted(arrival.fields for arrival in arrivals) == [[("url", url)] for url in expected]
