"""HTTP rules as pure functions: conditional requests, negotiation, entity tags, addresses.

They depend on no server, framework or store, so that every layer that answers readers applies the
same rules.
"""

from service.http_rules.addresses import (
    HEADER_LINKS,
    link_field,
    names_one_host,
    split_base,
    uri,
)
from service.http_rules.decisions import (
    ByteRange,
    ConditionalDecision,
    Field,
    Representation,
    RequestFields,
    asked_pause,
    decide,
    http_date,
    request_fields,
)
from service.http_rules.entity_tags import (
    FEED_MANIPULATION,
    accepts_feed_delta,
    held_revisions,
    strong_tag,
)
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
    "HEADER_LINKS",
    "HTML_TYPE",
    "MAX_ACCEPT_CHARS",
    "MODE_FIELD",
    "PROBLEM_TYPE",
    "RAW",
    "ByteRange",
    "Coding",
    "ConditionalDecision",
    "Field",
    "Representation",
    "RequestFields",
    "accepts_feed_delta",
    "asked_pause",
    "choose_coding",
    "choose_type",
    "decide",
    "held_revisions",
    "http_date",
    "is_navigation",
    "link_field",
    "names_one_host",
    "prefers_html",
    "request_fields",
    "split_base",
    "strong_tag",
    "uri",
    "wants_raw",
]
