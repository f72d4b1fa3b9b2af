"""The publisher's side of WebSub (W3C Recommendation, 23 January 2018): pings to hubs."""

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
