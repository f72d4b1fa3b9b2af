"""Releases that are written from right to left, and how feeds have them."""

from feeds.model.release import Content

#: Of the samples.
LANGUAGES = ("ar", "fa", "he", "ur")


def is_leftward(content: Content) -> bool:
    """True for what is written from right to left."""
    return content.language.partition("-")[0] in LANGUAGES


def in_feeds(content: Content) -> str:
    """A release's text as entries have it, if it was not corrected."""
    if not is_leftward(content):
        return content.body
    return f'<div lang="{content.language}" dir="rtl">{content.body}</div>'
