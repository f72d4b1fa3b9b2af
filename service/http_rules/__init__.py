"""The rules of HTTP that all our answers keep: pure functions, whoever asks them.

Each is about what a request says and what there is to be had. They know no server, no framework
and no store, so that every layer that answers readers answers alike.
"""

from service.http_rules.addresses import TOLD_LINKS, link_field, names_one_host, uri
from service.http_rules.decisions import (
    ByteRange,
    ConditionalDecision,
    Field,
    Representation,
    RequestFields,
    decide,
    http_date,
    request_fields,
)
from service.http_rules.entity_tags import FEED_MANIPULATION, bases, strong_tag, takes_feed_delta
from service.http_rules.negotiation import (
    HTML_TYPE,
    MAX_ACCEPT_CHARS,
    MODE_FIELD,
    PROBLEM_TYPE,
    RAW,
    Coding,
    choose_coding,
    choose_type,
    is_navigation,
    prefers_html,
    wants_raw,
)

__all__ = [
    "FEED_MANIPULATION",
    "HTML_TYPE",
    "MAX_ACCEPT_CHARS",
    "MODE_FIELD",
    "PROBLEM_TYPE",
    "RAW",
    "TOLD_LINKS",
    "ByteRange",
    "Coding",
    "ConditionalDecision",
    "Field",
    "Representation",
    "RequestFields",
    "bases",
    "choose_coding",
    "choose_type",
    "decide",
    "http_date",
    "is_navigation",
    "link_field",
    "names_one_host",
    "prefers_html",
    "request_fields",
    "strong_tag",
    "takes_feed_delta",
    "uri",
    "wants_raw",
]
