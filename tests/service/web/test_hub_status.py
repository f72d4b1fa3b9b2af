"""The page that says whether pushes arrive; and to operators, who is subscribed."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from feeds.model.feed import ALL, Format
from feeds.model.token import Action, Token
from service.tokens import hash_of
from service.web import operators
from tests.service.web.watched_office import OTHER, SECRET, TOKEN, WatchedOffice
from tests.support.hub_books import failed, given_up
from tests.support.newsrooms import NOON, SITE, later

CALLBACK = "https://reader.example.com/push?of=finance"
OPERATOR, READER = "cq_operator", "cq_reader"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[WatchedOffice]:
    """A newsroom of one's own, with a hub that fell silent and a subscriber that fails."""
    opened = WatchedOffice(tmp_path)
    opened.verify()
    opened.tell(at=later(seconds=1))
    opened.refuse(SITE.hub, at=later(seconds=2), why="10.0.0.7 does not answer")
    number = opened.books.subscribe(CALLBACK, secret="subscriber's secret")
    opened.books.subscribe("https://well.example/", feed=ALL, format=Format.RSS)
    opened.books.open(100)
    opened.books.claim(number)
    opened.books.settle(failed(number))
    with opened.database.transaction() as tx:
        for text, action in ((OPERATOR, Action.OPERATE), (READER, Action.READ)):
            token = Token(name=action, actions=(action,), categories=None, made_at=NOON)
            tx.tokens.add(token, hash_hex=hash_of(text))
    opened.now = later(hours=1)
    yield opened
    opened.database.close()


def page(
    office: WatchedOffice, path: str = "/hub/status", *, token: str | None = None
) -> tuple[int, str]:
    """Status and text of a page, asked for as a browser does."""
    fields = {"Accept": "text/html"}
    if token is not None:
        fields["Authorization"] = f"Basic {b64encode(f'ops:{token}'.encode()).decode()}"
    answer = office.client.get(path, headers=fields)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, " ".join(answer.get_data(as_text=True).split())


def test_everybody_sees_how_hubs_do(office: WatchedOffice) -> None:
    status, text = page(office)
    assert status == 200
    assert "accepts pings, but no push ever arrived" in text
    assert "1 sent, 1 accepted" in text
    assert "0 of 1, 1 missing" in text
    assert "does not take pings" in text
    assert '<a href="/feeds/finance.atom">finance.atom</a></td><td class="count">1</td>' in text


def test_nobody_else_sees_who_is_subscribed_nor_what_was_said(office: WatchedOffice) -> None:
    _, text = page(office)
    for hidden in ("reader.example", "well.example", "10.0.0.7", TOKEN, SECRET, "500"):
        assert hidden not in text


def test_it_is_neither_kept_nor_found(office: WatchedOffice) -> None:
    answer = office.client.get("/hub/status")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Vary"] == "Authorization"
    assert '<meta name="robots" content="noindex">' in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/hub/status", "/hub/status/subscribers"])
def test_an_operator_sees_subscribers_and_what_failed(office: WatchedOffice, path: str) -> None:
    status, text = page(office, path, token=OPERATOR)
    assert status == 200
    assert text.count(f"<code>{CALLBACK}</code>") == 2  # in trouble, and in the list
    assert text.count("<code>https://well.example/</code>") == 1
    assert "retrying, 1 failed" in text
    assert "10.0.0.7 does not answer" in text
    for hidden in (TOKEN, SECRET, "subscriber&#39;s secret", "subscriber's secret"):
        assert hidden not in text


def test_a_bearer_of_such_a_token_may_be_a_program(office: WatchedOffice) -> None:
    answer = office.client.get(
        "/hub/status/subscribers", headers={"Authorization": f"Bearer {OPERATOR}"}
    )
    assert (answer.status_code, CALLBACK in answer.get_data(as_text=True)) == (200, True)


def test_a_browser_is_asked_for_the_token(office: WatchedOffice) -> None:
    answer = office.client.get("/hub/status/subscribers")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith('basic realm="communique"')
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/hub/status", "/hub/status/subscribers"])
@pytest.mark.parametrize("token", ["", "cq_unknown", "x" * 10_000, "é", "\x00"])
def test_a_token_that_is_none_is_refused(office: WatchedOffice, path: str, token: str) -> None:
    status, text = page(office, path, token=token)
    assert status == 401
    assert CALLBACK not in text


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Digest a=b", "Basic " + "é" * 9])
def test_what_is_no_credential_is_refused(office: WatchedOffice, header: str) -> None:
    answer = office.client.get("/hub/status", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_token_for_something_else_is_not_enough(office: WatchedOffice) -> None:
    assert page(office, token=READER)[0] == 403


def test_a_revoked_token_is_worth_nothing(office: WatchedOffice) -> None:
    with office.database.transaction() as tx:
        tx.tokens.revoke("operate", now=NOON)
    assert page(office, token=OPERATOR)[0] == 401


def test_subscribers_are_shown_a_page_at_a_time(
    office: WatchedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "PAGE_SUBSCRIBERS", 2)
    monkeypatch.setattr(operators, "PAGE_TROUBLES", 1)
    for number in range(3):
        office.books.subscribe(f"https://{number}.example/")
    seen: list[int] = []
    path = "/hub/status/subscribers"
    while path and len(seen) < 4:
        _, text = page(office, path, token=OPERATOR)
        shown = text.partition('id="subscribers"')[2]
        seen.append(shown.count("<code>"))
        path = shown.partition('class="more"><a href="')[2].partition('"')[0].replace("&amp;", "&")
    assert seen == [2, 2, 1]
    assert page(office, "/hub/status/subscribers?behind=-1", token=OPERATOR)[0] == 200
    assert page(office, "/hub/status/subscribers?behind=9" + "9" * 40, token=OPERATOR)[0] == 200


def test_who_gets_nothing_any_more_is_in_trouble_too(office: WatchedOffice) -> None:
    number = office.books.subscribe("https://dead.example/")
    office.books.open(101)
    office.books.claim(number, now=later(hours=1))
    office.books.settle(given_up(number))
    with office.database.read() as tx:
        troubled = tx.deliveries.page(limit=10, is_in_trouble=True)
    assert [one.subscription.callback for one in troubled] == [CALLBACK, "https://dead.example/"]


def test_without_a_canary_nobody_is_said_to_be_watched(office: WatchedOffice) -> None:
    office.configure({"canary": {"watches": False}, "own_hub": {"offered": False}})
    _, text = page(office)
    assert "is not watched at the moment" in text
    assert "Subscriptions at our own hub" not in text


def test_hubs_are_named(office: WatchedOffice) -> None:
    _, text = page(office)
    assert "Our own hub" in text
    assert OTHER.replace("&", "&amp;") in text
