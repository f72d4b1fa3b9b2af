"""Routes of the static assets, ``/favicon.ico`` and ``/robots.txt``."""

from urllib.parse import urlsplit

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from service.web.answers import answer_bytes
from service.web.assets import Asset
from service.web.request_context import app_state, is_search_offered, request_context

#: RFC 8246: content under a hashed name never changes, so a browser need not revalidate it.
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"

#: Robots may read all public pages. An empty Disallow is the form that every robot supports.
ROBOTS = "User-agent: *\nDisallow:\n"
#: A search shows what there is elsewhere, and a robot could follow searches for ever.
ROBOTS_WITHOUT_SEARCH = "User-agent: *\nDisallow: {}\n"

blueprint = Blueprint("static_files", __name__)


@blueprint.get("/static/<hashed_name>")
def static(hashed_name: str) -> Response:
    """Answers with an asset. Unhashed names get a 404: they could not be cached for ever."""
    looks = app_state().looks
    looks.of(request_context().settings)  # no page may have been asked for yet
    asset = looks.asset(hashed_name)
    if asset is None:
        raise NotFound
    return _answer(asset, FOR_EVER)


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Answers with the icon that browsers request by default."""
    assets = app_state().looks.of(request_context().settings).assets
    return _answer(assets.by_name["favicon.ico"], FOR_A_DAY)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Answers with the rules for robots (RFC 9309) and the sitemaps (its section 2.2.4)."""
    site = request_context().site
    rules = ROBOTS
    if is_search_offered():
        rules = ROBOTS_WITHOUT_SEARCH.format(urlsplit(site.search).path)
    text = f"{rules}\nSitemap: {site.sitemap}\nSitemap: {site.news_sitemap}\n"
    return answer_bytes(
        text.encode(), media_type="text/plain; charset=utf-8", cache_control=FOR_A_DAY
    )


def _answer(asset: Asset, cache_control: str) -> Response:
    return answer_bytes(asset.body, media_type=asset.media_type, cache_control=cache_control)
