"""The entry of a notice: a release was corrected, retracted or restored (`feeds.model.notice`).

It says what happened, when and why, and leads to the release's page. Of a retracted release it
tells the title and nothing else.
"""

from html import escape

from feeds.errors import InvalidRelease
from feeds.model.edition import Entry
from feeds.model.feed import Category, Site
from feeds.model.notice import Notice, Occasion, notice_of
from feeds.model.release import Content, Release, SourceKey
from feeds.render import shown
from feeds.render.stand_ins import retraction_lines
from feeds.render.words import Words, paragraph, words_in


def notice_entry(release: Release, categories: tuple[Category, ...], site: Site) -> Entry:
    """Write the notice that stands beside a release, to be rendered as any entry.

    Args:
        release: One that has a notice.
        categories: Those of the release's entry.
        site: Tells the address of the release's page.

    Raises:
        InvalidRelease: There is no notice of it.
    """
    notice = notice_of(release)
    if notice is None:
        raise InvalidRelease(release.id, "notice_since", "is not set: there is no notice of it")
    language = release.content.language
    summary, told = _told(release, notice)
    page = site.release_page(release.slug)
    title = escape(release.content.title)
    content = Content(
        title=_title(words_in(language), notice.occasion).format(title=release.content.title),
        body=f'{told}\n<p><a href="{escape(page)}"><bdi>{title}</bdi></a></p>',
        summary=summary,
        language=language,
        published=notice.at,
    )
    own = Release(
        id=notice.id,
        source_key=SourceKey(f"notice:{notice.id}"),
        slug=release.slug,
        revision=1,
        content=content,
        updated=notice.at,
        changed_at=notice.at,
    )
    return Entry(release=own, categories=categories)


def _title(words: Words, occasion: Occasion) -> str:
    return {
        Occasion.CORRECTED: words.corrected_title,
        Occasion.RETRACTED: words.retracted_title,
        Occasion.RESTORED: words.restored_title,
    }[occasion]


def _told(release: Release, notice: Notice) -> tuple[str, str]:
    """What happened, as plain text in a line and as HTML."""
    language = release.content.language
    if notice.occasion is Occasion.CORRECTED:
        # All notes, as at the head of the entry: who missed an earlier notice misses no correction.
        return release.notes[-1].text, shown.notes_html(release)
    lines = (
        (words_in(language).restored.format(day=f"{notice.at:%Y-%m-%d}"),)
        if release.retraction is None
        else retraction_lines(release.retraction, language)
    )
    return " ".join(lines), "".join(paragraph(line, language) for line in lines)
