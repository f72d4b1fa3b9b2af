"""Style, script, icons and robots.txt."""

from flask.testing import FlaskClient

from service.web.assets import load_assets
from tests.service.web.offices import SITE


def test_an_asset_is_kept_for_ever_under_a_name_of_its_content(client: FlaskClient) -> None:
    """RFC 8246 2: immutable."""
    assets = load_assets()
    names = {"newsroom.css", "desk.css", "desk.js", "copy.js", "icon.svg", "favicon.ico"}
    assert names == assets.by_name.keys()
    for name, asset in assets.by_name.items():
        response = client.get(assets.path(name))
        assert response.data == asset.body
        assert response.headers["Content-Type"] == asset.media_type
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert asset.digest[:12] in assets.path(name)
        again = client.get(assets.path(name), headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304


def test_style_and_script_ask_nobody_else() -> None:
    for asset in load_assets().by_name.values():
        for address in (b"url(", b"@import", b"fetch(", b"https://", b"//cdn"):
            assert address not in asset.body


def test_a_browser_finds_an_icon_unasked(client: FlaskClient) -> None:
    response = client.get("/favicon.ico")
    assert response.status_code == 200
    assert response.data.startswith(b"\x00\x00\x01\x00")
    assert response.headers["Cache-Control"] == "public, max-age=86400"


def test_robots_may_read_everything(client: FlaskClient) -> None:
    """RFC 9309 2.2.2: an empty pattern disallows nothing."""
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    rules, sitemaps = response.text.split("\n\n")
    assert rules == "User-agent: *\nDisallow:"
    assert sitemaps.splitlines() == [
        f"Sitemap: {SITE.base_url}/sitemap.xml", f"Sitemap: {SITE.base_url}/news-sitemap.xml"
    ]  # fmt: skip
