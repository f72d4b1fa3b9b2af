"""What a release's content is to readers: the one door through which formats and pages get it."""

from html import escape

from feeds.model.direction import direction
from feeds.model.life import ChangeNote
from feeds.model.phrases import Phrases, phrases_in
from feeds.model.release import Release
from feeds.render.dates import rfc3339

#: A text that changes all day must not be buried under what changed. The release's page tells all.
MAX_NOTES = 10


def notes(release: Release) -> tuple[ChangeNote, ...]:
    """The change notes that stand before the text, the newest first."""
    return release.notes[: -MAX_NOTES - 1 : -1]


def body(release: Release) -> str:
    """The content as clean HTML: what was corrected, the newest first, and then the text."""
    if not release.notes:
        return release.content.body
    return f"{notes_html(release)}\n{release.content.body}"


def notes_html(release: Release) -> str:
    """The change notes as they stand before the text."""
    return "\n".join(_note(each, release.content.language) for each in notes(release))


def in_feeds(release: Release) -> str:
    """The content as entries have it: with its direction, where that is not a reader's own.

    ``xml:lang`` tells the language and no more, and most readers show whatever comes from left to
    right: the Arabic then ends its sentences on the wrong side.
    """
    html, language = body(release), release.content.language
    is_leftward = bool(html) and direction(language) == "rtl"
    return f"<div{_marked(language)}>{html}</div>" if is_leftward else html


def _note(note: ChangeNote, language: str) -> str:
    """One note, with its own language and direction: readers show HTML as text of theirs."""
    ours = phrases_in(language)
    if note.text == ours.was_corrected:
        language = _tongue_of(ours, language)
    label = (
        f'{ours.correction}{ours.comma}<time datetime="{rfc3339(note.at)}">'
        f"{escape(ours.day(note.at))}</time>{ours.colon}"
    )
    # Where we have no words in the release's language, ours are marked as what they are.
    is_foreign = _tongue_of(ours, language) != language
    return (
        f'<p class="correction"{_marked(language)}>'
        f"<strong{_marked(ours.language) if is_foreign else ''}>{label}</strong> "
        f"<bdi>{escape(note.text)}</bdi></p>"
    )


def _tongue_of(ours: Phrases, language: str) -> str:
    """The language of our words: the release's own, with its region and script, or English."""
    primary = language.lower().replace("_", "-").partition("-")[0]
    return language if primary == ours.language else ours.language


def _marked(language: str) -> str:
    return f' lang="{escape(language)}" dir="{direction(language)}"'
