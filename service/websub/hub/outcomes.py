"""What became of a delivery. Pure: time and chance come in as arguments."""

from datetime import datetime
from http import HTTPStatus

from feeds.model.subscription import DeliveryResult, DueDelivery
from service.outbound import OutboundFailed, Receipt
from service.websub.retries import RetryPlan
from service.websub.wording import in_short


def outcome_of(
    delivery: DueDelivery,
    end: Receipt | OutboundFailed,
    *,
    edition: int,
    took_s: float,
    plan: RetryPlan,
    now: datetime,
    chance: float,
) -> DeliveryResult:
    """Judge how a delivery ended.

    Args:
        delivery: As it was claimed.
        end: The callback's answer, or why there is none.
        edition: What was sent.
        took_s: Until the end.
        plan: When to try again, and when no more.
        now: The moment.
        chance: From 0 to 1; see `RetryPlan`.

    Source: WebSub section 7: "The subscriber's callback URL MUST return an HTTP 2xx response code
    to indicate a success. The subscriber's callback URL MAY return an HTTP 410 code to indicate
    that the subscription has been deleted, and the hub MAY terminate the subscription if it
    receives that code as a response. The hub MUST consider all other subscriber response codes as
    failures."
    """
    took_ms = round(took_s * 1000)
    number, said = delivery.subscription_id, said_by(end)
    if isinstance(end, Receipt) and (end.is_success or end.status == HTTPStatus.GONE):
        return DeliveryResult(
            subscription_id=number,
            at=now,
            result=said,
            took_ms=took_ms,
            delivered_edition=edition if end.is_success else None,
            is_gone=end.status == HTTPStatus.GONE,
            is_well_again=end.is_success and delivery.is_suspended,
        )
    since = delivery.first_failed_at or now
    pause = plan.next_pause(delivery.attempts + 1, since, now, chance)
    return DeliveryResult(
        subscription_id=number,
        at=now,
        result=said,
        took_ms=took_ms,
        tried_edition=edition,
        retry_at=None if pause is None else now + pause,
        suspended_because=None if pause else f"no success for {in_short(now - since)}: {said}",
    )


def said_by(end: Receipt | OutboundFailed) -> str:
    """How a delivery ended, for a person; one line."""
    if isinstance(end, OutboundFailed):
        return end.reason
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= end.status < HTTPStatus.BAD_REQUEST
    return f"{end.status}; redirects are not followed" if is_redirect else str(end.status)
