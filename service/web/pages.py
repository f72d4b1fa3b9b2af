"""Pages for a person: the newsroom, a feed, a release."""

from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Flask, Response, render_template
from markupsafe import Markup

from feeds.errors import RevisionNotFound
from feeds.model.feed import ALL, Format
from feeds.model.history import Revision
from feeds.model.release import Release
from feeds.model.text import direction
from feeds.render.content import body as shown_body
from service.http_rules import RAW
from service.web import wording
from service.web.answers import answer_bytes, last_change, page_date
from service.web.opml import grouped
from service.web.problems import ReleaseGone
from service.web.recall import recallable
from service.web.request_context import RequestContext, app_state, request_context
from service.web.wording import page_alternates
from service.websub.retries import delay_in_short

#: The front page shows about a screenful and a half; feeds have the rest.
FRONT_PAGE_RELEASES = 20
#: A feed's window may hold thousands of entries; nobody scrolls that far.
MAX_LISTED_RELEASES = 100
#: Pages hold what changes by the minute, and 304s are cheap.
CACHE_CONTROL = "public, max-age=60"

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
@recallable
def newsroom() -> Response:
    """Answer with the front page."""
    room = request_context()
    return _page(
        "newsroom.html",
        modified_at=page_date(room, last_change(room, ALL)),
        announced=room.catalogue.feeds[ALL],
        releases=room.newsstand.latest(ALL, limit=FRONT_PAGE_RELEASES),
        groups=grouped([feed for feed in room.feeds.values() if feed.slug != ALL]),
    )


@recallable
def feed_page(slug: str) -> Response:
    """Answer with a feed's page, at an address that has the feed's documents, too."""
    room = request_context()
    shown = room.feed(slug)
    date = page_date(room, last_change(room, slug))
    limit = min(shown.window.entries, MAX_LISTED_RELEASES)
    releases = room.newsstand.latest(slug, limit=limit)
    return _page(
        "feed.html",
        vary="Accept, Accept-Encoding",
        modified_at=date,
        announced=shown,
        releases=releases,
        ending=shown.ending if shown.has_ended(room.now) else None,
        beside=[one for one in room.catalogue.feeds_beside(slug) if one.slug in room.feeds],
    )


@blueprint.get("/releases/<slug:slug>")
@recallable
def release(slug: str) -> Response:
    """Answer with a release's page.

    Raises:
        ReleaseNotFound: There is no such release.
        ReleaseGone: It was retracted.
    """
    room = request_context()
    shown = room.newsstand.release_by_slug(slug)
    if shown.retraction is not None:
        raise ReleaseGone(shown, shown.retraction)
    return _page(
        "release.html",
        modified_at=page_date(room, shown.changed_at),
        announced=room.catalogue.feeds[ALL],
        release=shown,
        body=body_of(shown),
        alternates=page_alternates(
            shown.content.language, shown.slug, shown.translations, room.site
        ),
        categories=room.newsstand.categories_of(shown),
        history=room.newsstand.history(shown) if shown.revision > 1 else (),
    )


@blueprint.get("/releases/<slug:slug>/revisions/<number:number>")
@recallable
def revision(slug: str, number: int) -> Response:
    """Answer with what a release was before it was corrected."""
    room = request_context()
    present = room.newsstand.release_by_slug(slug)
    if present.retraction is not None:
        # What was taken back is not to be read in an earlier wording either.
        raise RevisionNotFound(slug, number)
    former = room.newsstand.revision(present, number)
    return _page(
        "revision.html",
        modified_at=page_date(room, present.changed_at),
        announced=room.catalogue.feeds[ALL],
        present=present,
        step=former.step,
        release=_as_it_was(present, former),
        body=body_of(_as_it_was(present, former)),
    )


def _as_it_was(present: Release, former: Revision) -> Release:
    return replace(
        present,
        revision=former.step.number,
        content=former.content,
        updated=former.updated,
        notes=former.notes,
    )


def body_of(release: Release) -> Markup:
    """Return the body as markup: the one text on a page that is not escaped.

    It went through the allow-list of ``feeds.ingest`` before it was stored, and the page's
    Content-Security-Policy runs no script that is not ours.
    """
    return Markup(shown_body(release))  # noqa: S704


def _page(
    template: str,
    *,
    modified_at: datetime | None,
    vary: str = "Accept-Encoding",
    **context: object,
) -> Response:
    return answer_bytes(
        render_template(template, **context).encode(),
        media_type="text/html; charset=utf-8",
        cache_control=CACHE_CONTROL,
        vary=vary,
        modified_at=modified_at,
    )


def register_filters(app: Flask) -> None:
    """Give the templates of *app* their words."""
    app.jinja_env.filters.update(
        day=wording.day,
        minute=wording.minute,
        machine=wording.machine,
        direction=direction,
        language_name=wording.language_name,
        text_direction=wording.text_direction,
        size=wording.size,
        clock=wording.clock,
        dial=wording.dial,
        mail=wording.mail,
        bare=wording.bare,
        file_name=wording.file_name,
        host=wording.host,
        local=wording.local,
        delay=delay_in_short,
    )
    app.jinja_env.globals.update(formats=tuple(Format), raw=RAW)
    app.context_processor(_on_every_page)


def _on_every_page() -> dict[str, object]:
    room: RequestContext = request_context()
    return {
        "site": room.site,
        "feeds": room.feeds,
        "asset": lambda name: wording.local(room.site.base_url + app_state().assets.path(name)),
    }
