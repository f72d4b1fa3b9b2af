"""WebSub (W3C Recommendation of 23 January 2018), the publisher's side: telling hubs of news."""

from service.websub.dialects import RSSCLOUD, TOPIC_FIELDS, Dialect
from service.websub.publisher import Publisher
from service.websub.retries import RetryPlan
from service.websub.teller import PingResult, Teller, Verdict

__all__ = [
    "RSSCLOUD",
    "TOPIC_FIELDS",
    "Dialect",
    "PingResult",
    "Publisher",
    "RetryPlan",
    "Teller",
    "Verdict",
]
