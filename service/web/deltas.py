"""What is new since a reader's last look, and nothing else (RFC 3229)."""

from flask import Response, request

from feeds.model.delta import Delta
from feeds.model.feed import Feed
from service.http_rules import (
    FEED_MANIPULATION,
    Coding,
    Representation,
    bases,
    choose_coding,
    strong_tag,
    takes_feed_delta,
)
from service.web.answers import Answer
from service.web.codecs import encode
from service.web.desk import desk
from service.web.shelf import Copy

#: RFC 3229 section 10.4.1: "226 IM Used".
STATUS = "226 IM Used"

#: RFC 3229 section 10.7.3 has ``im`` for caches that know what a delta is; the others must not
#: keep one, for they would hand it to readers that hold something else.
NO_STORE = "no-store, im"

#: What the choice of entries depends on, beside what documents depend on anyway.
VARY = "A-IM, If-None-Match, User-Agent"


def is_offered(feed: Feed, user_agent: str) -> bool:
    """True when a reader of this name may be given deltas of the feed."""
    if feed.deltas is None:
        return False
    named = user_agent.lower()
    return not any(part.lower() in named for part in feed.deltas.not_for)


def answer_delta(feed: Feed, copy: Copy, described: Representation) -> Response | None:
    """Answer the current request, which is due the whole document, with what is new in it.

    Returns:
        None when the whole is to be sent: the reader does not ask for less, holds nothing, or
        holds what we do not remember (section 10.4.1: "226 … only if the request had A-IM", and
        a base instance that the server has).
    """
    asks = takes_feed_delta(request.headers.get("A-IM"))
    if not asks or not is_offered(feed, request.headers.get("User-Agent", "")):
        return None
    held = bases(request.headers.get("If-None-Match"))
    coding = choose_coding(request.headers.get("Accept-Encoding"), described.codings)
    if not held or coding is None:
        return None
    plain = copy.forms.get(Coding.IDENTITY)
    delta = desk().newsstand.delta(copy.document, plain, since=tuple(held))
    return None if delta is None else _answer(described, delta, held[delta.base], coding)


def _answer(described: Representation, delta: Delta, base_tag: str, coding: Coding) -> Response:
    response = Answer([encode(delta.body, coding)], status=STATUS)
    response.headers.extend(described.fields)
    response.headers["Content-Type"] = described.media_type
    response.headers["IM"] = FEED_MANIPULATION
    response.headers["Delta-Base"] = base_tag
    # Section 10.4.1: the tag is that of the current whole, so that the next look goes from here.
    response.headers["ETag"] = strong_tag(described.revision, coding)
    if described.modified_at is not None:
        response.last_modified = described.modified_at
    vary, freshness = response.headers["Vary"], response.headers["Cache-Control"]
    response.headers["Vary"] = f"{vary}, {VARY}"
    response.headers["Cache-Control"] = f"{NO_STORE}, {_max_age(freshness)}"
    if coding is not Coding.IDENTITY:
        response.headers["Content-Encoding"] = coding.value
    return response


def _max_age(cache_control: str) -> str:
    """The part of a ``Cache-Control`` that tells a reader when to look again."""
    [max_age] = [one for one in cache_control.split(", ") if one.startswith("max-age=")]
    return max_age
