"""What stands in feeds for a release that was retracted: a notice, and beside it a tombstone.

Readers that know tombstones (RFC 6721) delete the entry; all others are shown the notice, which
has the same id and so takes the place of what they hold. Nothing of the release itself is left in
it but its title: whoever read it must know which one it was. The title is marked, because lists of
entries show nothing else.
"""

from dataclasses import dataclass, replace
from html import escape

from feeds.model.life import Retraction
from feeds.model.release import NO_DETAILS, Release
from feeds.render.namespaces import TOMBSTONE_NAMESPACE

TOMBSTONE = f"{{{TOMBSTONE_NAMESPACE}}}deleted-entry"
TOMBSTONE_COMMENT = f"{{{TOMBSTONE_NAMESPACE}}}comment"


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says it."""

    title: str  #: ``{title}`` is the release's
    fact: str  #: ``{day}`` as ISO 8601 writes it, which every language reads
    reason: str  #: ``{reason}``


_ENGLISH = Words(
    "Retracted: {title}",
    "This press release was retracted on {day} and is no longer valid.",
    "Reason: {reason}",
)
#: By primary language: the six of the United Nations. Others are told in English.
_WORDS = {
    "en": _ENGLISH,
    "fr": Words(
        "Retiré : {title}",
        "Ce communiqué de presse a été retiré le {day} et n’est plus valable.",
        "Motif : {reason}",
    ),
    "es": Words(
        "Retirado: {title}",
        "Este comunicado de prensa se retiró el {day} y ya no es válido.",
        "Motivo: {reason}",
    ),
    "ar": Words(
        "سُحب: {title}", "سُحب هذا البيان الصحفي بتاريخ {day} ولم يعد صالحًا.", "السبب: {reason}"
    ),
    "ru": Words(
        "Отозвано: {title}",
        "Этот пресс-релиз отозван {day} и больше не действителен.",
        "Причина: {reason}",
    ),
    "zh": Words("已撤回：{title}", "本新闻稿已于 {day} 撤回，不再有效。", "原因：{reason}"),
}


def as_shown(release: Release) -> Release:
    """The release as its entry shows it: itself; or, if it was retracted, the notice in its place.

    The notice's ``updated`` is the moment of the retraction, whatever was stored of the release
    since, so that no tombstone is ever older than the entry beside it: RFC 6721 section 2 has such
    a one ignored.
    """
    retraction = release.retraction
    if retraction is None:
        return replace(release)  # made anew, a release checks itself
    title, text = _lines(release, retraction)
    content = replace(
        release.content,
        title=title,
        body="".join(f"<p{_marks(release)}>{escape(line)}</p>" for line in text),
        summary=" ".join(text),
        url=None,
        authors=(),
        enclosures=(),
        details=NO_DETAILS,
    )
    return replace(release, content=content, updated=retraction.at, notes=(), translations=())


def _lines(release: Release, retraction: Retraction) -> tuple[str, tuple[str, str]]:
    words = _WORDS.get(_primary(release.content.language), _ENGLISH)
    title = words.title.format(title=release.content.title)
    fact = words.fact.format(day=f"{retraction.at:%Y-%m-%d}")
    return title, (fact, words.reason.format(reason=retraction.reason))


def _marks(release: Release) -> str:
    """What says of a line that it is English, inside an entry that is not."""
    return "" if _primary(release.content.language) in _WORDS else ' lang="en" dir="ltr"'


def _primary(language: str) -> str:
    return language.lower().partition("-")[0]
