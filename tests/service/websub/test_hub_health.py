"""How a hub does is said in plain words, and the worst first."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds.model.feed import Format
from feeds.model.subscription import Canary, CanaryState, HubTally, Push
from service.websub.hub_health import Assessment, HubHealth, PushRecord, assess, count_pushes
from tests.support.newsrooms import NOON, later

MISSING_AFTER = timedelta(minutes=10)
NOW = later(hours=1)
VERIFIED = Canary(
    hub="https://hub.example/",
    feed="all",
    format=Format.ATOM,
    topic="https://news.example.org/feeds/all.atom",
    token="t",
    secret="s",
    state=CanaryState.VERIFIED,
    due_at=later(days=3),
    verified_at=NOON,
    expires_at=later(days=7),
    last_result="verified for 168h",
)
ASKED = replace(
    VERIFIED,
    state=CanaryState.ASKED,
    attempts=3,
    verified_at=None,
    expires_at=None,
    last_result="202",
)


def push(edition: int, told: float | None, came: float | None = None) -> Push:
    """A push, by minutes after noon."""

    def at(minutes: float | None) -> datetime | None:
        return None if minutes is None else later(minutes=minutes)

    return Push(edition=edition, told_at=at(told), arrived_at=at(came))


def said(
    canary: Canary | None = VERIFIED,
    *pushes: Push,
    is_failing: bool = False,
    last_failure: str | None = None,
) -> Assessment:
    """What is said of a hub an hour after noon."""
    return assess(
        canary,
        HubTally(hub="https://hub.example/", last_failure=last_failure),
        count_pushes(pushes, now=NOW, missing_after=MISSING_AFTER),
        now=NOW,
        missing_after=MISSING_AFTER,
        is_failing=is_failing,
    )


def test_what_was_owed_and_what_came_is_counted() -> None:
    record = count_pushes(
        [push(5, 55), push(4, 40), push(3, 30, 36), push(2, None, 20), push(1, 10, 11)],
        now=NOW,
        missing_after=MISSING_AFTER,
    )
    assert record == PushRecord(
        expected=4,
        seen=2,
        missing=1,
        waiting=1,
        median_delay=timedelta(minutes=3.5),
        worst_delay=timedelta(minutes=6),
        last_arrived_at=later(minutes=36),
        first_missing_at=later(minutes=40),
    )


def test_a_push_that_was_faster_than_the_answer_took_no_time() -> None:
    assert push(1, 2, 1).delay == timedelta(0)
    assert push(1, None, 1).delay is None


@pytest.mark.parametrize(
    ("assessment", "health", "words"),
    [
        pytest.param(said(VERIFIED, push(1, 1, 2)), HubHealth.WELL, "pushes arrive", id="well"),
        pytest.param(
            said(VERIFIED), HubHealth.QUIET, "has our subscription; no push was due since", id="new"
        ),
        pytest.param(
            said(VERIFIED, push(2, 55), push(1, 1, 2)),
            HubHealth.WELL,
            "pushes arrive",
            id="there is still time",
        ),
        pytest.param(
            said(VERIFIED, push(2, 50), push(1, 1, 2)),
            HubHealth.MUTE,
            "accepts pings, but no push arrived since 2026-03-02 12:02 UTC",
            id="fell silent",
        ),
        pytest.param(
            said(VERIFIED, push(2, 20), push(1, 1)),
            HubHealth.MUTE,
            "accepts pings, but no push ever arrived: the first was due 2026-03-02 12:01 UTC",
            id="never said anything",
        ),
        pytest.param(
            said(VERIFIED, push(3, 20, 32), push(2, 10, 22), push(1, 1, 2)),
            HubHealth.SLOW,
            "slow: half of its pushes take 12m or more",
            id="slow",
        ),
        pytest.param(
            said(VERIFIED, push(3, 20, 45), push(2, 10, 11), push(1, 1, 2)),
            HubHealth.WELL,
            "pushes arrive",
            id="slow once",
        ),
        pytest.param(
            said(None),
            HubHealth.UNWATCHED,
            "not watched: whether it pushes is not known",
            id="none",
        ),
        pytest.param(
            said(replace(ASKED, attempts=1)),
            HubHealth.QUIET,
            "was just asked for a subscription: 202",
            id="just asked",
        ),
        pytest.param(
            said(ASKED),
            HubHealth.UNVERIFIED,
            "has not verified our subscription in 3 askings: it cannot reach our address, or does "
            "not try: 202",
            id="unverified",
        ),
        pytest.param(
            said(replace(VERIFIED, expires_at=NOW, attempts=9)),
            HubHealth.UNVERIFIED,
            "has not renewed our subscription, which ended 2026-03-02 13:00 UTC: verified for 168h",
            id="ran out",
        ),
        pytest.param(
            said(replace(ASKED, state=CanaryState.DENIED, last_result="denied: no")),
            HubHealth.DENIED,
            "denies our subscription: denied: no",
            id="denied",
        ),
        pytest.param(
            said(VERIFIED, push(1, 1), is_failing=True, last_failure="500 Internal Server Error"),
            HubHealth.REFUSING,
            "does not take pings: 500 Internal Server Error",
            id="refusing",
        ),
    ],
)
def test_a_hub_is_judged_in_plain_words(
    assessment: Assessment, health: HubHealth, words: str
) -> None:
    assert (assessment.health, str(assessment)) == (health, words)


def test_what_the_public_is_told_holds_nothing_that_a_hub_said() -> None:
    assessment = said(VERIFIED, is_failing=True, last_failure="10.0.0.7 refused")
    assert assessment.words == "does not take pings"


def test_good_hubs_and_those_that_nobody_knows_are_no_trouble() -> None:
    assert {health for health in HubHealth if not health.is_trouble} == {
        HubHealth.WELL,
        HubHealth.QUIET,
        HubHealth.UNWATCHED,
    }
