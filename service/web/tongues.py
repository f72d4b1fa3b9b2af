"""The pages of one release in several languages, as search engines are told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from feeds.model.feed import Site
from feeds.model.languages import matches
from feeds.model.life import Translation


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """One of the languages that there is a page in."""

    language: str  #: BCP 47; ``x-default`` for readers of all others
    page: str  #: absolute


def tongues_of(
    language: str, slug: str, translations: Sequence[Translation], site: Site
) -> list[Tongue]:
    """The pages of a release and its translations, for search engines; none if there is but one.

    Each page lists all of them, itself too, or the engines believe none. The one in the site's
    language is for readers whose language is not among them.

    Args:
        language: Of the release.
        slug: Of the release.
        translations: Of the release.
        site: Where the pages are.
    """
    if not translations:
        return []
    slugs = {language: slug} | {each.language: each.slug for each in translations}
    found = [Tongue(language=each, page=site.release_page(slugs[each])) for each in sorted(slugs)]
    usual = [each.page for each in found if matches(each.language, site.language)]
    return [*found, *(Tongue(language="x-default", page=page) for page in usual[:1])]
