"""What a request's path is below the base URL's, whether a proxy passed that on or removed it."""

import pytest

from service.http_rules import split_base


@pytest.mark.parametrize(
    ("path", "base", "split"),
    [
        ("/press/feeds/all", "/press", ("/press", "/feeds/all")),
        ("/press/", "/press", ("/press", "/")),
        ("/press", "/press", ("/press", "")),
        ("/feeds/all", "/press", ("", "/feeds/all")),
        ("/pressed/feeds", "/press", ("", "/pressed/feeds")),
        ("/press/press/feeds", "/press", ("/press", "/press/feeds")),
        ("/press/news/x", "/press/news", ("/press/news", "/x")),
        # One of our own names: what begins with it was passed on.
        ("/feeds/feeds/all", "/feeds", ("/feeds", "/feeds/all")),
        ("/feeds/all", "", ("", "/feeds/all")),
        ("", "", ("", "")),
    ],
)
def test_the_base_is_split_off_where_it_is(path: str, base: str, split: tuple[str, str]) -> None:
    assert split_base(path, base) == split
