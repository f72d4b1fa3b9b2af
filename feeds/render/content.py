"""What readers see of a release: its content, replacements for retracted ones, and notices."""

from dataclasses import replace
from datetime import UTC, tzinfo
from html import escape

from feeds.errors import InvalidRelease
from feeds.model.edition import Entry
from feeds.model.feed import Category, Site
from feeds.model.history import Notice, Occasion, notice_of
from feeds.model.phrases import Phrases, phrases_in
from feeds.model.release import NO_DETAILS, ChangeNote, Content, Release, Retraction, SourceKey
from feeds.model.text import direction
from feeds.render.dates import rfc3339
from feeds.render.namespaces import TOMBSTONE_NAMESPACE

# The content of a release as shown to readers. All formats and pages get it from here.

#: Change notes must not bury a text that changes all day. The release's page lists all of them.
MAX_NOTES = 10


def notes(release: Release) -> tuple[ChangeNote, ...]:
    """The change notes that are shown before the text, newest first."""
    return release.notes[: -MAX_NOTES - 1 : -1]


def body(release: Release, zone: tzinfo = UTC) -> str:
    """The content as clean HTML: the change notes, newest first, then the text.

    Args:
        release: The release.
        zone: The time zone of the dates of notes; that of feeds is UTC.
    """
    if not release.notes:
        return release.content.body
    return f"{notes_html(release, zone)}\n{release.content.body}"


def notes_html(release: Release, zone: tzinfo = UTC) -> str:
    """The change notes as HTML, as shown before the text, with dates in a time zone."""
    return "\n".join(_note(each, release.content.language, zone) for each in notes(release))


def feed_body(release: Release) -> str:
    """The content for entries, with its direction where that is not left to right.

    ``xml:lang`` gives only the language, and most readers show everything from left to right:
    Arabic sentences would then end on the wrong side.
    """
    html, language = body(release), release.content.language
    is_leftward = bool(html) and direction(language) == "rtl"
    return f"<div{_language_attributes(language)}>{html}</div>" if is_leftward else html


def _note(note: ChangeNote, language: str, zone: tzinfo) -> str:
    """Renders one note with its own language and direction, because readers show bare HTML."""
    phrases = phrases_in(language)
    if note.text == phrases.was_corrected:
        language = _phrase_language(phrases, language)
    label = (
        f'{phrases.correction}{phrases.comma}<time datetime="{rfc3339(note.at)}">'
        f"{escape(phrases.day(note.at.astimezone(zone)))}</time>{phrases.colon}"
    )
    # Phrases in another language than the release are marked with their own language.
    is_foreign = _phrase_language(phrases, language) != language
    return (
        f'<p class="correction"{_language_attributes(language)}>'
        f"<strong{_language_attributes(phrases.language) if is_foreign else ''}>{label}</strong> "
        f"<bdi>{escape(note.text)}</bdi></p>"
    )


def _phrase_language(phrases: Phrases, language: str) -> str:
    """The language of our phrases: the release's own, with region and script, or English."""
    return language if _primary(language) == phrases.language else phrases.language


def _language_attributes(language: str) -> str:
    return f' lang="{escape(language)}" dir="{direction(language)}"'


# Our phrases for corrections, retractions and notices (`feeds.model.phrases`).


def paragraph(line: str, language: str) -> str:
    """Renders one of our lines as HTML, marked with its language if that is not *language*."""
    own = phrases_in(language).language
    marks = "" if own == _primary(language) else _language_attributes(own)
    return f"<p{marks}>{escape(line)}</p>"


def _primary(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


# The entry of a retracted release: a replacement, and a tombstone beside it.
#
# Readers that support tombstones (RFC 6721) delete the entry. All others that read an entry again
# get the replacement, which has the same id and so overwrites what they stored. It keeps only the
# title of the release, so that people who read the release know which one it was. The title is
# marked, because lists of entries show nothing else. For readers that never read an entry again
# there is a notice (see below).

#: RFC 6721 section 3.
TOMBSTONE = f"{{{TOMBSTONE_NAMESPACE}}}deleted-entry"
TOMBSTONE_COMMENT = f"{{{TOMBSTONE_NAMESPACE}}}comment"


def as_shown(release: Release) -> Release:
    """The release as its entry shows it: unchanged, or its replacement if it was retracted.

    ``updated`` of the replacement is the time of the retraction, whatever was stored of the
    release since. So no tombstone is older than the entry beside it: by RFC 6721 section 2 readers
    ignore such a tombstone.
    """
    retraction = release.retraction
    if retraction is None:
        release.require_valid()
        return release
    language = release.content.language
    text = retraction_lines(retraction, language)
    content = replace(
        release.content,
        title=phrases_in(language).retracted_title.format(title=release.content.title),
        body="".join(paragraph(line, language) for line in text),
        summary=" ".join(text),
        url=None,
        authors=(),
        enclosures=(),
        details=NO_DETAILS,
    )
    return replace(release, content=content, updated=retraction.at, notes=(), translations=())


def retraction_lines(retraction: Retraction, language: str) -> tuple[str, str]:
    """When the release was retracted, and why, in phrases for *language*."""
    phrases = phrases_in(language)
    fact = phrases.retracted.format(day=f"{retraction.at:%Y-%m-%d}")
    return fact, phrases.reason.format(reason=retraction.reason)


# The entry of a notice: a release was corrected, retracted or restored (`feeds.model.history`).
#
# It says what happened, when and why, and links to the release's page. For a retracted release it
# shows the title and nothing else.


def notice_entry(release: Release, categories: tuple[Category, ...], site: Site) -> Entry:
    """Creates the notice of a release, to be rendered like any entry.

    Args:
        release: A release with a notice.
        categories: The categories of the release's entry.
        site: Provides the address of the release's page.

    Raises:
        InvalidRelease: The release has no notice.
    """
    notice = notice_of(release)
    if notice is None:
        raise InvalidRelease(release.id, "notice_since", "is not set: there is no notice of it")
    language = release.content.language
    summary, html_text = _describe(release, notice)
    page = site.release_page(release.slug)
    title = escape(release.content.title)
    content = Content(
        title=_title(phrases_in(language), notice.occasion).format(title=release.content.title),
        body=f'{html_text}\n<p><a href="{escape(page)}"><bdi>{title}</bdi></a></p>',
        summary=summary,
        language=language,
        published=notice.at,
    )
    notice_release = Release(
        id=notice.id,
        source_key=SourceKey(f"notice:{notice.id}"),
        slug=release.slug,
        revision=1,
        content=content,
        updated=notice.at,
        changed_at=notice.at,
    )
    return Entry(release=notice_release, categories=categories)


def _title(phrases: Phrases, occasion: Occasion) -> str:
    return {
        Occasion.CORRECTED: phrases.corrected_title,
        Occasion.RETRACTED: phrases.retracted_title,
        Occasion.RESTORED: phrases.restored_title,
    }[occasion]


def _describe(release: Release, notice: Notice) -> tuple[str, str]:
    """Returns what happened as one line of plain text, and as HTML."""
    language = release.content.language
    if notice.occasion is Occasion.CORRECTED:
        # All notes, as in the entry: a reader that missed an earlier notice misses no correction.
        return release.notes[-1].text, notes_html(release)
    lines = (
        (phrases_in(language).restored.format(day=f"{notice.at:%Y-%m-%d}"),)
        if release.retraction is None
        else retraction_lines(release.retraction, language)
    )
    return " ".join(lines), "".join(paragraph(line, language) for line in lines)
