"""What a hub's answer to a ping means. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.outbound import Answer, OutboundFailed
from service.websub.retries import asked_pause

#: What is kept of a hub's explanation: enough for a person, short enough for a line of the log.
_MAX_EXCERPT_CHARS = 200

#: Answers that speak of the hub rather than of the topic (RFC 6585 section 4, RFC 9110 15.6.4).
_HUB_ASKS_FOR_TIME = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one ping."""

    is_told: bool
    result: str  #: for a person; one line
    took_s: float = 0.0  #: until the hub had answered; 0 when it did not
    concerns_hub: bool = False  #: True when another topic would fare no better with it now
    asked_pause: timedelta | None = None  #: how long the hub wants to be left alone


def outcome_of(answer: Answer, *, now: datetime) -> Outcome:
    """Judge a hub's answer. Everything but 2xx is tried again, 4xx too: hubs have bad days.

    A redirect is a failure: it is the operator who says where pings go.
    """
    said = f"{answer.status} {answer.reason}".rstrip()
    if answer.is_success:
        return Outcome(is_told=True, result=said, took_s=answer.elapsed_s)
    if location := answer.headers.get("location"):
        said = f"{said}; redirects are not followed, this one goes to {location}"
    if excerpt := answer.excerpt[:_MAX_EXCERPT_CHARS]:
        said = f"{said}: {excerpt}"
    asks_for_time = answer.status in _HUB_ASKS_FOR_TIME
    pause = asked_pause(answer.headers.get("retry-after"), now=now) if asks_for_time else None
    return Outcome(
        is_told=False,
        result=said,
        took_s=answer.elapsed_s,
        concerns_hub=asks_for_time,
        asked_pause=pause,
    )


def outcome_of_failure(error: OutboundFailed) -> Outcome:
    """Judge a hub that gave no answer. Forbidden and unusable addresses are tried again too.

    A DNS record may be wrong for an hour; meanwhile the reason stands in ``hub pings``.
    """
    return Outcome(is_told=False, result=error.reason, concerns_hub=True)
