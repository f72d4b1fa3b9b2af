"""Style, script and icons, and what robots and browsers request by a fixed name."""

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from service.web.answers import answer_bytes
from service.web.assets import Asset
from service.web.request_context import app_state, request_context

#: RFC 8246: content under a hashed name never changes, so a browser need not ask again.
FOR_EVER = "public, max-age=31536000, immutable"
FOR_A_DAY = "public, max-age=86400"

#: Everything public may be read. An empty Disallow is the oldest way to say so.
ROBOTS = "User-agent: *\nDisallow:\n"

blueprint = Blueprint("fittings", __name__)


@blueprint.get("/static/<hashed_name>")
def static(hashed_name: str) -> Response:
    """Answer with an asset. Its unhashed name is not found: it could not be kept for ever."""
    asset = app_state().assets.by_hashed_name.get(hashed_name)
    if asset is None:
        raise NotFound
    return _show(asset, FOR_EVER)


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Answer with the icon that browsers ask for without being told of it."""
    return _show(app_state().assets.by_name["favicon.ico"], FOR_A_DAY)


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Answer a robot (RFC 9309), and tell it where the lists of pages are (its section 2.2.4)."""
    site = request_context().site
    text = f"{ROBOTS}\nSitemap: {site.sitemap}\nSitemap: {site.news_sitemap}\n"
    return answer_bytes(
        text.encode(), media_type="text/plain; charset=utf-8", cache_control=FOR_A_DAY
    )


def _show(asset: Asset, cache_control: str) -> Response:
    return answer_bytes(asset.body, media_type=asset.media_type, cache_control=cache_control)
