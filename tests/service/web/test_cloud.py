"""Where readers of RSS register: what is posted there is taken or refused, and always answered.

Source: http://scripting.com/opmlHowto/dave/rssCloud/walkthrough.html. What comes after a success
is the hub process's.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from feeds.model.feed import ALL, Format
from feeds.model.subscription import Mode, PushProtocol
from service.websub.hub.requests import MAX_FORM_BYTES
from tests.service.web.offices import SITE
from tests.service.web.test_hub import Hub
from tests.support.newsrooms import NOON

FORM = "application/x-www-form-urlencoded"
PATH = "/cloud/pleaseNotify"
RSS = SITE.topic(ALL, Format.RSS)
OTHER = SITE.topic("cooperation", Format.RSS)
GOOD = {
    "notifyProcedure": "",
    "port": "9",
    "path": "/told?a=%C3%A9",
    "protocol": "http-post",
    "url1": RSS,
}
LOOPBACK = "127.0.0.1"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A newsroom of one's own."""
    opened = Hub(tmp_path)
    yield opened
    opened.database.close()


def post(
    hub: Hub, changes: dict[str, str] | None = None, /, *, address: str = LOOPBACK
) -> TestResponse:
    """Post a good form with these changes, from an address."""
    return post_body(hub, urlencode({**GOOD, **(changes or {})}).encode(), address=address)


def post_body(hub: Hub, body: bytes, *, address: str = LOOPBACK) -> TestResponse:
    """Post a form as it is."""
    return hub.client.post(
        PATH, data=body, content_type=FORM, environ_overrides={"REMOTE_ADDR": address}
    )


def said(response: TestResponse) -> tuple[str | None, str]:
    """Both attributes of the answer."""
    assert response.content_type.partition(";")[0] == "application/xml"
    assert response.headers["Cache-Control"] == "no-store"
    root = ET.fromstring(response.data)
    assert (root.tag, set(root.attrib)) == ("notifyResult", {"success", "msg"})
    return root.get("success"), root.attrib["msg"]


def test_a_good_registration_is_kept(hub: Hub) -> None:
    response = post(hub)
    assert response.status_code == 200
    success, message = said(response)
    assert success == "true"
    assert "asked next whether it wants this" in message
    [pending] = hub.pending
    request = pending.request
    assert (request.mode, request.wire) == (Mode.SUBSCRIBE, PushProtocol.RSSCLOUD)
    assert (request.feed, request.format, request.topic) == (ALL, Format.RSS, RSS)
    assert request.callback == f"http://{LOOPBACK}:9/told?a=%C3%A9"
    assert (request.host, request.client) == (LOOPBACK, LOOPBACK)
    assert (request.lease_s, request.secret, pending.asked_at) == (25 * 3600, None, NOON)


def test_each_url_is_a_subscription_of_its_own(hub: Hub) -> None:
    """One that stands twice is one."""
    assert said(post(hub, {"url2": OTHER, "url10": RSS}))[0] == "true"
    assert [pending.request.feed for pending in hub.pending] == [ALL, "cooperation"]


def test_a_domain_is_told_instead_of_who_asks(hub: Hub) -> None:
    post(hub, {"domain": "localhost"}, address="192.0.2.1")
    [pending] = hub.pending
    assert pending.request.callback == "http://localhost:9/told?a=%C3%A9"
    assert (pending.request.host, pending.request.client) == ("localhost", "192.0.2.1")


def test_behind_a_proxy_the_client_is_who_asks(hub: Hub) -> None:
    hub.configure(http={"trusted_proxies": ["192.0.2.9/32"]})
    hub.client.post(
        PATH,
        data=urlencode(GOOD),
        content_type=FORM,
        headers={"X-Forwarded-For": LOOPBACK},
        environ_overrides={"REMOTE_ADDR": "192.0.2.9"},
    )
    [pending] = hub.pending
    assert pending.request.host == LOOPBACK


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"port": ""}, "port is missing", id="no port"),
        pytest.param({"protocol": "xml-rpc"}, "protocol is neither", id="protocol"),
        pytest.param({"url1": ""}, "url1 is missing", id="no URL"),
        pytest.param({"url1": SITE.topic(ALL, Format.ATOM)}, f"at {RSS}", id="Atom"),
        pytest.param({"url1": "https://a.example/feed"}, "url1 is no feed of this", id="another's"),
        pytest.param({"url2": "x"}, "url2 is no feed of this newsroom", id="the second one"),
        pytest.param({"domain": "10.0.0.1", "port": "80"}, "not public", id="private"),
        pytest.param({"domain": "news.example.org", "port": "443", "protocol": "https-post"},
                     "this newsroom's own address", id="our own"),
        pytest.param({"domain": "93.184.216.34", "port": "22"}, "port 22", id="another port"),
        pytest.param({"domain": "me@a.example"}, "has a user name", id="a user"),
        pytest.param({"path": "/a\r\nX: y"}, "printable ASCII", id="line breaks"),
        pytest.param({"domain": "<&\"'"}, "not an absolute", id="markup"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_why_and_nothing_is_kept(
    hub: Hub, changes: dict[str, str], message: str
) -> None:
    success, told = said(post(hub, changes))
    assert success == "false"
    assert message in told
    assert hub.pending == []


def test_one_bad_url_among_good_ones_keeps_none(hub: Hub) -> None:
    post(hub, {"url2": "https://a.example/feed"})
    assert hub.pending == []


def test_who_asks_too_often_is_told_to_wait(hub: Hub) -> None:
    hub.configure(own_hub={"requests_per_minute": 1, "burst": 1})
    assert post(hub).status_code == 200
    response = post(hub)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert said(response)[0] == "false"


def test_too_many_that_wait_for_one_host_are_refused_together(hub: Hub) -> None:
    hub.configure(own_hub={"pending_per_host": 1})
    response = post(hub, {"url2": OTHER})
    assert response.status_code == 429
    assert said(response)[0] == "false"
    assert hub.pending == []


def test_a_body_that_is_no_form_of_ours_is_refused_in_xml(hub: Hub) -> None:
    large = post_body(hub, b"a" * (MAX_FORM_BYTES + 1))
    assert (large.status_code, said(large)[0]) == (413, "false")
    json = hub.client.post(PATH, json={})
    assert (json.status_code, said(json)[0]) == (415, "false")


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param({"rsscloud": {"offered": False}}, id="not offered"),
        pytest.param({"own_hub": {"offered": False}}, id="no hub"),
        pytest.param(
            {
                "rsscloud": {
                    "register_url": "https://cloud.example/pleaseNotify",
                    "ping_url": "https://cloud.example/ping",
                }
            },
            id="another server's",
        ),
    ],
)
def test_it_is_there_while_documents_name_it(
    hub: Hub, sections: dict[str, dict[str, object]]
) -> None:
    hub.configure(**sections)
    assert post(hub).status_code == 404
    assert hub.pending == []


def test_it_takes_no_other_method(hub: Hub) -> None:
    assert hub.client.get(PATH).status_code == 405


@settings(
    max_examples=3 * settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(
        st.sampled_from(["port", "path", "protocol", "domain", "url1", "url2", "url", "x"]),
        st.one_of(st.text(max_size=30), st.sampled_from(["9", "http-post", "/", RSS, "[::1", "%"])),
    ),
    st.binary(max_size=20),
)
def test_whatever_is_sent_is_answered_as_the_protocol_has_it(
    hub: Hub, changes: dict[str, str], tail: bytes
) -> None:
    hub.configure()
    body = urlencode({**GOOD, **changes}, errors="surrogatepass").encode() + b"&" + tail
    response = post_body(hub, body)
    assert response.status_code in (200, 429)
    assert said(response)[0] in ("true", "false")
