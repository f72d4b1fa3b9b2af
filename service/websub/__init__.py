"""WebSub (W3C Recommendation of 23 January 2018), the publisher's side: telling hubs of news."""

from service.websub.ping_sender import (
    RSSCLOUD,
    TOPIC_FIELDS,
    PingFormat,
    PingResult,
    PingSender,
    PingVerdict,
)
from service.websub.publisher import Publisher
from service.websub.retries import RetryPlan

__all__ = [
    "RSSCLOUD",
    "TOPIC_FIELDS",
    "PingFormat",
    "PingResult",
    "PingSender",
    "PingVerdict",
    "Publisher",
    "RetryPlan",
]
