"""The rules of HTTP that all our answers keep: pure functions, whoever asks them.

Each is about what a request says and what there is to be had. They know no server, no framework
and no store, so that every layer that answers readers answers alike.
"""

from service.http_rules.codings import MAX_ACCEPT_CHARS, Coding, choose_coding
from service.http_rules.dates import http_date
from service.http_rules.decisions import (
    Asked,
    Decision,
    Field,
    Representation,
    asked_of,
    decide,
)
from service.http_rules.deltas import FEED_MANIPULATION, bases, takes_feed_delta
from service.http_rules.entity_tags import strong_tag
from service.http_rules.hosts import names_one_host
from service.http_rules.links import TOLD_LINKS, link_field, uri
from service.http_rules.media_types import HTML_TYPE, PROBLEM_TYPE, choose_type, prefers_html
from service.http_rules.navigations import MODE_FIELD, RAW, is_navigation, wants_raw
from service.http_rules.ranges import ByteRange

__all__ = [
    "FEED_MANIPULATION",
    "HTML_TYPE",
    "MAX_ACCEPT_CHARS",
    "MODE_FIELD",
    "PROBLEM_TYPE",
    "RAW",
    "TOLD_LINKS",
    "Asked",
    "ByteRange",
    "Coding",
    "Decision",
    "Field",
    "Representation",
    "asked_of",
    "bases",
    "choose_coding",
    "choose_type",
    "decide",
    "http_date",
    "is_navigation",
    "link_field",
    "names_one_host",
    "prefers_html",
    "strong_tag",
    "takes_feed_delta",
    "uri",
    "wants_raw",
]
