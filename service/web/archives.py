"""Archive documents of feeds (RFC 5005 section 4), for readers that want everything."""

from flask import Blueprint, Response

from feeds.errors import ArchiveNotFound
from feeds.model.archive import ArchivePage
from feeds.model.feed import Feed, Format
from service.http_rules import Coding, Representation
from service.web.answers import NOSNIFF, OPEN_TO_ALL, answer
from service.web.codecs import SMALLEST_FIRST
from service.web.desk import desk
from service.web.documents import cache_control
from service.web.fittings import FOR_EVER
from service.web.forms import Forms
from service.web.recall import recallable

#: How long it may be remembered that the next archive is not closed yet.
SOON = "public, max-age=60"

blueprint = Blueprint("archives", __name__)


@blueprint.get("/feeds/<slug:slug>/archive/<number:number>.<format:feed_format>")
@recallable
def show(slug: str, number: int, feed_format: Format) -> Response:
    """Answer with an archive document.

    Raises:
        FeedNotFound: There is no such feed.
        ArchiveNotFound: It has no archive of this number.
    """
    room = desk()
    feed = room.feed(slug)
    try:
        page = room.newsstand.archive(slug, number, feed_format, now=room.now)
    except ArchiveNotFound:
        if number > 1 and number == room.newsstand.last_archive(slug) + 1:
            return _not_closed_yet(room.site.topic(slug, feed_format))
        raise
    forms = Forms(page.document.gzip, Coding.GZIP)
    return answer(forms, _represent(page, feed, forms))


def _represent(page: ArchivePage, feed: Feed, forms: Forms) -> Representation:
    document = page.document
    fields = (
        ("Cache-Control", FOR_EVER if page.is_final else cache_control(feed, now=desk().now)),
        ("Vary", "Accept-Encoding"),
    )
    return Representation(
        revision=document.digest,
        media_type=f"{document.format.media_type}; charset=utf-8",
        length=forms.length,
        codings=SMALLEST_FIRST,
        modified_at=document.modified_at,
        fields=(*fields, *OPEN_TO_ALL.items(), *NOSNIFF.items()),
    )


def _not_closed_yet(current: str) -> Response:
    """Lead to the subscription document: what follows the newest archive is there.

    The newest archive names its successor from the first, because its bytes must not change when
    that is closed. RFC 9110 15.4.8: the way there is temporary.
    """
    response = Response(status=307)
    response.headers["Location"] = current
    response.headers["Cache-Control"] = SOON
    response.headers.update(OPEN_TO_ALL)
    return response
