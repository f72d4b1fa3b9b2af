"""Converters for the parts of an address that vary."""

from flask import Flask
from werkzeug.routing import BaseConverter

from feeds.model.feed import Format


class SlugConverter(BaseConverter):
    """A slug of ours. What no slug can be is not found before the store is asked.

    PostgreSQL raises on a NUL in a text parameter; nobody's slug is longer than 200 characters.
    """

    regex = r"[^/\x00-\x1f\x7f]{1,200}"


class FormatConverter(BaseConverter):
    """The suffix of a document's address."""

    regex = "|".join(Format)

    def to_python(self, value: str) -> Format:
        """Return the format that the suffix names."""
        return Format(value)

    def to_url(self, value: str) -> str:
        """Return the suffix."""
        return Format(value).value


class KeyConverter(BaseConverter):
    """What a release is known by to its sender: anything, slashes too. See `SlugConverter`."""

    regex = r"[^\x00-\x1f\x7f]{1,2000}"
    part_isolating = False


class NumberConverter(BaseConverter):
    """A number from 1, written in one way only: another spelling would be another address."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


def prepare(app: Flask) -> None:
    """Teach *app* our converters, and no redirects.

    Werkzeug would answer ``//feeds/all`` with a redirect whose host comes from the request.
    """
    app.url_map.converters["slug"] = SlugConverter
    app.url_map.converters["format"] = FormatConverter
    app.url_map.converters["key"] = KeyConverter
    app.url_map.converters["number"] = NumberConverter
    app.url_map.merge_slashes = False
