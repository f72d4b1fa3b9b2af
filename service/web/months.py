"""Pages of all releases, by month: by links from one to the next every release is reached.

These lists go by publication and are for people. They have nothing to do with archives (RFC 5005),
which are documents for feed readers.
"""

from datetime import datetime

from flask import Blueprint, Response

from feeds.model.feed import ALL
from feeds.model.months import Month, MonthPlace
from service.web.answers import answer_page, last_change, page_date
from service.web.recall import recallable
from service.web.request_context import request_context

#: A month that is over seldom changes: by a correction, a retraction, or a document that comes
#: late.
OVER_CACHE_CONTROL = "public, max-age=3600"

blueprint = Blueprint("months", __name__)


@blueprint.get("/releases")
@recallable
def all_months() -> Response:
    """Answers with the list of all months in which releases were published."""
    context = request_context()
    date = page_date(context, last_change(context, ALL))
    return answer_page(
        "months.html",
        context.site.language,
        modified_at=date,
        announced=context.catalogue.feeds[ALL],
        months=context.newsstand.months(ALL),
    )


@blueprint.get("/releases/<month:month>")
def of_all(month: Month) -> Response:
    """Answers with the releases of a month."""
    return _show(ALL, MonthPlace(month))


@blueprint.get("/releases/<month:month>/page/<number:number>")
def part_of_all(month: Month, number: int) -> Response:
    """Answers with a part of a month with many releases."""
    return _show(ALL, MonthPlace(month, number=number))


@blueprint.get("/releases/<month:month>/<language:language>")
def of_all_in(month: Month, language: str) -> Response:
    """Answers with the releases of a month in one language."""
    return _show(ALL, MonthPlace(month, language))


@blueprint.get("/releases/<month:month>/<language:language>/page/<number:number>")
def part_of_all_in(month: Month, language: str, number: int) -> Response:
    """Answers with a part of a month with many releases in one language."""
    return _show(ALL, MonthPlace(month, language, number))


@blueprint.get("/feeds/<slug:slug>/<month:month>")
def of_feed(slug: str, month: Month) -> Response:
    """Answers with a feed's releases of a month."""
    return _show(slug, MonthPlace(month))


@blueprint.get("/feeds/<slug:slug>/<month:month>/page/<number:number>")
def part_of_feed(slug: str, month: Month, number: int) -> Response:
    """Answers with a part of a month with many releases."""
    return _show(slug, MonthPlace(month, number=number))


@blueprint.get("/feeds/<slug:slug>/<month:month>/<language:language>")
def of_feed_in(slug: str, month: Month, language: str) -> Response:
    """Answers with a feed's releases of a month in one language."""
    return _show(slug, MonthPlace(month, language))


@blueprint.get("/feeds/<slug:slug>/<month:month>/<language:language>/page/<number:number>")
def part_of_feed_in(slug: str, month: Month, language: str, number: int) -> Response:
    """Answers with a part of a month with many releases in one language."""
    return _show(slug, MonthPlace(month, language, number))


@recallable
def _show(slug: str, place: MonthPlace) -> Response:
    """Answers with a page of the list of a month.

    Raises:
        FeedNotFound: There is no such feed.
        MonthNotFound: The feed has no releases in this month, or no such page of it.
    """
    context = request_context()
    shown = context.feed(slug)
    page = context.newsstand.month(slug, place)
    options = {"cache_control": OVER_CACHE_CONTROL} if _is_over(place.month, context.now) else {}
    return answer_page(
        "month.html",
        place.language or shown.only_in or shown.language,
        modified_at=page_date(context, page.changed_at),
        announced=shown,
        page=page,
        **options,
    )


def _is_over(month: Month, now: datetime) -> bool:
    ends = month.ends(request_context().site.time_zone)
    return ends is not None and ends <= now
