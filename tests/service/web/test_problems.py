"""What went wrong: a page for a browser, RFC 9457 for a machine."""

import logging

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import text

from feeds.model.feed import Format
from service.web import create_app
from tests.support.newsrooms import Office, later

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/feeds/none", "/feeds/none.rss", "/releases/none", "/none"])
def test_a_machine_gets_a_problem_document(client: FlaskClient, path: str) -> None:
    """RFC 9457 3: type, title, status, detail."""
    response = client.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json is not None
    assert response.json.pop("detail")
    assert response.get_json(force=True)["type"] == "about:blank"
    assert response.get_json(force=True)["title"] == "Not Found"
    assert response.get_json(force=True)["status"] == 404


@pytest.mark.parametrize("path", ["/feeds/none", "/feeds/none.rss", "/releases/none", "/none"])
def test_a_person_gets_a_page(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    tree = html.fromstring(response.get_data())
    assert tree.findtext(".//h1") == "There is nothing at this address"
    assert tree.xpath("//main//a/@href") == ["/"]
    assert tree.xpath("//meta[@name='robots']/@content") == ["noindex"]


@pytest.mark.parametrize("accept", ["*/*", BROWSER["Accept"]])
def test_no_problem_is_kept_by_a_cache(client: FlaskClient, accept: str) -> None:
    """RFC 9111 5.2.2.5; the answer depends on Accept (RFC 9110 12.5.5)."""
    headers = client.get("/none", headers={"Accept": accept}).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Vary"] == "Accept"
    assert "ETag" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", ["/", "/feeds/all", "/feeds/all.atom", "/feeds.opml", "/livez"])
def test_nothing_can_be_changed_here(client: FlaskClient, method: str, path: str) -> None:
    """RFC 9110 15.5.6: a 405 MUST tell the methods that are allowed."""
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.get_json(force=True)["title"] == "Method Not Allowed"


def test_a_store_out_of_reach_asks_for_patience(
    empty_office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9110 15.6.4 and 10.2.3; nobody outside is told what the store says."""
    client = create_app(empty_office.current).test_client()
    empty_office.publish(now=later(minutes=1))
    with empty_office.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE documents RENAME TO gone"))
    response = client.get("/feeds/all.atom")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert response.get_json(force=True)["detail"] == "the store cannot be reached"
    assert "documents" in caplog.text
    page = client.get("/feeds/all.atom", headers=BROWSER)
    assert html.fromstring(page.get_data()).findtext(".//h1") == "Not available at this moment"


def test_a_bug_is_logged_and_not_shown(
    empty_office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(slug: str, feed_format: Format) -> None:
        message = "secret inside"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(empty_office.newsstand, "version", broken)
    client = create_app(empty_office.current).test_client()
    with caplog.at_level(logging.ERROR):
        for accept in ("*/*", BROWSER["Accept"]):
            response = client.get("/feeds/all.atom", headers={"Accept": accept})
            assert response.status_code == 500
            assert "secret" not in response.text
            assert "Traceback" not in response.text
    assert "request failed" in caplog.text
    assert any(record.exc_info for record in caplog.records) or "ZeroDivisionError" in caplog.text
