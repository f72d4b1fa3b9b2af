"""Alive, and ready to be given requests."""

from sqlalchemy import text

from service.web import create_app
from tests.service.web.offices import CATALOGUE
from tests.support.newsrooms import Office, later


def test_a_process_that_answers_is_alive(empty_office: Office) -> None:
    response = create_app(empty_office).test_client().get("/livez")
    assert (response.status_code, response.json) == (200, {"status": "alive"})
    assert response.headers["Cache-Control"] == "no-store"


def test_every_feed_needs_an_edition_first(empty_office: Office) -> None:
    client = create_app(empty_office).test_client()
    waiting = client.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json == {
        "status": "waiting",
        "reasons": [f"feed {slug!r} has no edition yet" for slug in CATALOGUE.feeds],
    }
    empty_office.publish(now=later(minutes=1))
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"status": "ready"})
    assert ready.headers["Cache-Control"] == "no-store"


def test_a_store_that_is_gone_is_told(empty_office: Office) -> None:
    """A file that is no database any more."""
    client = create_app(empty_office).test_client()
    empty_office.publish(now=later(minutes=1))
    with empty_office.database.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE feeds RENAME TO gone"))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json == {"status": "waiting", "reasons": ["the store cannot be reached"]}
    assert client.get("/livez").status_code == 200
