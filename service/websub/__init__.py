"""WebSub (W3C Recommendation of 23 January 2018), the publisher's side: telling hubs of news."""

from service.websub.pings import TOPIC_FIELDS, ping_fields
from service.websub.publisher import Publisher
from service.websub.retries import RetryPlan
from service.websub.teller import PingResult, Teller, Verdict

__all__ = [
    "TOPIC_FIELDS",
    "PingResult",
    "Publisher",
    "RetryPlan",
    "Teller",
    "Verdict",
    "ping_fields",
]
