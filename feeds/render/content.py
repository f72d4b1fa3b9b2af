"""What readers are shown of a release: its content, stand-ins for retracted ones, notices."""

from dataclasses import dataclass, replace
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

# What a release's content is to readers: the one door through which formats and pages get it.

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


# How we say in feeds what happened to a release: six languages, those of the United Nations.


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one language says it: ``{title}`` is the release's, ``{day}`` an ISO 8601 date."""

    corrected_title: str
    retracted_title: str
    retracted: str  #: ``{day}``
    reason: str  #: ``{reason}``
    restored_title: str
    restored: str  #: ``{day}``


def words_in(language: str) -> Words:
    """Our words in *language* (BCP 47), or in English where we have none."""
    return _WORDS.get(_primary(language), _ENGLISH)


def paragraph(line: str, language: str) -> str:
    """A line of ours as HTML; marked as English inside an entry whose language we do not speak."""
    marks = "" if _primary(language) in _WORDS else ' lang="en" dir="ltr"'
    return f"<p{marks}>{escape(line)}</p>"


def _primary(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


_ENGLISH = Words(
    corrected_title="Correction: {title}",
    retracted_title="Retracted: {title}",
    retracted="This press release was retracted on {day} and is no longer valid.",
    reason="Reason: {reason}",
    restored_title="Restored: {title}",
    restored="This press release had been retracted. It was restored on {day} and is valid again.",
)
_WORDS = {
    "en": _ENGLISH,
    "fr": Words(
        corrected_title="Rectificatif : {title}",
        retracted_title="Retiré : {title}",
        retracted="Ce communiqué de presse a été retiré le {day} et n’est plus valable.",
        reason="Motif : {reason}",
        restored_title="Rétabli : {title}",
        restored="Ce communiqué de presse avait été retiré. Il a été rétabli le {day} et est de "
        "nouveau valable.",
    ),
    "es": Words(
        corrected_title="Corrección: {title}",
        retracted_title="Retirado: {title}",
        retracted="Este comunicado de prensa se retiró el {day} y ya no es válido.",
        reason="Motivo: {reason}",
        restored_title="Restablecido: {title}",
        restored="Este comunicado de prensa se había retirado. Se restableció el {day} y vuelve a "
        "ser válido.",
    ),
    "ar": Words(
        corrected_title="تصويب: {title}",
        retracted_title="سُحب: {title}",
        retracted="سُحب هذا البيان الصحفي بتاريخ {day} ولم يعد صالحًا.",
        reason="السبب: {reason}",
        restored_title="أُعيد نشره: {title}",
        restored="كان هذا البيان الصحفي قد سُحب، وأُعيد نشره بتاريخ {day} وهو صالح من جديد.",
    ),
    "ru": Words(
        corrected_title="Исправление: {title}",
        retracted_title="Отозвано: {title}",
        retracted="Этот пресс-релиз отозван {day} и больше не действителен.",
        reason="Причина: {reason}",
        restored_title="Восстановлено: {title}",
        restored="Этот пресс-релиз был отозван. Он восстановлен {day} и снова действителен.",
    ),
    "zh": Words(
        corrected_title="更正：{title}",
        retracted_title="已撤回：{title}",
        retracted="本新闻稿已于 {day} 撤回，不再有效。",
        reason="原因：{reason}",
        restored_title="已恢复：{title}",
        restored="本新闻稿曾被撤回，已于 {day} 恢复，重新有效。",
    ),
}


# What an entry shows of a release that was retracted: a stand-in, and beside it a tombstone.
#
# Readers that know tombstones (RFC 6721) delete the entry; all others that look at an entry again
# are shown the stand-in, which has the same id and so takes the place of what they hold. Nothing of
# the release itself is left in it but its title: whoever read it must know which one it was. The
# title is marked, because lists of entries show nothing else. Who never looks at an entry again is
# told by a notice (``feeds.render.notices``).

#: RFC 6721 section 3.
TOMBSTONE = f"{{{TOMBSTONE_NAMESPACE}}}deleted-entry"
TOMBSTONE_COMMENT = f"{{{TOMBSTONE_NAMESPACE}}}comment"


def as_shown(release: Release) -> Release:
    """The release as its entry shows it: itself; or, if it was retracted, what stands in for it.

    The stand-in's ``updated`` is the moment of the retraction, whatever was stored of the release
    since, so that no tombstone is ever older than the entry beside it: RFC 6721 section 2 has such
    a one ignored.
    """
    retraction = release.retraction
    if retraction is None:
        return replace(release)  # made anew, a release checks itself
    language = release.content.language
    text = retraction_lines(retraction, language)
    content = replace(
        release.content,
        title=words_in(language).retracted_title.format(title=release.content.title),
        body="".join(paragraph(line, language) for line in text),
        summary=" ".join(text),
        url=None,
        authors=(),
        enclosures=(),
        details=NO_DETAILS,
    )
    return replace(release, content=content, updated=retraction.at, notes=(), translations=())


def retraction_lines(retraction: Retraction, language: str) -> tuple[str, str]:
    """When it was retracted, and why, in our words for a release in *language*."""
    words = words_in(language)
    fact = words.retracted.format(day=f"{retraction.at:%Y-%m-%d}")
    return fact, words.reason.format(reason=retraction.reason)


# The entry of a notice: a release was corrected, retracted or restored (`feeds.model.notice`).
#
# It says what happened, when and why, and leads to the release's page. Of a retracted release it
# tells the title and nothing else.


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
        return release.notes[-1].text, notes_html(release)
    lines = (
        (words_in(language).restored.format(day=f"{notice.at:%Y-%m-%d}"),)
        if release.retraction is None
        else retraction_lines(release.retraction, language)
    )
    return " ".join(lines), "".join(paragraph(line, language) for line in lines)
