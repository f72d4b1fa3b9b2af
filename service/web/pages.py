"""HTML pages: the newsroom, a feed, a release and its earlier revisions."""

from dataclasses import replace

from flask import Blueprint, Response
from markupsafe import Markup

from feeds.errors import RevisionNotFound
from feeds.model.feed import ALL
from feeds.model.history import Revision
from feeds.model.medium import media_in_text
from feeds.model.release import Release
from feeds.render.content import body as shown_body
from service.web.answers import answer_page, last_change, page_date
from service.web.body_markup import lead_picture, page_body, picture_address, size_on_page
from service.web.opml import grouped
from service.web.page_language import noted, page_language
from service.web.problems import ReleaseGone
from service.web.recall import recallable
from service.web.request_context import request_context
from service.web.wording import page_alternates

#: About a screenful and a half; feeds have the rest.
FRONT_PAGE_RELEASES = 20
#: A feed's window may hold thousands of entries; a page lists only the first of them.
MAX_LISTED_RELEASES = 100

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@recallable
def newsroom() -> Response:
    """Answers with the front page."""
    context = request_context()
    return answer_page(
        "newsroom.html",
        context.site.language,
        modified_at=page_date(context, last_change(context, ALL)),
        announced=context.catalogue.feeds[ALL],
        releases=context.newsstand.latest(ALL, limit=FRONT_PAGE_RELEASES),
        summaries=context.newsstand.summaries(),
        groups=grouped([feed for feed in context.feeds.values() if feed.slug != ALL]),
    )


@recallable
def feed_page(slug: str) -> Response:
    """Answers with a feed's page, at the URL where ``Accept`` may also choose a document."""
    context = request_context()
    shown, feeds = context.feed(slug), context.feeds
    date = page_date(context, last_change(context, slug))
    limit = min(shown.window.entries, MAX_LISTED_RELEASES)
    releases = context.newsstand.latest(slug, limit=limit)
    return answer_page(
        "feed.html",
        shown.only_in or shown.language,
        vary="Accept, Accept-Encoding",
        modified_at=date,
        announced=shown,
        releases=releases,
        months=context.newsstand.months(slug),
        ending=shown.ending if shown.has_ended(context.now) else None,
        beside=[one for one in context.catalogue.feeds_beside(slug) if one.slug in feeds],
    )


@blueprint.get("/releases/<slug:slug>")
@recallable
def release(slug: str) -> Response:
    """Answers with a release's page.

    Raises:
        ReleaseNotFound: There is no such release.
        ReleaseGone: It was retracted.
    """
    context = request_context()
    shown = context.newsstand.release_by_slug(slug)
    if shown.retraction is not None:
        raise ReleaseGone(shown, shown.retraction)
    neighbours = context.newsstand.neighbours(shown)
    return answer_page(
        "release.html",
        shown.content.language,
        modified_at=page_date(context, shown.changed_at, neighbours.changed_at),
        announced=context.catalogue.feeds[ALL],
        release=shown,
        body=body_of(shown),
        picture_size=_lead_picture_size(shown),
        alternates=page_alternates(
            shown.content.language, shown.slug, shown.translations, context.site
        ),
        categories=context.newsstand.categories_of(shown),
        history=context.newsstand.history(shown) if shown.revision > 1 else (),
        neighbours=neighbours,
    )


def _lead_picture_size(release: Release) -> tuple[int, int] | None:
    """Returns width and height of the picture above the text, as far as it is stored here.

    With them the text below stays where it is while the picture comes.
    """
    picture = lead_picture(release.content)
    address = None if picture is None else picture_address(picture)
    for use in media_in_text(address or ""):
        with request_context().database.read() as tx:
            medium = tx.media.find(use.digest)
        if medium is not None and medium.width and medium.height:
            return size_on_page(medium.width, medium.height)
    return None


@blueprint.get("/releases/<slug:slug>/revisions/<number:number>")
@recallable
def revision(slug: str, number: int) -> Response:
    """Answers with an earlier revision of a release.

    Raises:
        ReleaseNotFound: There is no such release.
        RevisionNotFound: It has no such revision, or was retracted.
    """
    context = request_context()
    present = context.newsstand.release_by_slug(slug)
    if present.retraction is not None:
        # Earlier revisions of a retracted release are not public either.
        raise RevisionNotFound(slug, number)
    former = context.newsstand.revision(present, number)
    return answer_page(
        "revision.html",
        former.content.language,
        modified_at=page_date(context, present.changed_at),
        announced=context.catalogue.feeds[ALL],
        present=present,
        step=former.step,
        release=_restored(present, former),
        body=body_of(_restored(present, former)),
    )


def _restored(present: Release, former: Revision) -> Release:
    return replace(
        present,
        revision=former.step.number,
        content=former.content,
        updated=former.updated,
        notes=former.notes,
    )


def body_of(release: Release) -> Markup:
    """Returns the body as markup: the only text on a page that is not escaped.

    It went through the allow-list of ``feeds.ingest`` before it was stored, and the page's
    Content-Security-Policy allows only our own scripts.
    """
    site = request_context().site
    label = page_language(release.content.language, site).messages.gettext(noted("Table"))
    shown = shown_body(release, site.time_zone)
    return Markup(page_body(shown, table_label=label))  # noqa: S704
