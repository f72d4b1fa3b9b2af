"""Feed documents, for readers and aggregators."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotAcceptable

from feeds.model.edition import FeedDocument
from feeds.model.feed import Feed, Format
from feeds.render import decompress
from service.http_rules import Coding, Validators, choose_coding, link_field
from service.web.answers import OPEN_TO_ALL, answer
from service.web.desk import desk, furniture
from service.web.problems import NoEditionYet

#: A shared cache may hand out a document this long after its time while it fetches the new one.
STALE_WHILE_REVALIDATE_S = 60
#: And this long when we cannot be reached: the last good edition is better than none.
STALE_IF_ERROR_S = 24 * 60 * 60

blueprint = Blueprint("documents", __name__)


@blueprint.get("/feeds/<slug:slug>.<format:feed_format>")
def show(slug: str, feed_format: Format) -> Response:
    """Answer with a feed in one format."""
    feed = desk().feed(slug)
    document = furniture().shelf.fetch(desk().newsstand, slug, feed_format)
    if document is None:
        raise NoEditionYet(slug)
    coding = choose_coding(request.headers.get("Accept-Encoding"))
    if coding is None:
        raise NotAcceptable("This document is to be had as it is, or with gzip.")
    return _in_coding(document, feed, coding)


def _in_coding(document: FeedDocument, feed: Feed, coding: Coding) -> Response:
    headers = {
        "Cache-Control": cache_control(feed.ttl_minutes),
        "Vary": "Accept-Encoding",
        # From the document, not from the configuration: header and body tell one story.
        "Link": link_field(document.links),
    }
    if coding is Coding.GZIP:
        headers["Content-Encoding"] = coding
    return answer(
        lambda: document.gzip if coding is Coding.GZIP else decompress(document.gzip),
        media_type=f"{document.format.media_type}; charset=utf-8",
        validators=Validators(
            revision=document.digest, coding=coding, modified_at=document.modified_at
        ),
        headers=headers,
    )


def cache_control(ttl_minutes: int) -> str:
    """Tell caches how long a document is good (RFC 9111 section 5.2.2, RFC 5861)."""
    return (
        f"public, max-age={ttl_minutes * 60}"
        f", stale-while-revalidate={STALE_WHILE_REVALIDATE_S}"
        f", stale-if-error={STALE_IF_ERROR_S}"
    )


@blueprint.after_request
def open_to_scripts(response: Response) -> Response:
    """Let a reader inside a browser ask first (a CORS preflight), and see why it got nothing.

    Conditional fields are not on the list of headers that a browser sends unasked.
    """
    response.headers.update(OPEN_TO_ALL)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, HEAD"
        response.headers["Access-Control-Allow-Headers"] = "If-None-Match, If-Modified-Since"
        response.headers["Access-Control-Max-Age"] = "86400"
    return response
