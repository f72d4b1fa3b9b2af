"""What an entry shows of a release that was retracted: a stand-in, and beside it a tombstone.

Readers that know tombstones (RFC 6721) delete the entry; all others that look at an entry again are
shown the stand-in, which has the same id and so takes the place of what they hold. Nothing of the
release itself is left in it but its title: whoever read it must know which one it was. The title is
marked, because lists of entries show nothing else. Who never looks at an entry again is told by a
notice (``feeds.render.notices``).
"""

from dataclasses import replace

from feeds.model.life import Retraction
from feeds.model.release import NO_DETAILS, Release
from feeds.render.namespaces import TOMBSTONE_NAMESPACE
from feeds.render.words import paragraph, words_in

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
