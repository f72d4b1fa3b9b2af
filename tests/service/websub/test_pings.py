"""What a hub's answers mean."""

from datetime import UTC, datetime, timedelta

import pytest

from service.outbound import AddressForbidden, HttpResponse, OutboundTimedOut
from service.websub.ping_sender import outcome_of, outcome_of_failure

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOPIC = "https://news.example.org/feeds/all.atom"


def answer(status: int, reason: str = "", excerpt: str = "", **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=status, reason=reason, headers=named, excerpt=excerpt, elapsed_s=0.5)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_means_that_the_hub_was_told(status: int) -> None:
    outcome = outcome_of(answer(status, "Fine"), now=NOON)
    assert (outcome.is_accepted, outcome.result) == (True, f"{status} Fine")


@pytest.mark.parametrize("status", [199, 300, 304, 400, 401, 403, 404, 408, 410, 500, 502])
def test_anything_else_is_a_failure_that_speaks_of_the_topic(status: int) -> None:
    outcome = outcome_of(answer(status, retry_after="60"), now=NOON)
    assert not outcome.is_accepted
    assert not outcome.concerns_hub
    assert outcome.asked_pause is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_asks_for_time_speaks_of_itself(status: int) -> None:
    outcome = outcome_of(answer(status, retry_after="60"), now=NOON)
    assert not outcome.is_accepted
    assert outcome.concerns_hub
    assert outcome.asked_pause == timedelta(seconds=60)


def test_a_failure_shows_the_hubs_explanation() -> None:
    told = outcome_of(answer(400, "Bad Request", excerpt="unknown topic"), now=NOON).result
    assert told == "400 Bad Request: unknown topic"
    assert len(outcome_of(answer(400, excerpt="x" * 9_000), now=NOON).result) < 300


def test_a_redirect_tells_where_the_hub_seems_to_live_now() -> None:
    moved = answer(301, "Moved", location="https://new.example/")
    assert outcome_of(moved, now=NOON).result == (
        "301 Moved; redirects are not followed, this one goes to https://new.example/"
    )


@pytest.mark.parametrize("failure", [OutboundTimedOut, AddressForbidden])
def test_a_hub_that_gives_no_answer_speaks_of_itself(
    failure: type[OutboundTimedOut | AddressForbidden],
) -> None:
    outcome = outcome_of_failure(failure("https://hub.example/", "why"))
    assert (outcome.is_accepted, outcome.concerns_hub, outcome.result) == (False, True, "why")
