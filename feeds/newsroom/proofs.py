"""A look at a release as it will be written, before it has to be."""

from feeds import render
from feeds.categories import Catalogue
from feeds.errors import RenderFailed
from feeds.model.edition import Entry
from feeds.model.feed import Format
from feeds.model.release import Release


def fault(release: Release, catalogue: Catalogue) -> str | None:
    """Why a format cannot hold *release*; None when all can."""
    content = release.content
    filed = catalogue.file(content.category_names)
    categories = catalogue.labels(filed.categories, language=content.language)
    entry = Entry(release=release, categories=categories)
    for each in Format:
        try:
            render.render_fragment(entry, each, catalogue.site)
        except RenderFailed as error:
            return f"it cannot be written as {each.label}: {error.reason}"
    return None
